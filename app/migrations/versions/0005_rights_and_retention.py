"""Consent by purpose, holds, retention, requests of persons, and what was erased for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _consent()
    _retention()
    _rights()


def _consent() -> None:
    """Two columns of the customer become rows, told by the file they came from."""
    op.create_table(
        "consent",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_consent_customer_id_customer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "purpose", name="pk_consent"),
    )
    # The default serves the rows that are there; every new one brings its own.
    with op.batch_alter_table("customer") as table:
        table.add_column(
            sa.Column(
                "named_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
            )
        )
    for purpose in ("survey", "marketing"):
        op.execute(
            "INSERT INTO consent (customer_id, purpose, given, changed_at, told_by) "  # noqa: S608 - two fixed words
            f"SELECT id, '{purpose}', consent_{purpose}, CURRENT_TIMESTAMP, 'file' FROM customer"
        )
    with op.batch_alter_table("customer") as table:
        table.drop_column("consent_survey")
        table.drop_column("consent_marketing")


def _retention() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_retention_rule"),
    )
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("announced_by", sa.String(length=100), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("deleted", sa.JSON(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_retention_run"),
    )
    op.create_index("ix_retention_run_state", "retention_run", ["state"])
    op.create_table(
        "erased",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_digest", sa.String(length=64), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_erased_source_id_source"),
        sa.PrimaryKeyConstraint("source_id", "external_digest", name="pk_erased"),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("placed_by", sa.Integer(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_hold_customer_id_customer", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["placed_by"], ["user.id"], name="fk_hold_placed_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
    )
    op.create_index("ix_hold_customer_id", "hold", ["customer_id"])


def _rights() -> None:
    op.create_table(
        "rights_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("right", sa.String(length=32), nullable=False),
        sa.Column("verified", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("refusal", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_rights_request_customer_id_customer", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["opened_by"], ["user.id"], name="fk_rights_request_opened_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_rights_request"),
    )
    op.create_index("ix_rights_request_customer_id", "rights_request", ["customer_id"])
    op.create_index("ix_rights_request_state", "rights_request", ["state"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("rights_request")
    op.drop_table("hold")
    op.drop_table("erased")
    op.drop_table("retention_run")
    op.drop_table("retention_rule")
    with op.batch_alter_table("customer") as table:
        table.add_column(sa.Column("consent_survey", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("consent_marketing", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.drop_column("named_at")
    for purpose in ("survey", "marketing"):
        op.execute(
            f"UPDATE customer SET consent_{purpose} = given FROM consent "  # noqa: S608 - two fixed words
            f"WHERE consent.customer_id = customer.id AND consent.purpose = '{purpose}'"
        )
    op.drop_table("consent")
