"""Write the next revision: `python -m app.migrations.new "what changes"`.

Compares the tables of the code with a migrated, empty SQLite database, so that changes come out as the batch
operations SQLite needs; PostgreSQL runs the same file. Read what it wrote before committing it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from app.store.engine import Store, migrations_config
from app.store.sealing import KeyRing


def write_revision(message: str) -> None:
    """Add a file to app/migrations/versions, numbered after the last one."""
    versions = Path(__file__).parent / "versions"
    number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as directory:
        store = Store(f"sqlite:///{directory}/empty.sqlite", KeyRing({"none": bytes(32)}, "none"))
        store.upgrade()
        with store.connect() as connection:
            command.revision(migrations_config(connection), message, autogenerate=True, rev_id=number)
        store.dispose()


if __name__ == "__main__":
    write_revision(sys.argv[1])
