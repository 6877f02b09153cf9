"""Keyed digests of identifiers, which link the feedback of one customer, and their key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Feedback analysed before gets its digests when `huisheng keys relink` is run."""
    op.create_table(
        "link_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_key"),
    )
    op.create_table(
        "link_digest",
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_link_digest_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["key_id"], ["link_key.id"], name="fk_link_digest_key_id_link_key"),
        sa.PrimaryKeyConstraint("interaction_id", "key_id", "digest", name="pk_link_digest"),
    )
    op.create_index("ix_link_digest_digest", "link_digest", ["digest"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_link_digest_digest", "link_digest")
    op.drop_table("link_digest")
    op.drop_table("link_key")
