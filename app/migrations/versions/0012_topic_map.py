"""The topic map: where each drawn feedback lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The next fit draws the first map."""
    op.create_table(
        "topic_place",
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_topic_place_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_topic_place"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("topic_place")
