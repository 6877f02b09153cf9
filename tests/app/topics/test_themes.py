"""Themes: topics stand under the business of their feedback, or where a person put them, and sums are sums."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.errors import Invalid
from app.feedback.models import Analysis
from app.topics import editing, themes
from app.topics.models import Topic, TopicAssignment
from app.topics.query import Sort, list_topics
from app.topics.service import fit_topics
from tests.app.topics.conftest import MATTERS, NOW
from tests.app.topics.test_topic_fit import main_topic

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock


@pytest.fixture
def ids(store: Store, bank: Bank, clock: SetClock) -> dict[str, int]:
    """Thirty feedback of each matter, in topics."""
    with store.write() as session:
        said = {
            matter: [
                bank.feedback(session, matter, days_ago=1 + n, csat=1 + n % 5 if n < 9 else None) for n in range(30)
            ]
            for matter in MATTERS
        }
    fit_topics(store, clock=clock, seed=7)
    return {matter: main_topic(store, feedback) for matter, feedback in said.items()}


def theme_of(store: Store, topic_id: int) -> str:
    with store.read() as session:
        return session.get_one(Topic, topic_id).theme


def test_a_topic_stands_under_the_business_of_its_feedback(store: Store, ids: dict[str, int]) -> None:
    assert {matter: theme_of(store, one) for matter, one in ids.items()} == {
        matter: business for matter, (_, _, business) in MATTERS.items()
    }


def test_a_topic_about_several_businesses_stands_last(store: Store, ids: dict[str, int]) -> None:
    with store.write() as session:
        of_topic = select(TopicAssignment.interaction_id).where(TopicAssignment.topic_id == ids["年费"])
        analyses = session.exec(select(Analysis).where(col(Analysis.interaction_id).in_(of_topic))).all()
        for number, analysis in enumerate(analyses):
            analysis.business = ("credit_card", "loan", "savings")[number % 3]
            session.add(analysis)
        themes.settle(session)
    assert theme_of(store, ids["年费"]) == "other"
    with store.read() as session:
        found = themes.grouped(list_topics(session, until=NOW + timedelta(days=1)), Sort.RISING)
    assert found[-1].name == "跨业务或其他"
    assert ids["年费"] in [row.id for row in found[-1].topics]


def test_an_edit_that_changes_most_of_a_topic_changes_its_theme(store: Store, bank: Bank, ids: dict[str, int]) -> None:
    with store.write() as session:
        for matter in ("闪退", "排队"):
            said = session.exec(
                select(TopicAssignment.interaction_id).where(TopicAssignment.topic_id == ids[matter])
            ).all()
            editing.move(
                session, actor=bank.supervisor, topic_id=ids[matter], target_id=ids["年费"], interaction_ids=said,
                now=NOW,
            )  # fmt: skip
    assert theme_of(store, ids["年费"]) == "other"


def test_where_a_person_put_it_it_stays(store: Store, bank: Bank, clock: SetClock, ids: dict[str, int]) -> None:
    one = ids["年费"]
    with store.write() as session:
        themes.put(session, actor=bank.supervisor, topic_id=one, theme="loan", now=NOW)
    fit_topics(store, clock=clock, seed=8)
    assert theme_of(store, one) == "loan"
    with store.write() as session:
        themes.put(session, actor=bank.supervisor, topic_id=one, theme="", now=NOW)
    assert theme_of(store, one) == "credit_card"


def test_a_theme_that_is_none_is_refused(store: Store, bank: Bank, ids: dict[str, int]) -> None:
    with store.write() as session, pytest.raises(Invalid, match="没有这个大类"):
        themes.put(session, actor=bank.supervisor, topic_id=ids["年费"], theme="nonsense", now=NOW)


@pytest.mark.parametrize("sort", list(Sort))
def test_every_topic_is_under_one_theme_and_sums_are_sums(
    store: Store, bank: Bank, ids: dict[str, int], sort: Sort
) -> None:
    with store.write() as session:
        themes.put(session, actor=bank.supervisor, topic_id=ids["闪退"], theme="credit_card", now=NOW)
    with store.read() as session:
        rows = list_topics(session, until=NOW + timedelta(days=1), sort=sort)
    found = themes.grouped(rows, sort)
    assert sorted(row.id for theme in found for row in theme.topics) == sorted(row.id for row in rows)
    cards = next(theme for theme in found if theme.theme == "credit_card")
    assert {row.id for row in cards.topics} >= {ids["年费"], ids["闪退"]}
    assert cards.name == "信用卡"
    assert cards.change.count == sum(row.change.count for row in cards.topics)
    assert cards.negative == sum(row.negative for row in cards.topics)
    assert cards.weekly[-1] == sum(row.weekly[-1] for row in cards.topics)
    scored = [row.csat for row in cards.topics if row.csat.value is not None]
    assert cards.csat.n == sum(mean.n for mean in scored)
    mean = sum((one.value or 0) * one.n for one in scored) / cards.csat.n
    assert cards.csat.value == pytest.approx(mean)
