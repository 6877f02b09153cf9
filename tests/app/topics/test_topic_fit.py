"""Fitting over a store and assigning what comes after, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.errors import Conflict
from app.feedback.models import Interaction
from app.topics import query, service, tasks
from app.topics.models import EventKind, Topic, TopicAssignment, TopicEvent, TopicVersion
from app.topics.service import FIT_STEPS, fit_topics, rename
from nlp.topics.model import TopicModel
from tests.app.topics.conftest import MATTERS, NOW
from tests.nlp.test_topics import above_the_loosest

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock


def topics_of(store: Store, interaction_ids: list[int]) -> list[int | None]:
    with store.read() as session:
        found = (session.get(TopicAssignment, one) for one in interaction_ids)
        return [one.topic_id if one else -1 for one in found]


def main_topic(store: Store, interaction_ids: list[int]) -> int:
    """The topic most of them are in; each matter has one."""
    found = [one for one in topics_of(store, interaction_ids) if one]
    most = max(set(found), key=found.count)
    assert found.count(most) >= 0.9 * len(interaction_ids)
    return most


def living(store: Store) -> list[int | None]:
    """The topics that no fit has retired."""
    with store.read() as session:
        wanted = select(Topic.id).where(col(Topic.retired_version_id).is_(None)).order_by(col(Topic.id))
        return list(session.exec(wanted))


def given_by_model(store: Store) -> list[int]:
    """The topics that new feedback may go to, one for each centroid."""
    with store.read() as session:
        version = session.exec(select(TopicVersion).order_by(col(TopicVersion.id).desc()).limit(1)).one()
        return sorted(TopicModel.from_bytes(version.model).ids.tolist())


def test_fit_writes_topics_assignments_and_a_version(
    store: Store, clock: SetClock, feedback: dict[str, list[int]]
) -> None:
    steps: list[int] = []
    version = fit_topics(store, clock=clock, seed=7, progress=steps.append)
    assert sum(steps) == FIT_STEPS
    assert version.texts == 80
    assert version.covered >= 0.9 * 80
    topics = {matter: main_topic(store, ids) for matter, ids in feedback.items()}
    assert len(set(topics.values())) == len(MATTERS)
    with store.read() as session:
        for matter, topic_id in topics.items():
            topic = session.get_one(Topic, topic_id)
            assert matter in topic.name + "".join(topic.terms)
            assert set(topic.representatives) <= set(feedback[matter])
        covered = query.coverage(session)
    assert covered.total == 80
    assert covered.assigned == version.covered
    assert covered.fitted_at == clock.now()


def test_ids_and_peoples_names_survive_a_refit(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    before = {matter: main_topic(store, ids) for matter, ids in feedback.items()}
    with store.write() as session:
        rename(session, actor=bank.supervisor, topic_id=before["年费"], name="年费争议", now=NOW)
        for matter in MATTERS:
            bank.feedback(session, matter)
    second = fit_topics(store, clock=clock, seed=8)
    assert {matter: main_topic(store, ids) for matter, ids in feedback.items()} == before
    with store.read() as session:
        topic = session.get_one(Topic, before["年费"])
        assert (topic.name, topic.renamed_by) == ("年费争议", "lin")
        assert topic.proposed_name != "年费争议"
        assert service.active_count(session) == len(MATTERS)
        versions = {one.version_id for one in session.exec(select(TopicAssignment))}
    assert versions == {second.id}


def test_new_feedback_is_assigned_and_odd_feedback_is_not(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    with store.write() as session:
        known = bank.feedback(session, "排队")
        other_version = bank.feedback(session, "排队", version="test-2")
        odd = [bank.feedback(session, "") for _ in range(10)]
    ids = [known, other_version, *odd]
    for _ in range(2):  # a job may run twice
        tasks.assign([{"interaction_id": one} for one in ids], store=store)
    assert topics_of(store, [known]) == [main_topic(store, feedback["排队"])]
    assert topics_of(store, [other_version]) == [-1]
    assert topics_of(store, odd).count(None) >= 7


def test_assigning_before_the_first_fit_does_nothing(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one = bank.feedback(session, "排队")
    tasks.assign([{"interaction_id": one}], store=store)
    assert topics_of(store, [one]) == [-1]


def test_too_little_feedback_is_told(store: Store, clock: SetClock) -> None:
    with pytest.raises(Conflict, match="太少"):
        fit_topics(store, clock=clock, seed=7)


def test_a_fit_that_was_overtaken_is_not_saved(store: Store, clock: SetClock, feedback: dict[str, list[int]]) -> None:
    started: list[bool] = []

    def overtake(_: int) -> None:
        if not started:
            started.append(True)
            fit_topics(store, clock=clock, seed=7)

    with pytest.raises(Conflict, match="另一次"):
        fit_topics(store, clock=clock, seed=8, progress=overtake)
    with store.read() as session:
        assert [one.seed for one in session.exec(select(TopicVersion))] == [7]


def test_feedback_that_goes_or_comes_during_a_fit(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    gone = feedback["闪退"].pop()
    came: list[int] = []

    def meanwhile(_: int) -> None:
        if not came:
            with store.write() as session:
                session.delete(session.get_one(Interaction, gone))
                came.append(bank.feedback(session, "闪退"))

    fit_topics(store, clock=clock, seed=7, progress=meanwhile)
    assert topics_of(store, [gone]) == [-1]
    assert topics_of(store, came) == [main_topic(store, feedback["闪退"])]


def test_a_matter_that_is_gone_is_retired_and_its_id_stays_its_own(
    store: Store, clock: SetClock, bank: Bank, feedback: dict[str, list[int]]
) -> None:
    fit_topics(store, clock=clock, seed=7)
    gone = main_topic(store, feedback["催收"])
    with store.write() as session:
        for one in feedback.pop("催收"):
            session.delete(session.get_one(Interaction, one))
    second = fit_topics(store, clock=clock, seed=7)
    with store.write() as session:
        assert session.get_one(Topic, gone).retired_version_id == second.id
        assert gone not in {row.id for row in query.list_topics(session, until=NOW)}
        again = [bank.feedback(session, "催收") for _ in range(20)]
    fit_topics(store, clock=clock, seed=7)
    assert main_topic(store, again) > gone


def test_a_group_that_no_feedback_is_near_enough_to_is_in_no_model(
    store: Store, clock: SetClock, feedback: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.topics.fit._noise_level", above_the_loosest)
    fit_topics(store, clock=clock, seed=7)
    assert len(living(store)) >= 2
    assert given_by_model(store) == living(store)


def test_a_topic_that_keeps_no_feedback_is_retired_told_and_given_no_more(
    store: Store, clock: SetClock, feedback: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_topics(store, clock=clock, seed=7)
    monkeypatch.setattr("nlp.topics.fit._noise_level", above_the_loosest)
    second = fit_topics(store, clock=clock, seed=7)
    with store.read() as session:
        retired = set(session.exec(select(Topic.id).where(Topic.retired_version_id == second.id)))
        told = set(session.exec(select(TopicEvent.topic_id).where(TopicEvent.kind == EventKind.RETIRED)))
    assert retired
    assert told == retired
    assert given_by_model(store) == living(store)
