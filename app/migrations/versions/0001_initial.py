"""Every table of the first release, and the guard of the audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The audit chain is append-only: the database itself refuses to change or remove an entry.
SQLITE_GUARD = (
    "CREATE TRIGGER audit_entry_no_{0} BEFORE {0} ON audit_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END"
)
POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'append-only'; END $$
"""
POSTGRESQL_GUARD = """
CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""
GUARDS = {
    "sqlite": [SQLITE_GUARD.format("UPDATE"), SQLITE_GUARD.format("DELETE")],
    "postgresql": [POSTGRESQL_FUNCTION, POSTGRESQL_GUARD],
}


def upgrade() -> None:  # noqa: PLR0915 - one statement per table and index
    """Apply."""
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("previous_hash", name="uq_audit_entry_previous_hash"),
    )
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject"])

    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=100), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("branch", sa.String(length=100), nullable=True),
        sa.Column("customer_since", sa.String(length=7), nullable=True),
        sa.Column("segment", sa.String(length=100), nullable=True),
        sa.Column("holds", sa.JSON(), nullable=False),
        sa.Column("consent_survey", sa.Boolean(), nullable=False),
        sa.Column("consent_marketing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("ref", name="uq_customer_ref"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_claim", "job", ["task", "state", "run_at"])
    op.create_index("ix_job_running_key", "job", ["task", "key", "state"])
    op.create_index(
        "uq_job_open_key",
        "job",
        ["task", "key"],
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )

    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_login_throttle"),
    )
    op.create_index("ix_login_throttle_since", "login_throttle", ["since"])

    op.create_table(
        "product",
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("business", sa.String(length=40), nullable=False),
        sa.Column("risk_level", sa.String(length=10), nullable=True),
        sa.Column("launched", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_product"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("digest_key", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("name", name="uq_source_name"),
    )
    op.create_table(
        "topic_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("covered", sa.Integer(), nullable=False),
        sa.Column("pipeline_version", sa.String(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_topic_version"),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("login", name="uq_user_login"),
    )
    op.create_table(
        "worker_beat",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_worker_beat"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("error_field", sa.String(length=200), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("interaction_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_delivery_source_id_source"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_received_at", "delivery", ["received_at"])
    op.create_index("ix_delivery_source_id_delivery_id", "delivery", ["source_id", "delivery_id"])
    op.create_index("ix_delivery_state", "delivery", ["state"])
    op.create_index(
        "uq_delivery_accepted_id",
        "delivery",
        ["source_id", "delivery_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('received', 'processed')"),
        postgresql_where=sa.text("state IN ('received', 'processed')"),
    )

    op.create_table(
        "issue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("undo_state", sa.String(length=32), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name="fk_issue_created_by_user"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_issue_owner_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_issue"),
    )
    op.create_index("ix_issue_due_on", "issue", ["due_on"])
    op.create_index("ix_issue_owner_id", "issue", ["owner_id"])
    op.create_index("ix_issue_state", "issue", ["state"])

    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_login_session_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("token_hash", name="uq_login_session_token_hash"),
    )
    op.create_index("ix_login_session_expires_at", "login_session", ["expires_at"])
    op.create_index("ix_login_session_user_id", "login_session", ["user_id"])

    op.create_table(
        "source_secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_source_secret_source_id_source"),
        sa.PrimaryKeyConstraint("id", name="pk_source_secret"),
    )
    op.create_index("ix_source_secret_source_id", "source_secret", ["source_id"])

    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("proposed_name", sa.String(length=60), nullable=False),
        sa.Column("previous_name", sa.String(length=60), nullable=True),
        sa.Column("renamed_by", sa.String(), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("representatives", sa.JSON(), nullable=False),
        sa.Column("born_version_id", sa.Integer(), nullable=False),
        sa.Column("retired_version_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["born_version_id"], ["topic_version.id"], name="fk_topic_born_version_id_topic_version"
        ),
        sa.ForeignKeyConstraint(
            ["retired_version_id"], ["topic_version.id"], name="fk_topic_retired_version_id_topic_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
    )
    op.create_index("ix_topic_born_version_id", "topic", ["born_version_id"])
    op.create_index("ix_topic_retired_version_id", "topic", ["retired_version_id"])

    op.create_table(
        "action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("undo_state", sa.String(length=32), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name="fk_action_created_by_user"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_action_issue_id_issue"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_action_owner_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
    )
    op.create_index("ix_action_due_on", "action", ["due_on"])
    op.create_index("ix_action_issue_id", "action", ["issue_id"])
    op.create_index("ix_action_owner_id", "action", ["owner_id"])
    op.create_index("ix_action_state", "action", ["state"])

    op.create_table(
        "interaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("sub_channel", sa.String(length=60), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("product", sa.String(length=100), nullable=True),
        sa.Column("branch", sa.String(length=100), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("subject_masked", sa.String(length=1000), nullable=True),
        sa.Column("subject_pii", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.Column("analysis_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_interaction_customer_id_customer"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_interaction_delivery_id_delivery"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_interaction_source_id_source"),
        sa.PrimaryKeyConstraint("id", name="pk_interaction"),
        sa.UniqueConstraint("source_id", "external_id", name="uq_interaction_source_id_external_id"),
    )
    op.create_index("ix_interaction_analysis_id", "interaction", ["analysis_id"])
    op.create_index("ix_interaction_branch", "interaction", ["branch"])
    op.create_index("ix_interaction_channel_occurred_at", "interaction", ["channel", "occurred_at"])
    op.create_index("ix_interaction_customer_id", "interaction", ["customer_id"])
    op.create_index("ix_interaction_delivery_id", "interaction", ["delivery_id"])
    op.create_index("ix_interaction_occurred_at", "interaction", ["occurred_at"])
    op.create_index("ix_interaction_product", "interaction", ["product"])
    op.create_index("ix_interaction_region", "interaction", ["region"])
    op.create_index("ix_interaction_state", "interaction", ["state"])

    op.create_table(
        "analysis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("pipeline_version", sa.String(length=200), nullable=False),
        sa.Column("intent", sa.String(length=40), nullable=False),
        sa.Column("touchpoint", sa.String(length=40), nullable=False),
        sa.Column("business", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("sentiment", sa.Integer(), nullable=False),
        sa.Column("sentiment_score", sa.Float(), nullable=False),
        sa.Column("demand", sa.String(), nullable=False),
        sa.Column("demand_span", sa.JSON(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_analysis_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analysis"),
        sa.UniqueConstraint(
            "interaction_id",
            "content_hash",
            "pipeline_version",
            name="uq_analysis_interaction_id_content_hash_pipeline_version",
        ),
    )
    op.create_index("ix_analysis_business", "analysis", ["business"])
    op.create_index("ix_analysis_cause", "analysis", ["cause"])
    op.create_index("ix_analysis_intent", "analysis", ["intent"])
    op.create_index("ix_analysis_sentiment", "analysis", ["sentiment"])
    op.create_index("ix_analysis_touchpoint", "analysis", ["touchpoint"])

    op.create_table(
        "issue_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(topic_id IS NULL) <> (interaction_id IS NULL)", name="ck_issue_link_one_target"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_issue_link_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_issue_link_issue_id_issue"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_issue_link_topic_id_topic"),
        sa.PrimaryKeyConstraint("id", name="pk_issue_link"),
        sa.UniqueConstraint("issue_id", "interaction_id", name="uq_issue_link_issue_id_interaction_id"),
        sa.UniqueConstraint("issue_id", "topic_id", name="uq_issue_link_issue_id_topic_id"),
    )
    op.create_index("ix_issue_link_interaction_id", "issue_link", ["interaction_id"])
    op.create_index("ix_issue_link_issue_id", "issue_link", ["issue_id"])
    op.create_index("ix_issue_link_topic_id", "issue_link", ["topic_id"])

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("original", sa.LargeBinary(), nullable=False),
        sa.Column("masked_text", sa.String(), nullable=True),
        sa.Column("pii", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_message_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("interaction_id", "external_id", name="uq_message_interaction_id_external_id"),
    )
    op.create_table(
        "score",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("scale_min", sa.Float(), nullable=False),
        sa.Column("scale_max", sa.Float(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_score_customer_id_customer"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_score_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_score"),
        sa.UniqueConstraint("interaction_id", "kind", name="uq_score_interaction_id_kind"),
    )
    op.create_index("ix_score_answered_at", "score", ["answered_at"])
    op.create_index("ix_score_customer_id", "score", ["customer_id"])

    op.create_table(
        "topic_assignment",
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name="fk_topic_assignment_interaction_id_interaction",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_assignment_topic_id_topic"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["topic_version.id"], name="fk_topic_assignment_version_id_topic_version"
        ),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_topic_assignment"),
    )
    op.create_index("ix_topic_assignment_topic_id_interaction_id", "topic_assignment", ["topic_id", "interaction_id"])
    op.create_index("ix_topic_assignment_version_id", "topic_assignment", ["version_id"])

    op.create_table(
        "analysis_risk",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name="fk_analysis_risk_analysis_id_analysis", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "name", name="pk_analysis_risk"),
    )
    op.create_index("ix_analysis_risk_name_analysis_id", "analysis_risk", ["name", "analysis_id"])

    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("score_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_follow_up_action_id_action"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_follow_up_customer_id_customer", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["score_id"], ["score.id"], name="fk_follow_up_score_id_score"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up"),
        sa.UniqueConstraint("action_id", "customer_id", name="uq_follow_up_action_id_customer_id"),
    )
    op.create_index("ix_follow_up_action_id", "follow_up", ["action_id"])
    op.create_index("ix_follow_up_customer_id", "follow_up", ["customer_id"])
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    for table in (
        "follow_up",
        "analysis_risk",
        "topic_assignment",
        "score",
        "message",
        "issue_link",
        "analysis",
        "interaction",
        "action",
        "topic",
        "source_secret",
        "login_session",
        "issue",
        "delivery",
        "worker_beat",
        "user",
        "topic_version",
        "source",
        "product",
        "login_throttle",
        "job",
        "customer",
        "audit_entry",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change")
