"""Reviews of masking: what a person masked or released in a feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "mask_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("piece", sa.LargeBinary(), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_mask_review_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_mask_review_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_mask_review"),
    )
    op.create_index("ix_mask_review_interaction_id", "mask_review", ["interaction_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_mask_review_interaction_id", "mask_review")
    op.drop_table("mask_review")
