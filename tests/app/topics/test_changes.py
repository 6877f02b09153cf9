"""What carries a topic's change, on both databases, and how often a page marks something where nothing happened."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import event
from sqlmodel import select

from app.clock import day_start, local_day
from app.customers.models import Customer
from app.feedback import wording
from app.feedback.models import Analysis, Interaction, InteractionState
from app.topics.change_words import words_of
from app.topics.changes import DIMENSIONS, TopicChange, change_of, judged
from app.topics.differences import scatter_of
from app.topics.periods import Periods, Preset, Stretch, before, preset
from app.topics.query import list_topics
from tests.app.topics.conftest import NOW
from tests.app.topics.test_topic_query import put, records, topic

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.channels.kinds import ChannelKind
    from app.store.engine import Store
    from app.topics.changes import Part
    from tests.app.topics.conftest import Bank

TODAY = local_day(NOW)
PERIODS = preset(Preset.WINDOW, TODAY)
KINDS = (5, 9, 12, 15, 20, 4, 8, 30)  # values of the dimensions of a made-up bank


def say(
    session: Session,
    bank: Bank,
    topic_id: int,
    *,
    days_ago: float,
    matter: str = "排队",
    **of: str | ChannelKind | None,
) -> int:
    """A feedback of the topic with some of its labels, in the search."""
    number = bank.feedback(session, matter, days_ago=days_ago)
    row = session.get_one(Interaction, number)
    analysis = session.get_one(Analysis, row.analysis_id)
    for name, value in of.items():
        setattr(analysis if hasattr(analysis, name) else row, name, value)
    session.add_all([row, analysis])
    wording.settle(session, row)
    put(session, topic_id, number)
    return number


@pytest.fixture
def risen(store: Store, bank: Bank) -> int:
    """From 20 to 60, all of it from the app and in the talk of 闪退; an older text and another topic's do not count."""
    with store.write() as session:
        one, other = topic(session, "排队"), topic(session, "别的")
        for number in range(20):
            say(session, bank, one, days_ago=1.5 + number, product="P1" if number % 2 else None)
            say(session, bank, one, days_ago=30 + number, product="P1" if number % 2 else None)
        for number in range(40):
            say(session, bank, one, days_ago=1.5 + number / 2, matter="闪退", touchpoint="mobile_app", product="P2")
        say(session, bank, one, days_ago=70)
        say(session, bank, other, days_ago=3)
        records(session, bank)
        return one


def part(change: TopicChange, label: str, name: str | None) -> Part:
    return next(one for one in change.parts[label] if one.name == name)


def test_counts_differences_and_marks(store: Store, risen: int) -> None:
    with store.read() as session:
        change = change_of(session, topic_id=risen, periods=PERIODS)
    assert (change.later, change.earlier, change.comparable, change.sure) == (60, 20, True, True)
    assert change.change.value == 40
    assert set(change.parts) == set(DIMENSIONS)
    for values in change.parts.values():
        assert (sum(one.later for one in values), sum(one.earlier for one in values)) == (60, 20)
        assert sum(one.of_difference or 0 for one in values) == pytest.approx(1)
    app, desk = part(change, "touchpoint", "mobile_app"), part(change, "touchpoint", "branch")
    assert (app.later, app.earlier, app.of_difference, app.changed, app.shifted) == (40, 0, 1, True, True)
    assert (desk.later, desk.earlier, desk.changed, desk.shifted) == (20, 20, False, True)
    assert part(change, "product", None).later == 10
    assert not any(one.changed or one.shifted for one in change.parts["region"])  # one region is the topic itself
    assert change.parts["touchpoint"][0] is app


def test_a_period_is_read_once_for_all_dimensions(store: Store, risen: int) -> None:
    told: list[str] = []
    with store.read() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *of: told.append(of[2]))
        change_of(session, topic_id=risen, periods=PERIODS)
    assert len([one for one in told if "topic_assignment" in one]) == 2


