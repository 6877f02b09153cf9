"""The same number links feedback, however it is said; the store keeps digests under a key and never the number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from app.feedback import links
from app.feedback.ingest import apply_interaction
from app.feedback.models import Interaction, LinkDigest, LinkKey, Source
from app.jobs.queue import EmbeddedQueue
from app.store.engine import Store
from tests.app.feedback.test_ingest import talk
from tests.conftest import SetClock

Say = Callable[..., None]
SAID = {
    "call": "我的手机是幺三八零零幺三八零零零",
    "chat": "打13800138000",
    "mail": "联系我 +86 138-0013-8000 或 zhang_3@example.com",
    "post": "私信 ZHANG_3@EXAMPLE.COM",
    "other": "打13912345678",
    "nothing": "排队太久",
}


@pytest.fixture
def say(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock) -> Say:
    def one(external_id: str, *texts: str, revision: int = 0) -> None:
        value = talk(*texts, external_id=external_id, revision=revision)
        with store.write() as session:
            apply_interaction(session, source=source, value=value, now=clock.now(), queue=queue)

    return one


@pytest.fixture
def told(say: Say, work: Callable[[], int]) -> None:
    for external_id, text in SAID.items():
        say(external_id, text)
    work()


def linked(session: Session) -> dict[str, set[str]]:
    rows = session.exec(select(Interaction)).all()
    return {row.external_id: {one.external_id for one in links.others(session, row.id or 0)} for row in rows}


LINKED = {
    "call": {"chat", "mail"},
    "chat": {"call", "mail"},
    "mail": {"call", "chat", "post"},
    "post": {"mail"},
    "other": set(),
    "nothing": set(),
}


@pytest.mark.usefixtures("told")
def test_one_number_in_any_form_links_and_another_does_not(store: Store) -> None:
    with store.read() as session:
        assert linked(session) == LINKED


@pytest.mark.usefixtures("told")
def test_words_that_no_longer_hold_the_number_are_no_longer_linked(
    store: Store, say: Say, work: Callable[[], int]
) -> None:
    say("chat", "不用打了", revision=1)
    work()
    with store.read() as session:
        assert linked(session)["call"] == {"mail"}


@pytest.mark.usefixtures("told")
def test_a_new_key_gives_other_digests_and_the_same_links(store: Store, clock: SetClock) -> None:
    def digests() -> set[str]:
        with store.read() as session:
            return set(session.exec(select(LinkDigest.digest)))

    before = digests()
    assert links.rotate(store, now=clock.now()) == len(SAID)
    assert before
    assert not before & digests()
    with store.read() as session:
        assert linked(session) == LINKED
        (key,) = session.exec(select(LinkKey)).all()
    assert key.id == 2


@pytest.mark.usefixtures("told")
def test_feedback_that_comes_while_the_key_is_changed_is_linked_before_and_after(
    store: Store, say: Say, work: Callable[[], int], clock: SetClock
) -> None:
    with store.write() as session:
        links._add_key(session, clock.now())  # a rotation that was killed
    say("late", "还是打138 0013 8000")
    work()
    with store.read() as session:
        assert linked(session)["late"] == {"call", "chat", "mail"}
    links.rotate(store, now=clock.now())
    with store.read() as session:
        assert linked(session)["late"] == {"call", "chat", "mail"}
        assert len(session.exec(select(LinkKey)).all()) == 1
