"""Alerts over a store, on both databases: what is raised, told once, decided and taken back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.errors import Conflict, NotFound
from app.feedback.erase import erase
from app.feedback.models import Interaction, InteractionState
from app.store.audit import AuditEntry
from app.topics import alerts
from app.topics.counts import daily_counts, kind_of
from app.topics.models import AlertState, TopicAlert
from nlp.topics.emerging import DAYS, HOLIDAY
from tests.app.topics.conftest import NOW
from tests.app.topics.test_topic_query import put, topic

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.store.engine import Store
    from tests.app.topics.conftest import Bank
    from tests.conftest import SetClock

TODAY = date(2026, 10, 20)
YESTERDAY = TODAY - timedelta(days=1)


def usual(session: Session, bank: Bank, topic_id: int | None, *, days: int = 63) -> None:
    """One text a day, on the days before yesterday."""
    for ago in range(2, days + 1):
        put(session, topic_id, bank.feedback(session, "排队", days_ago=ago))


def many(session: Session, bank: Bank, topic_id: int | None, *, ago: int = 1, count: int = 15) -> list[int]:
    """A day on which a topic rises, in another region."""
    ids = [bank.feedback(session, "排队", days_ago=ago, region="南岭市") for _ in range(count)]
    put(session, topic_id, *ids)
    return ids


@pytest.fixture
def queue(store: Store, bank: Bank) -> int:
    """A topic with one text a day before yesterday."""
    with store.write() as session:
        topic_id = topic(session, "排队")
        topic(session, "年费")
        usual(session, bank, topic_id)
        return topic_id


@pytest.fixture
def alert_id(store: Store, bank: Bank, queue: int, clock: SetClock) -> int:
    with store.write() as session:
        many(session, bank, queue)
    assert alerts.raise_alerts(store, clock=clock) == 1
    return raised(store)[0].id or 0


def raised(store: Store) -> list[TopicAlert]:
    with store.read() as session:
        return list(session.exec(select(TopicAlert).order_by(col(TopicAlert.id))))


def test_an_alert_says_what_rose_by_how_much_since_when_and_where(store: Store, queue: int, alert_id: int) -> None:
    (alert,) = raised(store)
    assert (alert.topic_id, alert.since, alert.raised_on, alert.last_on) == (queue, YESTERDAY, YESTERDAY, YESTERDAY)
    assert alert.observed == 15
    assert alert.expected == pytest.approx(1, abs=0.2)
    assert 1 < alert.low < alert.factor < alert.high
    assert alert.carriers["region"] == {"南岭市": 15}
    assert set(alert.carriers["channel"]) == {"phone", "chat"}
    assert len(alert.texts) == 5
    assert alert.state is AlertState.OPEN
    with store.read() as session:
        assert [one.id for one in alerts.open_alerts(session, on=TODAY)] == [alert_id]


def test_a_rise_is_told_once_while_it_lasts_and_anew_after_it_ended(
    store: Store, bank: Bank, queue: int, alert_id: int, clock: SetClock
) -> None:
    assert alerts.raise_alerts(store, clock=clock) == 0
    with store.write() as session:
        many(session, bank, queue, ago=0)
    clock.advance(timedelta(days=1))
    alerts.nightly([], store=store, clock=clock)
    (alert,) = raised(store)
    assert (alert.raised_on, alert.last_on, alert.observed) == (YESTERDAY, TODAY, 15)
    with store.write() as session:
        for after in range(1, 16):  # as usual again
            many(session, bank, queue, ago=-after, count=1)
        many(session, bank, queue, ago=-16, count=60)
    clock.advance(timedelta(days=15))
    assert alerts.raise_alerts(store, clock=clock) == 0  # that day is not over
    clock.advance(timedelta(days=1))
    assert alerts.raise_alerts(store, clock=clock) == 1
    first, second = raised(store)
    assert alerts.is_over(first, on=TODAY + timedelta(days=17))
    assert not alerts.is_over(second, on=TODAY + timedelta(days=17))


def test_a_theme_that_resembles_no_topic_raises_the_alarm_too(store: Store, bank: Bank, clock: SetClock) -> None:
    with store.write() as session:
        other = topic(session, "年费")
        usual(session, bank, other)
        many(session, bank, None)
    assert alerts.raise_alerts(store, clock=clock) == 1
    assert raised(store)[0].topic_id is None


def test_feedback_that_came_late_is_judged_on_its_day(store: Store, bank: Bank, queue: int, clock: SetClock) -> None:
    with store.write() as session:
        many(session, bank, queue, ago=4)
    assert alerts.raise_alerts(store, clock=clock) == 1
    assert raised(store)[0].raised_on == TODAY - timedelta(days=4)


def test_short_records_raise_nothing(store: Store, bank: Bank, clock: SetClock) -> None:
    with store.write() as session:
        one = topic(session, "排队")
        usual(session, bank, one, days=28)
        put(session, one, bank.feedback(session, "排队", days_ago=60))  # a stray text of long ago
        many(session, bank, one)
    assert alerts.raise_alerts(store, clock=clock) == 0


def test_a_store_without_topics_raises_nothing(store: Store, clock: SetClock) -> None:
    assert alerts.raise_alerts(store, clock=clock) == 0


def test_restricted_and_waiting_feedback_is_not_counted(store: Store, bank: Bank, queue: int, clock: SetClock) -> None:
    with store.write() as session:
        for number, one in enumerate(many(session, bank, queue)):
            row = session.get_one(Interaction, one)
            row.state = InteractionState.RESTRICTED if number % 2 else InteractionState.PENDING
            session.add(row)
    assert alerts.raise_alerts(store, clock=clock) == 0
    with store.read() as session:
        assert daily_counts(session, until=TODAY, days=DAYS).counts[:, -1].sum() == 0


def test_an_alert_outlives_texts_that_were_erased(store: Store, alert_id: int) -> None:
    (alert,) = raised(store)
    with store.write() as session:
        assert erase(session, alert.texts[:2], now=NOW) == 2
    assert len(raised(store)) == 1


def test_days_are_the_banks_and_counted_by_topic(store: Store, bank: Bank, queue: int) -> None:
    with store.write() as session:
        put(session, queue, bank.feedback(session, "排队", days_ago=1 + 9.9 / 24))  # 00:06 in Shanghai, 16:06 in UTC
    with store.read() as session:
        table = daily_counts(session, until=TODAY, days=DAYS)
    assert table.days[-1] == YESTERDAY
    assert table.counts[table.topic_ids.index(queue), -2:].tolist() == [1, 1]
    assert table.topic_ids[-1] is None


@pytest.mark.parametrize(
    ("day", "kind"),
    [("2026-10-01", HOLIDAY), ("2026-10-10", 2), ("2026-10-17", 5), ("2026-10-19", 0), ("2027-02-06", HOLIDAY)],
)
def test_the_calendar_knows_holidays_and_weekends_that_are_worked(day: str, kind: int) -> None:
    assert kind_of(date.fromisoformat(day)) == kind


def test_a_decision_is_made_once_audited_and_taken_back(store: Store, bank: Bank, queue: int, alert_id: int) -> None:
    with store.write() as session:
        alerts.accept(session, actor=bank.supervisor, alert_id=alert_id, issue_id=7, now=NOW)
    with store.write() as session, pytest.raises(Conflict, match="已受理"):
        alerts.dismiss(session, actor=bank.supervisor, alert_id=alert_id, now=NOW)
    with store.write() as session:
        assert alerts.open_alerts(session, on=TODAY) == []
        alerts.reopen(session, actor=bank.supervisor, alert_id=alert_id, now=NOW)
        assert len(alerts.open_alerts(session, on=TODAY)) == 1
        assert [one.id for one in alerts.alerts_of(session, topic_id=queue)] == [alert_id]
        said = session.exec(select(AuditEntry).where(col(AuditEntry.action).startswith("topic.alert")))
        assert [(one.action, one.subject, one.detail["alert"]) for one in said] == [
            ("topic.alert_accept", f"topic:{queue}", alert_id),
            ("topic.alert_reopen", f"topic:{queue}", alert_id),
        ]
    with store.write() as session, pytest.raises(Conflict):
        alerts.reopen(session, actor=bank.supervisor, alert_id=alert_id, now=NOW)
    with store.write() as session, pytest.raises(NotFound):
        alerts.snooze(session, actor=bank.supervisor, alert_id=99, now=NOW)


def test_a_snoozed_alert_comes_back_after_a_week(store: Store, bank: Bank, alert_id: int) -> None:
    with store.write() as session:
        alerts.snooze(session, actor=bank.supervisor, alert_id=alert_id, now=NOW)
    with store.read() as session:
        assert alerts.open_alerts(session, on=TODAY + timedelta(days=6)) == []
        assert len(alerts.open_alerts(session, on=TODAY + timedelta(days=7))) == 1
    with store.write() as session:
        alerts.dismiss(session, actor=bank.supervisor, alert_id=alert_id, now=NOW)
        assert alerts.open_alerts(session, on=TODAY + timedelta(days=7)) == []