def test_a_rise_everywhere_shifts_nothing(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one = topic(session, "排队")
        records(session, bank)
        for number in range(90):
            where = {"touchpoint": "branch" if number % 2 else "sms", "region": f"R{number % 3}"}
            say(session, bank, one, days_ago=1.5 + number % 27 if number < 66 else 30 + number % 26, **where)
        change = change_of(session, topic_id=one, periods=PERIODS)
    marked = [one for values in change.parts.values() for one in values if one.changed]
    assert change.sure
    assert {"branch", "sms"} <= {one.name for one in marked}
    assert not any(one.shifted for values in change.parts.values() for one in values)


def test_segments_are_those_of_the_customers(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one = topic(session, "排队")
        rich = Customer(ref="C1", segment="贵宾", named_at=NOW)
        session.add(rich)
        session.flush()
        numbers = [say(session, bank, one, days_ago=3) for _ in range(4)]
        for number in numbers[:3]:
            session.get_one(Interaction, number).customer_id = rich.id
        session.flush()
        change = change_of(session, topic_id=one, periods=PERIODS)
    assert [(one.name, one.later) for one in change.parts["segment"]] == [("贵宾", 3), (None, 1)]


def test_words_that_more_or_fewer_texts_say(store: Store, risen: int) -> None:
    with store.read() as session:
        words = words_of(session, topic_id=risen, periods=PERIODS)
    more = {one.term: one for one in words.more}
    assert {"闪退", "手机银行"} <= set(more)
    assert "手机" not in more  # it never stands alone
    assert (more["闪退"].later, more["闪退"].earlier) == (40, 0)
    assert more["闪退"].shift.low > 0.4
    assert "排队" in {one.term for one in words.less}
    assert (words.read, words.cut) == ((60, 20), False)


def test_many_texts_are_read_at_even_distances(store: Store, risen: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.topics.change_words.MOST_READ", 30)
    with store.read() as session:
        words = words_of(session, topic_id=risen, periods=PERIODS)
    assert (words.read, words.of, words.cut) == ((30, 20), (60, 20), True)
    assert "闪退" in {one.term for one in words.more}


def test_an_alert_of_two_days_is_judged_by_rates(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one = topic(session, "排队")
        for number in range(28):
            say(session, bank, one, days_ago=3 + number)
        for _ in range(2):
            say(session, bank, one, days_ago=1)
        two_days = before(Stretch(TODAY - timedelta(days=2), TODAY - timedelta(days=1)), 28)
        change = change_of(session, topic_id=one, periods=two_days)
    assert (change.later, change.earlier, change.change.value) == (2, 28, 0)
    assert not change.sure


def test_nothing_is_marked_where_the_records_do_not_reach_back(store: Store, risen: int) -> None:
    far = Periods(PERIODS.later, Stretch(date(2026, 1, 1), date(2026, 9, 1)))
    with store.read() as session:
        change = change_of(session, topic_id=risen, periods=far)
    assert not change.comparable
    assert not change.sure
    assert not any(one.changed or one.shifted for values in change.parts.values() for one in values)


def test_a_stray_text_of_long_ago_is_no_record(store: Store, bank: Bank) -> None:
    """Of 19 texts in four weeks and none before: that could be the day on which the bank began to send."""
    with store.write() as session:
        one = topic(session, "排队")
        for number in range(19):
            say(session, bank, one, days_ago=1.5 + number)
        bank.feedback(session, "", days_ago=900)
        change = change_of(session, topic_id=one, periods=PERIODS)
        assert (change.later, change.earlier, change.comparable, change.sure) == (19, 0, False, False)
        assert not any(part.changed for values in change.parts.values() for part in values)
        (row,) = list_topics(session, until=day_start(TODAY))
        assert (row.change.count, row.change.previous, row.change.comparable) == (19, 0, False)
        records(session, bank)
        assert change_of(session, topic_id=one, periods=PERIODS).sure
        assert list_topics(session, until=day_start(TODAY))[0].change.comparable


def test_an_empty_topic_and_an_empty_period(store: Store, bank: Bank) -> None:
    with store.write() as session:
        none = topic(session, "没有")
        change = change_of(session, topic_id=none, periods=PERIODS)
        assert (change.later, change.earlier, change.sure) == (0, 0, False)
        say(session, bank, none, days_ago=3)
        change = change_of(session, topic_id=none, periods=PERIODS)
        assert change.parts["region"][0].shift is None
        assert words_of(session, topic_id=none, periods=PERIODS).more == []


def test_restricted_feedback_is_left_out(store: Store, risen: int) -> None:
    with store.write() as session:
        number = session.exec(select(Interaction.id).order_by("id")).first()
        session.get_one(Interaction, number).state = InteractionState.RESTRICTED
        session.flush()
        assert change_of(session, topic_id=risen, periods=PERIODS).later == 59


@pytest.mark.parametrize(("factor", "days"), [(1, 28), (2, 28), (1, 2)])
def test_where_nothing_happened_few_pages_mark_anything(factor: float, days: int) -> None:
    """Eight dimensions, days that scatter; where all rose alike, no share shifted. The stated rate is 5 %."""
    random = np.random.default_rng(5)
    periods = before(Stretch(TODAY - timedelta(days=days), TODAY - timedelta(days=1)), 28)
    changed = shifted = 0
    for _ in range(150):
        later, earlier = (
            random.poisson(random.gamma(20, 5 * times / 20, length)) for times, length in ((factor, days), (1, 28))
        )
        counted = {}
        for label, kinds in enumerate(KINDS):
            shares = random.dirichlet(np.full(kinds, 0.5))
            drawn = zip(*(random.multinomial(side.sum(), shares).tolist() for side in (later, earlier)), strict=True)
            counted[str(label)] = [(str(kind), now, then) for kind, (now, then) in enumerate(drawn) if now + then]
        found = judged(
            counted,
            later=int(later.sum()),
            earlier=int(earlier.sum()),
            periods=periods,
            scatter=scatter_of(later.tolist(), earlier.tolist()),
            comparable=True,
        )
        parts = [one for values in found.parts.values() for one in values]
        changed += any(one.changed for one in parts)
        shifted += any(one.shifted for one in parts)
    assert shifted / 150 <= 0.07
    if factor == 1:
        assert changed / 150 <= 0.07


def test_a_topic_of_hundreds_is_quick(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one = topic(session, "排队")
        for number in range(500):
            say(session, bank, one, days_ago=1 + number % 54, region=f"R{number % 9}")
    with store.read() as session:
        words_of(session, topic_id=one, periods=PERIODS)  # the dictionary is loaded once
        spent = []
        for _ in range(3):
            begin = time.process_time()
            change_of(session, topic_id=one, periods=PERIODS)
            words_of(session, topic_id=one, periods=PERIODS)
            spent.append(time.process_time() - begin)
    assert min(spent) < 0.15
