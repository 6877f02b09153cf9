"""The revisions and the models say the same, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, MetaData, Table, create_engine, inspect
from sqlmodel import select

from app.feedback.models import Analysis
from app.migrations.tables import METADATA, declared
from app.store.engine import Store, migrations_config
from app.store.sealing import KeyRing

NOW = datetime(2026, 10, 20, tzinfo=UTC)


def test_autogenerate_finds_nothing_to_add(store: Store) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": declared})
        assert compare_metadata(context, METADATA) == []


def test_a_migrated_store_is_current(store: Store) -> None:
    store.ping()
    assert store.is_current()
    assert store.revision() == "0014"


def test_down_and_up_again(store: Store, database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations_config(connection), "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()
    assert not store.is_current()
    store.upgrade()
    assert store.is_current()


def test_analyses_of_the_first_release_are_still_there(store: Store, database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations_config(connection), "0001")
        old = Table("analysis", MetaData(), autoload_with=connection)
        tables = [Table(name, old.metadata, autoload_with=connection) for name in ("source", "interaction")]
        for table in [*tables, old]:
            values = {column.name: _any(column) for column in table.columns if not column.nullable}
            connection.execute(table.insert().values(values))
    engine.dispose()
    store.upgrade()
    with store.read() as session:
        (analysis,) = session.exec(select(Analysis)).all()
        assert (analysis.id, analysis.corrected) == (1, [])


def _any(column: Column[Any]) -> object:
    """Something that the column takes."""
    of_kind = {int: 1, float: 0.0, bool: True, bytes: b"", datetime: NOW, dict: {}}
    return of_kind.get(column.type.python_type, "x")


def test_every_constraint_has_a_name_by_the_convention() -> None:
    for table in METADATA.tables.values():
        for constraint in table.constraints:
            assert str(constraint.name).startswith(("pk_", "fk_", "uq_", "ck_")), (table.name, constraint.name)
        for index in table.indexes:
            assert str(index.name).startswith(("ix_", "uq_")), (table.name, index.name)


@pytest.mark.parametrize("starters", [4])
def test_processes_that_start_together_migrate_once(
    store: Store, database_url: str, keyring: KeyRing, starters: int
) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations_config(connection), "base")
    engine.dispose()
    failures: list[Exception] = []

    def start() -> None:
        own = Store(database_url, keyring)
        try:
            own.upgrade()
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)
        own.dispose()

    threads = [threading.Thread(target=start) for _ in range(starters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.is_current()
