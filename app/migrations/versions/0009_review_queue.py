"""The review queue: what each person said of each text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "review_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("correction_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name="fk_review_answer_interaction_id_interaction",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name="fk_review_answer_analysis_id_analysis", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_review_answer_user_id_user"),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["correction.id"], name="fk_review_answer_correction_id_correction", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_answer"),
        sa.UniqueConstraint(
            "interaction_id",
            "content_hash",
            "user_id",
            name="uq_review_answer_interaction_id_content_hash_user_id",
        ),
    )
    op.create_index("ix_review_answer_analysis_id", "review_answer", ["analysis_id"])
    op.create_index("ix_review_answer_again", "review_answer", ["again"])
    op.create_index("ix_review_answer_user_id_answered_at", "review_answer", ["user_id", "answered_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("review_answer")
