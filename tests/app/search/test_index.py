"""The index tells the truth: what may not be read any more is not found, and what may is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlmodel import col, select

from app.compliance.scan import known_in_store, scan
from app.feedback import originals, remask
from app.feedback.erase import erase, restrict
from app.feedback.models import Interaction, SearchText, Verdict
from app.jobs.models import Job
from app.jobs.queue import EmbeddedQueue, Task
from app.people.models import Role, User
from app.search import service, tasks
from app.store.engine import Store, migrations_config
from tests.app.search.conftest import Desk


@pytest.fixture
def named(desk: Desk) -> Desk:
    desk.tell("1", "我叫谢伟，信用卡年费", subject="谢伟的卡")
    desk.tell("2", "谢伟大的祖国，年费")
    desk.work()
    return desk


@pytest.fixture
def review(named: Desk) -> Callable[[Verdict], int]:
    now = named.clock.now()
    with named.store.write() as session:
        actor = User(login="wang", name="王敏", password_hash="-", role=Role.SUPERVISOR, created_at=now)
        session.add(actor)
        session.flush()
        originals.unmask(session, actor=actor, interaction_id=1, reason="masking", note="检查遮盖", now=now)

    def one(verdict: Verdict) -> int:
        with named.store.write() as session:
            made = remask.review(
                session,
                actor=actor,
                interaction_id=1,
                verdict=verdict,
                piece="谢伟",
                kind="NAME",
                now=now,
                queue=EmbeddedQueue(named.store, named.clock),
            )
            return made.id or 0

    return one


def index_says(store: Store, key: str) -> bool:
    """Whether the bytes of the index or its table hold a key."""
    tables = ("search_text", "search_index_data") if store.is_sqlite else ("search_text",)
    with store.read() as session:
        rows = [row for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608 - our own names
    return any(key in str(row) or key.encode() in bytes_of(row) for row in rows)


def bytes_of(row: object) -> bytes:
    return b"".join(value for value in row if isinstance(value, bytes))  # type: ignore[attr-defined]  # a row is a tuple


def test_a_name_that_a_person_masked_is_not_found_any_more(named: Desk, review: Callable[[Verdict], int]) -> None:
    assert named.ask("谢伟 年费") == ["2", "1"]
    review(Verdict.MASK)
    assert named.ask("谢伟") == ["2"]
    assert named.ask('"谢伟的卡"') == []
    assert named.ask("[姓名]") == ["1"]
    assert named.ask("信用卡") == ["1"]


def test_it_is_found_again_when_the_review_is_undone(named: Desk, review: Callable[[Verdict], int]) -> None:
    number = review(Verdict.MASK)
    with named.store.write() as session:
        actor = session.exec(select(User)).one()
        now, queue = named.clock.now(), EmbeddedQueue(named.store, named.clock)
        remask.undo(session, actor=actor, interaction_id=1, review_id=number, now=now, queue=queue)
    assert named.ask("谢伟的卡") == ["1"]


@pytest.mark.parametrize("deed", ["erase", "restrict"])
def test_what_was_deleted_or_restricted_is_gone_from_the_index_itself(named: Desk, deed: str) -> None:
    with named.store.write() as session:
        if deed == "erase":
            erase(session, [1], now=named.clock.now())
        else:
            restrict(session, session.get_one(Interaction, 1))
    assert named.ask("信用卡") == []
    assert named.ask("-没有的词") == ["2"]
    tasks.wipe(named.store)
    assert not index_says(named.store, "信用卡")
    assert index_says(named.store, "祖国")


def test_words_that_were_replaced_are_not_found_while_the_new_ones_wait(named: Desk) -> None:
    named.tell("1", "改问房贷利率", revision=1)
    assert named.ask("信用卡") == []
    named.work()
    assert named.ask("房贷") == ["1"]
    assert named.ask("信用卡") == []


def test_feedback_that_cannot_be_analysed_is_not_found(named: Desk) -> None:
    named.tell("1", "信用卡⚡", revision=1)
    named.work()
    assert named.ask("信用卡") == []


def test_the_leak_scan_reads_the_index(named: Desk) -> None:
    named.tell("3", "电话13800138000")
    named.work()
    with named.store.read() as session:
        known = known_in_store(named.store)
    assert scan(named.store, known, []).leaks == []
    with named.store.write() as session:
        session.get_one(SearchText, 3).text += "13800138000"
    assert ("search_text.text", "手机号", 1) in scan(named.store, known, []).leaks


def test_an_index_is_written_anew(named: Desk) -> None:
    with named.store.write() as session:
        row = session.get_one(SearchText, 1)
        row.text = row.keys = "旧"
        session.delete(session.get_one(SearchText, 2))
    told: list[int] = []
    assert service.reindex(named.store, progress=told.append) == 2
    assert sum(told) == 2
    assert (named.ask("年费"), named.ask('"旧"')) == (["2", "1"], [])


def test_a_store_of_before_is_indexed_by_the_first_worker(
    named: Desk, store: Store, queue: EmbeddedQueue, database_url: str
) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations_config(connection), "0007")
    engine.dispose()
    store.upgrade()
    with store.read() as session:
        assert service.missing(session) == 2
        assert [job.task for job in session.exec(select(Job).where(col(Job.key) == "daily"))] == [tasks.CATCH_UP]
    named.clock.advance(timedelta(days=365))  # the migration's time is the machine's
    queue.work({tasks.CATCH_UP: Task(lambda jobs: tasks.catch_up(jobs, store=store, queue=queue))}, until_empty=True)
    with store.read() as session:
        assert service.missing(session) == 0
    assert named.ask("年费") == ["2", "1"]


def test_a_long_backlog_is_worked_off_in_pieces(
    named: Desk, store: Store, queue: EmbeddedQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PIECE", 1)
    with store.write() as session:
        for row in session.exec(select(SearchText)).all():
            session.delete(row)
        queue.defer(session, tasks.CATCH_UP, key="daily")
    task = Task(lambda jobs: tasks.catch_up(jobs, store=store, queue=queue))
    assert queue.work({tasks.CATCH_UP: task}, until_empty=True) == 3
    assert named.ask("年费") == ["2", "1"]
