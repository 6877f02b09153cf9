"""Reviews of masking that hold in all feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The reviews so far hold in their own feedback alone."""
    with op.batch_alter_table("mask_review") as table:
        table.add_column(sa.Column("everywhere", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("origin_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            "fk_mask_review_origin_id_mask_review", "mask_review", ["origin_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index("ix_mask_review_origin_id", ["origin_id"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("mask_review") as table:
        table.drop_index("ix_mask_review_origin_id")
        table.drop_constraint("fk_mask_review_origin_id_mask_review", type_="foreignkey")
        table.drop_column("origin_id")
        table.drop_column("everywhere")
