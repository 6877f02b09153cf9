"""Refits: topics follow what comes in without anybody's help, and a person may ask for one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlmodel import func, select

from app.errors import Conflict
from app.feedback.models import Analysis
from app.jobs.queue import EmbeddedQueue, Task, open_count
from app.store.audit import AuditEntry
from app.topics import refits, tasks
from app.topics.models import Topic, TopicVersion
from app.topics.service import rename, undo_rename
from tests.app.topics.conftest import MATTERS, NOW
from tests.app.topics.test_topic_fit import main_topic

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock


@pytest.fixture
def feedback(store: Store, bank: Bank) -> dict[str, list[int]]:
    """Twenty feedback of each matter, in no topic yet."""
    with store.write() as session:
        return {matter: [bank.feedback(session, matter) for _ in range(20)] for matter in MATTERS}


def versions(store: Store) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(TopicVersion)).one()


def test_a_night_fits_only_where_something_new_was_analysed(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    for _ in range(2):
        refits.nightly([{}], store=store, clock=clock)
        assert versions(store) == 1
    with store.write() as session:
        late = bank.feedback(session, "年费")
        assert refits.standing(session).unread == 1
    tasks.assign([{"interaction_id": late}], store=store)  # what has a topic was read by no fit all the same
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 2
    with store.read() as session:
        assert refits.standing(session).unread == 0


def test_no_fit_while_a_new_model_has_read_a_part_alone(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    refits.nightly([{}], store=store, clock=clock)
    ids = {matter: main_topic(store, said) for matter, said in feedback.items()}
    with store.write() as session:
        bank.feedback(session, "年费", version="test-2")
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 1
    assert {matter: main_topic(store, said) for matter, said in feedback.items()} == ids
    with store.write() as session:
        assert refits.standing(session).outdated == sum(map(len, feedback.values()))
        with pytest.raises(Conflict, match="还是旧模型的分析"):
            refits.ask(session, queue=EmbeddedQueue(store, clock), actor=bank.supervisor, clock=clock)
        for analysis in session.exec(select(Analysis)):
            analysis.pipeline_version = "test-2"
            session.add(analysis)
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 2
    assert {matter: main_topic(store, said) for matter, said in feedback.items()} == ids


def test_a_night_without_feedback_is_quiet(store: Store, clock: SetClock, bank: Bank) -> None:
    refits.nightly([{}], store=store, clock=clock)
    with store.write() as session:
        bank.feedback(session, "年费")
    refits.nightly([{}], store=store, clock=clock)  # one text is too little, and no failure
    assert versions(store) == 0


def test_asked_for_twice_it_is_one_fit(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    queue = EmbeddedQueue(store, clock)
    with store.write() as session:
        for _ in range(2):
            refits.ask(session, queue=queue, actor=bank.supervisor, clock=clock)
        assert open_count(session, refits.FIT) == 1
        assert refits.standing(session).underway
    queue.work({refits.FIT: Task(partial(refits.fit_now, store=store, clock=clock))}, until_empty=True)
    with store.read() as session:
        assert not refits.standing(session).underway
        assert {entry.action for entry in session.exec(select(AuditEntry))} == {"topic.fit"}
    assert versions(store) == 1


def test_too_little_to_group_is_told_at_once(store: Store, clock: SetClock, bank: Bank) -> None:
    with store.write() as session:
        bank.feedback(session, "年费")
        with pytest.raises(Conflict, match="只有 1 条"):
            refits.ask(session, queue=EmbeddedQueue(store, clock), actor=bank.supervisor, clock=clock)


def test_a_name_stays_while_it_tells_its_topic_and_somebody_says_it(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    refits.fit_now([{}], store=store, clock=clock)
    ids = {matter: main_topic(store, said) for matter, said in feedback.items()}
    telling = {matter: text[:-2] for matter, (text, _, _) in MATTERS.items()}
    given = {"年费": telling["年费"], "排队": "与此无关的名称", "催收": "谢伟的催收电话", "闪退": "谁也认不出"}
    with store.write() as session:
        for matter, name in given.items():
            topic = session.get_one(Topic, ids[matter])
            topic.name = name
            session.add(topic)
        session.get_one(Topic, ids["闪退"]).renamed_by = "lin"
    refits.fit_now([{}], store=store, clock=clock)
    with store.read() as session:
        names = {matter: session.get_one(Topic, one).name for matter, one in ids.items()}
    assert names["年费"] == given["年费"]
    assert names["排队"] != given["排队"]
    assert names["催收"] != given["催收"]  # nobody says so in masked words
    assert names["闪退"] == given["闪退"]
    assert len(set(names.values())) == len(names)


def test_the_fits_name_brought_back_is_nobodys(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    refits.fit_now([{}], store=store, clock=clock)
    one = main_topic(store, feedback["年费"])
    with store.write() as session:
        session.get_one(Topic, one).proposed_name = "另一个一样好的名称"
        rename(session, actor=bank.supervisor, topic_id=one, name="年费争议", now=NOW)
        assert session.get_one(Topic, one).renamed_by == "lin"
        undo_rename(session, actor=bank.supervisor, topic_id=one, now=NOW)
        assert session.get_one(Topic, one).renamed_by is None
