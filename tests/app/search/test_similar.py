"""Feedback about the same matter is called similar, and only what may be shown."""

from __future__ import annotations

import pytest

from app.feedback.erase import erase, restrict
from app.feedback.models import Interaction
from app.search import similar
from app.search.similar import Neighbours
from app.store.engine import Store
from tests.app.topics.conftest import MATTERS, NOW, Bank, bank, feedback

__all__ = ["bank", "feedback"]

Feedback = dict[str, list[int]]


def near(store: Store, neighbours: Neighbours, interaction_id: int, *, most: int = 50) -> list[int]:
    with store.read() as session:
        found = neighbours.similar(session, interaction_id=interaction_id, most=most)
    assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
    assert all(similar.CLOSE <= one.likeness <= 1.001 for one in found)
    return [one.row.interaction.id or 0 for one in found]


def test_the_same_matter_is_similar_and_others_are_not(store: Store, feedback: Feedback) -> None:
    neighbours = Neighbours()
    with store.read() as session:
        neighbours.warm(session)
    for matter in MATTERS:
        one, *others = feedback[matter]
        assert sorted(near(store, neighbours, one)) == sorted(others)
        assert len(near(store, neighbours, one, most=3)) == 3


def test_what_came_since_is_found_and_what_went_is_not_shown(
    store: Store, feedback: Feedback, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours = Neighbours()
    first, second, third, *_ = feedback["年费"]
    assert {second, third} < set(near(store, neighbours, first))
    with store.write() as session:
        new = [bank.feedback(session, "年费") for _ in range(3)]
        erase(session, [second], now=NOW)
        restrict(session, session.get_one(Interaction, third))
    found = set(near(store, neighbours, first))
    assert found.issuperset(new)
    assert not found & {second, third}
    monkeypatch.setattr(similar, "READ_AGAIN_S", -1)
    assert set(near(store, neighbours, first)) == found
    assert neighbours._size == 81  # nothing of what went is kept


def test_another_version_of_the_pipeline_begins_anew(store: Store, feedback: Feedback, bank: Bank) -> None:
    neighbours = Neighbours()
    assert near(store, neighbours, feedback["年费"][0])
    with store.write() as session:
        new = [bank.feedback(session, "年费", version="test-2") for _ in range(similar.FEWEST)]
        new += [bank.feedback(session, "排队", version="test-2") for _ in range(similar.FEWEST)]
    assert near(store, neighbours, feedback["年费"][0]) == []
    assert set(near(store, neighbours, new[0])) == set(new[1 : similar.FEWEST])


def test_too_little_feedback_is_similar_to_nothing(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one, _ = bank.feedback(session, "年费"), bank.feedback(session, "年费")
    assert near(store, Neighbours(), one) == []
    assert near(store, Neighbours(), 99) == []
