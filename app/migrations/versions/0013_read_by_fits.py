"""How far each fit has read, so that what came after it is counted by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What there is counts as read: the next night's fit needs something new anyhow."""
    with op.batch_alter_table("topic_version") as table:
        table.add_column(sa.Column("last_analysis_id", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE topic_version SET last_analysis_id = COALESCE((SELECT MAX(id) FROM analysis), 0)")


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("topic_version") as table:
        table.drop_column("last_analysis_id")
