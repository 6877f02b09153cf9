"""The map of a fit in the store, on both databases: what is on it, where it stays, and what leaves it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlmodel import select

from app.feedback.erase import erase, restrict
from app.feedback.models import Interaction
from app.topics import editing, places, tasks
from app.topics.models import TopicPlace
from app.topics.service import fit_topics
from nlp.topics import plane
from tests.app.topics.conftest import MATTERS, NOW
from tests.app.topics.test_topic_fit import main_topic

if TYPE_CHECKING:
    from app.store.engine import Store
    from nlp.topics.plane import Labels, Points
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock


def positions(store: Store) -> dict[int, tuple[float, float]]:
    with store.read() as session:
        return {one.interaction_id: (one.x, one.y) for one in session.exec(select(TopicPlace))}


def shown(store: Store) -> dict[int, places.Point]:
    with store.read() as session:
        return {one.interaction_id: one for one in places.points(session)}


def test_a_fit_places_feedback_with_its_words_topic_and_sentiment(
    store: Store, clock: SetClock, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    points = shown(store)
    assert set(points) == {one for ids in feedback.values() for one in ids}
    for matter, ids in feedback.items():
        topic_id = main_topic(store, ids)
        own = [points[one] for one in ids if points[one].topic_id == topic_id]
        assert len(own) >= 0.9 * len(ids)
        assert all(one.words.startswith(MATTERS[matter][0]) and one.sentiment == -1 for one in own)
    assert [one.at for one in points.values()] == sorted(one.at for one in points.values())


def test_a_refit_finds_topics_where_they_were_and_places_what_came(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    before = positions(store)
    with store.write() as session:
        new = bank.feedback(session, "排队")
    tasks.assign([{"interaction_id": new}], store=store)
    assert positions(store) == before  # between two fits the map stands
    fit_topics(store, clock=clock, seed=8)
    after = positions(store)
    assert set(after) == {*before, new}
    for ids in feedback.values():
        was, now = (np.median([found[one] for one in ids], axis=0) for found in (before, after))
        assert np.linalg.norm(was - now) < 0.4
    own = np.median([after[one] for one in feedback["排队"]], axis=0)
    assert np.linalg.norm(np.array(after[new]) - own) < 0.6


def test_only_what_is_drawn_or_was_on_the_last_map_is_brought_into_the_space(
    store: Store, clock: SetClock, feedback: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def placed(points: Points, rows: Labels, *, before: Points, seed: int) -> Points:
        read.append(len(points))
        return plane.place(points, rows, before=before, seed=seed)

    most = [30, 16]
    monkeypatch.setattr(places, "draw", lambda groups, keys: plane.draw(groups, keys, most=most[len(read)]))
    monkeypatch.setattr(places, "in_the_plane", placed)
    fit_topics(store, clock=clock, seed=7)
    first = set(positions(store))
    fit_topics(store, clock=clock, seed=7)
    second = set(positions(store))
    assert len(second) <= 16 < len(first) <= 30  # of 80
    assert read == [len(first), len(first | second)]


def test_erased_and_restricted_feedback_is_on_no_map(
    store: Store, clock: SetClock, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    erased, restricted = feedback["排队"][:2]
    with store.write() as session:
        erase(session, [erased], now=NOW)
        restrict(session, session.get_one(Interaction, restricted))
    assert erased not in positions(store)
    assert {erased, restricted} & set(shown(store)) == set()


def test_what_is_erased_or_restricted_while_the_map_is_drawn_is_left_out(
    store: Store, clock: SetClock, feedback: dict[str, list[int]]
) -> None:
    erased, restricted = feedback["闪退"][:2]
    done: list[bool] = []

    def meanwhile(_: int) -> None:
        if not done:
            done.append(True)
            with store.write() as session:
                erase(session, [erased], now=NOW)
                restrict(session, session.get_one(Interaction, restricted))

    fit_topics(store, clock=clock, seed=7, progress=meanwhile)
    assert {erased, restricted} & set(positions(store)) == set()
    assert len(positions(store)) == 78


def test_too_little_feedback_leaves_no_map_of_the_fit_before(
    store: Store, clock: SetClock, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    with store.write() as session:
        erase(session, [one for ids in feedback.values() for one in ids][5:], now=NOW)
    fit_topics(store, clock=clock, seed=7)
    assert positions(store) == {}


def test_an_edit_shows_at_once(store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]) -> None:
    fit_topics(store, clock=clock, seed=7)
    fees, queues = main_topic(store, feedback["年费"]), main_topic(store, feedback["排队"])
    with store.write() as session:
        editing.merge(session, actor=bank.supervisor, topic_id=fees, target_id=queues, now=NOW)
    assert fees not in {one.topic_id for one in shown(store).values()}


def test_sizes_count_what_the_lists_have(store: Store, clock: SetClock, feedback: dict[str, list[int]]) -> None:
    fit_topics(store, clock=clock, seed=7)
    with store.read() as session:
        whole = places.sizes(session)
        recent = places.sizes(session, since=NOW - timedelta(days=28), until=NOW)
    assert sum(whole.values()) == 80
    assert sum(recent.values()) == 4 * 11  # of twenty, one every two and a half days from yesterday back
