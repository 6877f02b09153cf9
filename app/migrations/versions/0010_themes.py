"""Themes: the business that a topic is grouped under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOST = """
UPDATE topic SET theme = COALESCE((
    SELECT analysis.business FROM topic_assignment
    JOIN interaction ON interaction.id = topic_assignment.interaction_id
    JOIN analysis ON analysis.id = interaction.analysis_id
    WHERE topic_assignment.topic_id = topic.id
    GROUP BY analysis.business ORDER BY COUNT(*) DESC, analysis.business DESC LIMIT 1
), 'other')
"""


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("topic") as table:
        table.add_column(sa.Column("theme", sa.String(length=40), nullable=False, server_default="other"))
        table.add_column(sa.Column("theme_by", sa.String(), nullable=True))
    op.execute(MOST)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("topic") as table:
        table.drop_column("theme_by")
        table.drop_column("theme")
