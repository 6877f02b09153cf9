"""Full text search: what it reads of each feedback, and the index that the database itself keeps in step with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# FTS5 needs the old keys to forget a row. `detail=none` and `columnsize=0` leave out what only phrases and bm25 need;
# `ascii` parts at blanks alone, which is where `keys` are parted, whatever Unicode the library was built with.
SQLITE = (
    """CREATE VIRTUAL TABLE search_index USING fts5(
        keys, content='search_text', content_rowid='interaction_id', detail=none, columnsize=0, tokenize='ascii'
    )""",
    """CREATE TRIGGER search_text_added AFTER INSERT ON search_text BEGIN
        INSERT INTO search_index (rowid, keys) VALUES (new.interaction_id, new.keys);
    END""",
    """CREATE TRIGGER search_text_dropped AFTER DELETE ON search_text BEGIN
        INSERT INTO search_index (search_index, rowid, keys) VALUES ('delete', old.interaction_id, old.keys);
    END""",
    """CREATE TRIGGER search_text_changed AFTER UPDATE ON search_text BEGIN
        INSERT INTO search_index (search_index, rowid, keys) VALUES ('delete', old.interaction_id, old.keys);
        INSERT INTO search_index (rowid, keys) VALUES (new.interaction_id, new.keys);
    END""",
)
# The keys as they are: PostgreSQL's own parser takes Chinese apart differently from one locale to another.
POSTGRESQL = (
    """ALTER TABLE search_text ADD COLUMN document tsvector
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array(keys, ' '))) STORED""",
    "CREATE INDEX ix_search_text_document ON search_text USING gin (document)",
)
# Feedback of before is indexed by the first worker that starts.
CATCH_UP = """INSERT INTO job (task, key, args, state, run_at, attempts, created_at)
    SELECT 'search.catch_up', 'daily', '{}', 'queued', CURRENT_TIMESTAMP, 0, CURRENT_TIMESTAMP
    WHERE EXISTS (SELECT 1 FROM interaction)"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "search_text",
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("keys", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_search_text_interaction_id_interaction", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_search_text"),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    op.execute(CATCH_UP)


def downgrade() -> None:
    """Undo."""
    op.execute("DELETE FROM job WHERE task = 'search.catch_up'")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_text")
