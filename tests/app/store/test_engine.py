"""What a transaction promises, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import select

from app.jobs.models import WorkerBeat
from app.store.engine import Store

AT = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)


def beat(owner: str, at: datetime = AT) -> WorkerBeat:
    return WorkerBeat(owner=owner, started_at=at, seen_at=at)


def owners(store: Store) -> list[str]:
    with store.read() as session:
        return sorted(row.owner for row in session.exec(select(WorkerBeat)))


def test_write_commits_when_the_block_ends(store: Store) -> None:
    with store.write() as session:
        session.add(beat("one"))
    assert owners(store) == ["one"]


def test_write_leaves_nothing_when_the_block_raises(store: Store) -> None:
    def fail_after_writing() -> None:
        with store.write() as session:
            session.add(beat("one"))
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_writing()
    assert owners(store) == []


def test_read_refuses_to_write(store: Store) -> None:
    with store.read() as session:
        session.add(beat("one"))
        with pytest.raises(RuntimeError, match=r"Store\.write"):
            session.flush()
    assert owners(store) == []


def test_values_can_be_read_after_the_block(store: Store) -> None:
    with store.write() as session:
        row = beat("one")
        session.add(row)
    assert row.owner == "one"


def test_instants_come_back_as_utc(store: Store) -> None:
    shanghai = AT.astimezone(timezone(timedelta(hours=8)))
    with store.write() as session:
        session.add(beat("one", shanghai))
    with store.read() as session:
        seen = session.exec(select(WorkerBeat)).one().seen_at
    assert (seen, seen.utcoffset()) == (AT, timedelta(0))


def test_a_naive_instant_is_refused_without_showing_the_row(store: Store) -> None:
    with pytest.raises(StatementError) as caught, store.write() as session:
        session.add(beat("secret words", datetime(2026, 10, 20)))  # noqa: DTZ001 - the mistake under test
    assert "secret words" not in str(caught.value)


def test_readers_that_write_later_never_collide(store: Store) -> None:
    """Eight writers read and then write the same row; on SQLite a deferred transaction would fail at once."""
    with store.write() as session:
        session.add(beat("counter"))

    def advance() -> None:
        for _ in range(5):
            with store.write() as session:
                row = session.exec(select(WorkerBeat).with_for_update()).one()
                row.seen_at += timedelta(seconds=1)

    threads = [threading.Thread(target=advance) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert session.exec(select(WorkerBeat)).one().seen_at == AT + timedelta(seconds=40)


def test_foreign_keys_hold(store: Store) -> None:
    statement = text("INSERT INTO source_secret (source_id, secret, created_at) VALUES (7, :secret, :at)")
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(statement, {"secret": b"x", "at": "2026-10-20 02:00:00+00:00"})


def test_sqlite_waits_for_the_other_writer_and_keeps_a_log(store: Store) -> None:
    if store.is_sqlite:
        with store.connect() as connection:
            pragmas = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "busy_timeout")]
        assert pragmas == ["wal", 30_000]
    else:
        with store.connect() as connection:
            assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"


def test_a_statement_is_planned_for_its_own_values(store: Store) -> None:
    """One plan for all would search a rare word by the plan for a frequent one."""
    with store.read() as session:
        for number in range(10):
            session.exec(select(WorkerBeat).where(WorkerBeat.owner == str(number))).all()
        counted = text("SELECT 0" if store.is_sqlite else "SELECT count(*) FROM pg_prepared_statements")
        assert session.execute(counted).scalar_one() == 0
