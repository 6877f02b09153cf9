"""Refits: topics follow what comes in without anybody's help, and a person may ask for one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlmodel import func, select

from app.errors import Conflict
from app.feedback.models import Analysis
from app.jobs.queue import EmbeddedQueue, Task, open_count
from app.store.audit import AuditEntry
from app.topics import refits
from app.topics.models import Topic, TopicVersion
from app.topics.service import rename
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
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 1
    with store.write() as session:
        (version,) = session.exec(select(TopicVersion))
        version.created_at = NOW + timedelta(minutes=1)  # the bank's feedback is analysed at NOW
        session.add(version)
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 1
    with store.write() as session:
        late = bank.feedback(session, "年费")
        analysis = session.exec(select(Analysis).where(Analysis.interaction_id == late)).one()
        analysis.created_at = NOW + timedelta(hours=1)
        session.add(analysis)
        assert refits.standing(session).unread == 1
    refits.nightly([{}], store=store, clock=clock)
    assert versions(store) == 2


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


def test_a_name_stays_while_it_says_a_word_of_its_topic(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    refits.fit_now([{}], store=store, clock=clock)
    ids = {matter: main_topic(store, said) for matter, said in feedback.items()}
    with store.write() as session:
        told, strange = session.get_one(Topic, ids["年费"]), session.get_one(Topic, ids["排队"])
        told.name, strange.name = "说不清的年费", "与此无关的名称"
        session.add_all([told, strange])
        rename(session, actor=bank.supervisor, topic_id=ids["闪退"], name="谁也认不出", now=NOW)
    refits.fit_now([{}], store=store, clock=clock)
    with store.read() as session:
        names = {matter: session.get_one(Topic, one).name for matter, one in ids.items()}
    assert names["年费"] == "说不清的年费"
    assert names["排队"] != "与此无关的名称"
    assert names["闪退"] == "谁也认不出"
    assert len(set(names.values())) == len(names)
