"""What people make of the topics holds through fits, is told beforehand, and can be taken back to the last text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Interaction
from app.store.audit import AuditEntry
from app.topics import describe, editing, lineage, query, tasks
from app.topics.models import EventKind, Topic, TopicAssignment, TopicEdit
from app.topics.service import fit_topics
from tests.app.topics.conftest import MATTERS, NOW
from tests.app.topics.test_topic_fit import main_topic, topics_of

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock

Feedback = dict[str, list[int]]


@pytest.fixture
def topics(store: Store, clock: SetClock, feedback: Feedback) -> dict[str, int]:
    """Each matter's topic after the first fit."""
    fit_topics(store, clock=clock, seed=7)
    return {matter: main_topic(store, ids) for matter, ids in feedback.items()}


def state(store: Store) -> dict[int, int | None]:
    with store.read() as session:
        return {one.interaction_id: one.topic_id for one in session.exec(select(TopicAssignment))}


def listed(store: Store) -> set[int | None]:
    with store.read() as session:
        return {row.id for row in query.list_topics(session, until=NOW)}


def merge(store: Store, bank: Bank, topic_id: int, target_id: int) -> int:
    with store.write() as session:
        made = editing.merge(session, actor=bank.supervisor, topic_id=topic_id, target_id=target_id, now=NOW)
        return made.id or 0


def split(store: Store, bank: Bank, topic_id: int, ids: list[int], name: str = "拆出来的") -> TopicEdit:
    with store.write() as session:
        return editing.split(session, actor=bank.supervisor, topic_id=topic_id, name=name, interaction_ids=ids, now=NOW)


def undo(store: Store, bank: Bank, edit_id: int | None) -> None:
    with store.write() as session:
        editing.undo(session, actor=bank.supervisor, edit_id=edit_id or 0, now=NOW)


