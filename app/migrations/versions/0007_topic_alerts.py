"""Alerts of topics that rose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "topic_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("factor", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("carriers", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("snoozed_until", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_alert_topic_id_topic"),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name="fk_topic_alert_decided_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_topic_alert"),
        sa.UniqueConstraint("topic_id", "raised_on", name="uq_topic_alert_topic_id_raised_on"),
    )
    op.create_index("ix_topic_alert_last_on", "topic_alert", ["last_on"])
    op.create_index("ix_topic_alert_state", "topic_alert", ["state"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("topic_alert")
