"""Edits of topics that outlive every fit, and the lineage that the fits tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What is shown so far is what the fit said: nothing has been edited yet."""
    with op.batch_alter_table("topic") as table:
        table.add_column(sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.create_foreign_key("fk_topic_merged_into_id_topic", "topic", ["merged_into_id"], ["id"])
        table.create_index("ix_topic_listed", ["listed"])
    op.execute("UPDATE topic SET listed = (retired_version_id IS NULL)")
    with op.batch_alter_table("topic_assignment") as table:
        table.add_column(sa.Column("base_topic_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_topic_assignment_base_topic_id_topic", "topic", ["base_topic_id"], ["id"])
    op.execute("UPDATE topic_assignment SET base_topic_id = topic_id")
    op.create_table(
        "topic_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("interaction_ids", sa.JSON(), nullable=False),
        sa.Column("sides", sa.LargeBinary(), nullable=True),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_edit_topic_id_topic"),
        sa.ForeignKeyConstraint(["target_id"], ["topic.id"], name="fk_topic_edit_target_id_topic"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_topic_edit_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_topic_edit"),
    )
    op.create_index("ix_topic_edit_topic_id", "topic_edit", ["topic_id"])
    op.create_index("ix_topic_edit_target_id", "topic_edit", ["target_id"])
    op.create_table(
        "topic_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["topic_version.id"], name="fk_topic_event_version_id_topic_version"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_event_topic_id_topic"),
        sa.ForeignKeyConstraint(["other_id"], ["topic.id"], name="fk_topic_event_other_id_topic"),
        sa.PrimaryKeyConstraint("id", name="pk_topic_event"),
    )
    op.create_index("ix_topic_event_version_id", "topic_event", ["version_id"])
    op.create_index("ix_topic_event_topic_id", "topic_event", ["topic_id"])


def downgrade() -> None:
    """Undo; what was edited is shown as the fit said again."""
    op.drop_table("topic_event")
    op.drop_table("topic_edit")
    op.execute("UPDATE topic_assignment SET topic_id = base_topic_id")
    with op.batch_alter_table("topic_assignment") as table:
        table.drop_constraint("fk_topic_assignment_base_topic_id_topic", type_="foreignkey")
        table.drop_column("base_topic_id")
    with op.batch_alter_table("topic") as table:
        table.drop_index("ix_topic_listed")
        table.drop_constraint("fk_topic_merged_into_id_topic", type_="foreignkey")
        table.drop_column("listed")
        table.drop_column("merged_into_id")
        table.drop_column("by_hand")