def test_merge_split_undo_restores_every_text(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    before, shown = state(store), listed(store)
    merged = merge(store, bank, topics["年费"], topics["催收"])
    assert topics["年费"] not in listed(store)
    inside = [id_ for id_, topic in state(store).items() if topic == topics["催收"]]
    made = split(store, bank, topics["催收"], inside[:7])
    assert made.target_id in listed(store)
    assert state(store).keys() == before.keys()
    undo(store, bank, made.id)
    undo(store, bank, merged)
    assert state(store) == before
    assert listed(store) == shown


def test_an_edit_outlives_a_fit(
    store: Store, clock: SetClock, bank: Bank, topics: dict[str, int], feedback: Feedback
) -> None:
    merge(store, bank, topics["年费"], topics["催收"])
    made = split(store, bank, topics["闪退"], feedback["闪退"][:6])
    with store.write() as session:
        late = [bank.feedback(session, "年费") for _ in range(4)]
        for _ in range(8):
            bank.feedback(session, "排队")
    fit_topics(store, clock=clock, seed=11)
    assert topics_of(store, late) == [topics["催收"]] * 4
    assert topics_of(store, feedback["闪退"][:6]) == [made.target_id] * 6
    with store.read() as session:
        assert session.get_one(Topic, made.target_id).retired_version_id is None
    undo(store, bank, made.id)
    assert topics_of(store, feedback["闪退"][:6]) == [topics["闪退"]] * 6


def test_new_feedback_is_assigned_as_edited(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    merge(store, bank, topics["年费"], topics["催收"])
    with store.write() as session:
        late = bank.feedback(session, "年费")
    tasks.assign_now([late], store=store)
    assert topics_of(store, [late]) == [topics["催收"]]
    with store.read() as session:
        assert session.get_one(TopicAssignment, late).base_topic_id == topics["年费"]


def test_what_comes_after_a_split_goes_to_the_side_it_resembles(
    store: Store, bank: Bank, topics: dict[str, int], feedback: Feedback
) -> None:
    """Two matters were one topic: merged, then split along the texts of one of them."""
    merge(store, bank, topics["年费"], topics["催收"])
    fees = [one for one in feedback["年费"] if state(store)[one] == topics["催收"]]
    made = split(store, bank, topics["催收"], fees, name="年费又分开")
    with store.write() as session:
        fee, call = bank.feedback(session, "年费"), bank.feedback(session, "催收")
    tasks.assign_now([fee, call], store=store)
    assert topics_of(store, [fee, call]) == [made.target_id, topics["催收"]]


def test_a_pinned_text_stays_through_fits(
    store: Store, clock: SetClock, bank: Bank, topics: dict[str, int], feedback: Feedback
) -> None:
    stray = feedback["排队"][0]
    with store.write() as session:
        moved = editing.move(
            session, actor=bank.supervisor, topic_id=topics["排队"], target_id=topics["闪退"],
            interaction_ids=[stray], now=NOW,
        )  # fmt: skip
    fit_topics(store, clock=clock, seed=3)
    assert topics_of(store, [stray]) == [topics["闪退"]]
    undo(store, bank, moved.id)
    assert topics_of(store, [stray]) == [topics["排队"]]


def test_a_hidden_topic_keeps_its_feedback(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    before = state(store)
    with store.write() as session:
        made = editing.hide(session, actor=bank.supervisor, topic_id=topics["排队"], now=NOW)
    assert topics["排队"] not in listed(store)
    assert state(store) == before
    undo(store, bank, made.id)
    assert topics["排队"] in listed(store)


def test_what_an_edit_would_change_is_told_before_and_is_what_it_changes(
    store: Store, bank: Bank, topics: dict[str, int]
) -> None:
    one, other = topics["年费"], topics["催收"]
    with store.read() as session:
        told = editing.differences(session, editing.drafted(one, other))
        sizes = {topic: editing.size_of(session, topic) for topic in (one, other)}
    assert {(row.topic.id if row.topic else None): (row.before, row.after) for row in told} == {
        one: (sizes[one], 0),
        other: (sizes[other], sizes[one] + sizes[other]),
    }
    merge(store, bank, one, other)
    with store.read() as session:
        assert editing.size_of(session, other) == sizes[one] + sizes[other]


def test_a_fit_describes_a_split_topic_anew(
    store: Store, bank: Bank, clock: SetClock, topics: dict[str, int], feedback: Feedback
) -> None:
    merge(store, bank, topics["年费"], topics["催收"])
    made = split(store, bank, topics["催收"], feedback["年费"], name="年费又分开")
    with store.write() as session:
        topic = session.get_one(Topic, made.target_id)
        assert "年费" in topic.terms
        topic.terms, topic.representatives = ["旧词"], []
        session.add(topic)
    fit_topics(store, clock=clock, seed=8)
    with store.read() as session:
        topic = session.get_one(Topic, made.target_id)
        assert topic.name == "年费又分开"
        assert "年费" in topic.terms
        assert len(topic.representatives) == 5
        assert set(topic.representatives) <= set(feedback["年费"])


def test_parts_and_words_find_what_to_split(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    merge(store, bank, topics["年费"], topics["催收"])
    with store.read() as session:
        first, second = describe.offers(session, topics["催收"])
        said = describe.containing(session, topics["催收"], "年费 告知")
    assert {len(first.interaction_ids), len(second.interaction_ids)} <= set(range(15, 25))
    assert set(said) in ({*first.interaction_ids}, {*second.interaction_ids})


def test_a_split_topic_that_was_used_is_not_undone(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    ids = [id_ for id_, topic in state(store).items() if topic == topics["催收"]]
    made = split(store, bank, topics["催收"], ids[:5])
    later = merge(store, bank, made.target_id or 0, topics["年费"])
    with pytest.raises(Conflict, match="先撤销后来的"):
        undo(store, bank, made.id)
    undo(store, bank, later)
    undo(store, bank, made.id)
    with pytest.raises(Conflict, match="已经撤销"):
        undo(store, bank, made.id)


def test_edits_that_make_no_sense_change_nothing(
    store: Store, bank: Bank, topics: dict[str, int], feedback: Feedback
) -> None:
    before = state(store)
    whole = [id_ for id_, topic in before.items() if topic == topics["催收"]]
    with pytest.raises(Invalid):
        merge(store, bank, topics["年费"], topics["年费"])
    with pytest.raises(NotFound):
        merge(store, bank, topics["年费"], 999)
    for ids, error in ((whole, Invalid), ([], Invalid), (feedback["年费"][:2], Conflict)):
        with pytest.raises(error):
            split(store, bank, topics["催收"], ids)
    with store.read() as session:
        taken = session.get_one(Topic, topics["年费"]).name
    with pytest.raises(Invalid, match="同名"):
        split(store, bank, topics["催收"], whole[:3], name=taken)
    assert state(store) == before


def test_each_edit_is_in_the_audit_chain(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    undo(store, bank, merge(store, bank, topics["年费"], topics["催收"]))
    with store.read() as session:
        acts = session.exec(select(AuditEntry.action).where(col(AuditEntry.subject) == f"topic:{topics['年费']}")).all()
    assert acts == ["topic.merge", "topic.merge_undo"]


def test_a_fit_tells_what_was_born(store: Store, clock: SetClock, bank: Bank, topics: dict[str, int]) -> None:
    assert len(topics) == len(MATTERS)
    with store.write() as session:
        new = [bank.feedback(session, "", days_ago=0.5) for _ in range(3)]
        vector = session.get_one(Interaction, new[0])
        assert vector.analysis_id
    fit_topics(store, clock=clock, seed=9)
    with store.read() as session:
        (_latest, told), (_first, none) = lineage.history(session)
    assert none == []
    assert all(event.kind in set(EventKind) for event in told)


def test_lineage_is_told_by_where_texts_went() -> None:
    import numpy as np

    before = np.array([0] * 10 + [1] * 10 + [-2] * 10)
    after = np.array([0] * 4 + [5] * 6 + [0] * 10 + [6] * 10)
    told = list(lineage.events(before, after, born={5: 50, 6: 60}, retired=(1,)))
    assert [(one.kind, one.topic_id, one.other_id, one.texts) for one in told] == [
        (EventKind.SPLIT, 50, 0, 6),
        (EventKind.BORN, 60, None, 10),
        (EventKind.MERGED, 1, 0, 10),
    ]
