"""An id is given once: on both databases, and in a SQLite store that comes from a release that gave them again."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Column, Connection, Engine, MetaData, NullPool, Table, create_engine, inspect, text

from app.migrations.tables import METADATA
from app.store.engine import Store, migrations_config
from app.store.sealing import KeyRing

NOW = datetime(2026, 10, 20, tzinfo=UTC)
TABLES = ("customer", "interaction", "analysis")
FIRST = {"customer": (), "interaction": ("source",), "analysis": ("source", "interaction")}  # what it points to
SPECIAL: dict[str, dict[str, object]] = {
    "issue_link": {"interaction_id": 1},
    "audit_entry": {"id": 1, "subject": "customer:None"},
}
KINDS = {int: 1, float: 0.5, bool: True, bytes: b"x", datetime: NOW, date: NOW.date(), dict: []}


def add(connection: Connection, name: str, **said: object) -> object:
    """A row that says what must be said, and points to rows of id 1; its id, or other key."""
    table = Table(name, MetaData(), autoload_with=connection)
    told = {column.name: value(column) for column in table.columns if not column.nullable and column.name != "id"}
    made = connection.execute(table.insert().values({**told, **said})).inserted_primary_key
    assert made is not None
    return made[0]


def value(column: Column[Any]) -> object:
    return KINDS.get(column.type.python_type, "x")


@pytest.mark.parametrize("name", TABLES)
def test_the_id_of_a_deleted_row_is_not_given_again(store: Store, database_url: str, name: str) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        for before in FIRST[name]:
            add(connection, before)
        assert add(connection, name) == 1
        connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - three fixed words
        assert add(connection, name) == 2


def at(path: Path, revision: str) -> Engine:
    """The engine of a SQLite store, brought to a revision as `Store.upgrade` does, or back."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        move = command.downgrade if inspect(connection).has_table("audit_check") else command.upgrade
        move(migrations_config(connection), revision)
    return engine


@pytest.fixture(scope="module")
def of_0013(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the release before, with a row in every table."""
    path = tmp_path_factory.mktemp("ids") / "before.sqlite"
    with at(path, "0013").begin() as connection:
        reflected = MetaData()
        reflected.reflect(connection)
        for table in reflected.sorted_tables:
            if not table.name.startswith(("search_index", "alembic")):
                add(connection, table.name, **SPECIAL.get(table.name, {}))
    return path


@pytest.fixture
def before(of_0013: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(of_0013, tmp_path / "store.sqlite"))


@pytest.fixture
def upgraded(before: Path, keyring: KeyRing) -> Store:
    return Store(f"sqlite:///{before}", keyring)


def content(engine: Engine) -> dict[str, Any]:
    """Every row of every table."""
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version", "audit_check"}
        return {name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')] for name in names}  # noqa: S608 - names from the database


def schema(engine: Engine) -> dict[str, Any]:
    """What is declared, but for the order of it, the name of a primary key and the table of checks."""
    with engine.connect() as connection:
        stored = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger', 'view')"
        objects = {tuple(row) for row in connection.exec_driver_sql(stored) if row.tbl_name != "audit_check"}
        look = inspect(connection)
        tables = {name: look.get_columns(name) for name in look.get_table_names() if name != "audit_check"}
        keys = {name: sorted(map(str, look.get_foreign_keys(name))) for name in tables}
        uniques = {name: sorted(map(str, look.get_unique_constraints(name))) for name in tables}
        return {"objects": objects, "tables": str(tables), "keys": keys, "uniques": uniques}


def test_everything_is_there_after_the_way_up_and_down(before: Path, upgraded: Store) -> None:
    engine = create_engine(f"sqlite:///{before}", poolclass=NullPool)
    rows, declared = content(engine), schema(engine)
    assert all(len(found) == 1 for name, found in rows.items() if not name.startswith("search_index"))
    assert {name for name, *_ in declared["objects"]} >= {"search_text_added", "audit_entry_no_DELETE"}
    upgraded.upgrade()
    assert (content(engine), schema(engine)) == (rows, declared)
    at(before, "0013")
    assert (content(engine), schema(engine)) == (rows, declared)
    upgraded.upgrade()
    found = text("SELECT count(*) FROM search_index WHERE search_index MATCH 'x'")
    with upgraded.write() as session:  # what hangs on a row still goes with it
        assert session.execute(found).scalar_one() == 1
        session.execute(text("DELETE FROM interaction"))
        assert session.execute(found).scalar_one() == 0
    left = {name for name, found in content(engine).items() if not found}
    assert left >= {"analysis", "analysis_risk", "message", "search_text", "topic_assignment", "topic_place"}


OTHER = {"customer": {"ref": "y"}, "interaction": {"external_id": "y"}, "analysis": {"content_hash": "y"}}
ENTRY = "INSERT INTO audit_entry SELECT 2, at, actor, action, {}, {}, 'y', hash FROM audit_entry"
NAMED = {
    "a customer acted upon": ("customer", ENTRY.format("'customer:70'", "detail")),
    "customers to be asked": ("customer", ENTRY.format("subject", """'{"added": 2, "customers": [3, 70]}'""")),
    "a feedback acted upon": ("interaction", ENTRY.format("'feedback:70'", "detail")),
    "a feedback that was claimed": ("interaction", ENTRY.format("subject", """'{"feedback": 70}'""")),
    "evidence": ("interaction", ENTRY.format("subject", """'{"topics": [99], "feedback": [70, 3]}'""")),
    "an edit of what there was": ("interaction", "UPDATE topic_edit SET upto = 70"),
    "a representative": ("interaction", "UPDATE topic SET representatives = '[70, 5]'"),
    "texts of an alert": ("interaction", "UPDATE topic_alert SET texts = '[70, 5]'"),
    "what a fit read": ("analysis", "UPDATE topic_version SET last_analysis_id = 70"),
}


@pytest.mark.parametrize("what", NAMED)
def test_an_id_that_is_still_named_is_not_given_again(before: Path, upgraded: Store, what: str) -> None:
    name, statement = NAMED[what]
    engine = create_engine(f"sqlite:///{before}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    upgraded.upgrade()
    with engine.begin() as connection:
        given = {table: add(connection, table, **OTHER[table]) for table in TABLES}
    assert given == dict.fromkeys(TABLES, 2) | {name: 71}


def test_the_models_say_what_the_tables_say(before: Path, upgraded: Store) -> None:
    upgraded.upgrade()
    with upgraded.connect() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'").scalars()
        said = {name for name, table in METADATA.tables.items() if table.dialect_options["sqlite"]["autoincrement"]}
        assert set(found) == said == set(TABLES)


def test_no_later_revision_gives_ids_again(before: Path, upgraded: Store) -> None:
    """Alembic's batch operations forget both the word AUTOINCREMENT and what ids were given."""
    engine = at(before, "0014")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 900")
    upgraded.upgrade()
    with engine.begin() as connection:
        assert [add(connection, table, **OTHER[table]) for table in TABLES] == [901] * 3
