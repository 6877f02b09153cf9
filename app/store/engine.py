"""The database behind one URL: SQLite (WAL) or PostgreSQL, the same code for both.

`write()` is the only commit in the program. On SQLite it begins with BEGIN IMMEDIATE: a deferred transaction that
reads and then writes fails at once with "database is locked" when another writer came between.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, event, inspect, make_url, text
from sqlmodel import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from app.store.sealing import KeyRing

BUSY_MS = 30_000  # how long a SQLite writer waits for the other one
POOL_SIZE, POOL_OVERFLOW = 20, 30  # FastAPI answers from up to 40 threads
# A statement that is prepared gets one plan for all values: a rare word searched by the plan for a frequent one took
# seconds instead of milliseconds on PostgreSQL. psycopg prepares after the fifth time unless it is told not to.
UNPREPARED = {"prepare_threshold": None}
MIGRATION_LOCK = 0x4853_0001  # PostgreSQL advisory lock: one process migrates at a time


class ReadSession(Session):
    """A session that is never committed, so it refuses to write."""


@event.listens_for(ReadSession, "before_flush")
def _refuse_flush(*_: object) -> None:
    raise RuntimeError("a change was made inside Store.read(); use Store.write()")


class Store:
    """Sessions on one database; each carries the keyring in `session.info["keyring"]`."""

    def __init__(self, url: str, keyring: KeyRing) -> None:
        """`url`: sqlite:///path or postgresql://…; nothing is opened yet, but SQLite's directory is made."""
        self.url = make_url(url)
        self.keyring = keyring
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        # hide_parameters: a driver's error must not carry customers' words into logs
        self._engine = create_engine(
            self.url,
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            connect_args={} if self.is_sqlite else UNPREPARED,
        )
        if self.is_sqlite:
            _prepare_sqlite(self._engine)
        self._writer = self._engine.execution_options(immediate=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session to read with; its transaction is rolled back at the end."""
        with ReadSession(self._engine, expire_on_commit=False, info={"keyring": self.keyring}) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        with Session(self._writer, expire_on_commit=False, info={"keyring": self.keyring}) as session:
            yield session
            session.commit()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A bare connection to look at the schema with; rolled back at the end."""
        with self._engine.connect() as connection:
            yield connection

    def ping(self) -> None:
        """Raises SQLAlchemy's error where the database does not answer."""
        with self.connect() as connection:
            connection.execute(text("SELECT 1"))

    def upgrade(self) -> None:
        """Migrate to the newest revision; safe to call from several processes at once, quick when nothing is due."""
        engine = create_engine(self.url, hide_parameters=True, poolclass=NullPool)
        if self.is_sqlite:
            _prepare_sqlite(engine, foreign_keys=False)
        with engine.execution_options(immediate=True).begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command.upgrade(migrations_config(connection), "head")
            if self.is_sqlite and connection.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("the migration left rows that point nowhere; nothing was changed")

    def revision(self) -> str | None:
        """The database's migration; None before the first."""
        with self.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def is_current(self) -> bool:
        """True when no migration is due."""
        return self.revision() == ScriptDirectory.from_config(migrations_config()).get_current_head()

    def dispose(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def is_migrated(url: str) -> bool:
    """True when the database exists and was ever migrated; needs no keys and creates nothing."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        return False
    engine = create_engine(parsed, hide_parameters=True, poolclass=NullPool)
    return inspect(engine).has_table("alembic_version")


def migrations_config(connection: Connection | None = None) -> Config:
    """Alembic's settings without an alembic.ini; works from an installed package."""
    config = Config()
    config.set_main_option("script_location", "app:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _prepare_sqlite(engine: Engine, *, foreign_keys: bool = True) -> None:
    """Own transaction control, and the pragmas of every connection.

    A migration that rebuilds a table needs foreign keys off, which SQLite only accepts outside a transaction.
    """

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
