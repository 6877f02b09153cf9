"""Ids that are never given again on SQLite, as they never were on PostgreSQL; and how far the audit chain was checked.

SQLite gives the id of a deleted newest row to the next one unless the column says AUTOINCREMENT, which only a table
that is made anew can say. Reflection does not see the word: who rebuilds one of these tables later says it again, as
here, and carries over what sqlite_sequence holds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# The queries answer ids that were given, some of them of rows that are gone. The audit chain has them in `subject` and
# in `detail`, where "feedback" may also be a number of feedback: never more than there were ids.
GIVEN = {
    "customer": (
        "SELECT MAX(id) AS id FROM customer",
        "SELECT MAX(CAST(SUBSTR(subject, 10) AS INTEGER)) FROM audit_entry WHERE subject LIKE 'customer:%'",
        "SELECT MAX(CAST(value AS INTEGER)) FROM audit_entry, JSON_EACH(detail, '$.customers')",
    ),
    "interaction": (
        "SELECT MAX(id) AS id FROM interaction",
        "SELECT MAX(CAST(SUBSTR(subject, 10) AS INTEGER)) FROM audit_entry WHERE subject LIKE 'feedback:%'",
        "SELECT MAX(CAST(value AS INTEGER)) FROM audit_entry, JSON_EACH(detail, '$.feedback')",
        "SELECT MAX(upto) FROM topic_edit",
        "SELECT MAX(CAST(value AS INTEGER)) FROM topic, JSON_EACH(representatives)",
        "SELECT MAX(CAST(value AS INTEGER)) FROM topic_alert, JSON_EACH(texts)",
    ),
    "analysis": (
        "SELECT MAX(id) AS id FROM analysis",
        "SELECT MAX(last_analysis_id) FROM topic_version",
    ),
}


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "sqlite":
        for table, queries in GIVEN.items():
            _rebuild(table, autoincrement=True)
            given = " UNION ALL ".join(queries)
            op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table}'")  # noqa: S608 - fixed words
            op.execute(
                "INSERT INTO sqlite_sequence (name, seq) "  # noqa: S608 - fixed words
                f"SELECT '{table}', COALESCE(MAX(id), 0) FROM ({given})"
            )
    op.create_table(
        "audit_check",
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("broken_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name="pk_audit_check"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("audit_check")
    if op.get_bind().dialect.name == "sqlite":
        for table in GIVEN:
            _rebuild(table, autoincrement=False)


def _rebuild(name: str, *, autoincrement: bool) -> None:
    """Copy the table, inside the database, with its constraints and indexes.

    Foreign keys are off meanwhile (`Store.upgrade`), so that what points at the table is left as it is.
    """
    said = {"sqlite_autoincrement": autoincrement}
    with op.batch_alter_table(name, recreate="always", table_kwargs=said) as table:
        table.create_primary_key(f"pk_{name}", ["id"])  # SQLite forgets the name where it says AUTOINCREMENT
