"""Satisfaction beside a topic: within channels, with an interval, in words that name no cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.feedback.query import FeedbackFilter
from app.topics.heat import View, heat
from app.topics.impact import FEWEST, Answers, Impact, impact, impacts
from app.topics.models import Topic
from tests.app.topics.conftest import NOW
from tests.app.topics.test_topic_query import put, topic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.store.engine import Store
    from tests.app.topics.conftest import Bank

SCORES = np.arange(1, 6)
DRAWS = 1000
EVERYTHING = FeedbackFilter()
BEGIN = NOW.replace(year=2019)


def answers(*values: float) -> Answers:
    return Answers(len(values), sum(values), sum(value**2 for value in values))


def told(mine: dict[str, Answers], others: dict[str, Answers]) -> Impact:
    return impact(1, mine, {channel: others[channel] + mine.get(channel, Answers()) for channel in others})


def test_a_channel_that_scores_low_is_not_taken_for_the_topic() -> None:
    """Everybody on the phone says 2 or 3, in the chat 4 or 5, and the topic comes by phone."""
    phone, chat = answers(*[2, 3] * 40), answers(*[4, 5] * 40)
    found = told({"phone": answers(*[2, 3] * 20)}, {"phone": phone, "chat": chat})
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0)
    assert found.drag < -0.1


def test_the_difference_weighs_channels_as_the_topic_has_them() -> None:
    mine = {"phone": answers(*[1, 1, 2, 2] * 9), "chat": answers(*[3, 4] * 2), "mail": answers(1)}
    found = told(mine, {"phone": answers(*[2, 3] * 30), "chat": answers(*[3, 4] * 30), "mail": answers(5)})
    assert found.compared == 40  # of the mails of others there is one
    assert found.difference is not None
    assert found.difference.value == pytest.approx((36 * -1 + 4 * 0) / 40)


def test_too_few_and_all_alike_are_not_compared() -> None:
    few = told({"phone": answers(*[1] * (FEWEST - 1))}, {"phone": answers(*[3, 4] * 40)})
    assert few.difference is None
    assert few.compared == FEWEST - 1
    assert told({"phone": answers(*[1] * 40)}, {"phone": answers(*[1] * 40)}).difference is None
    alone = told({"phone": answers(*[1, 2] * 40)}, {"phone": Answers()})
    assert (alone.difference, alone.without, alone.drag) == (None, None, 0.0)


@pytest.mark.parametrize("n", [FEWEST, 60])
def test_the_interval_keeps_its_promise(n: int) -> None:
    """Skewed answers in two channels, most of the topic's at 1."""
    random = np.random.default_rng(2)
    mine = {"phone": [0.5, 0.2, 0.15, 0.1, 0.05], "chat": [0.7, 0.1, 0.1, 0.05, 0.05]}
    others = {"phone": [0.1, 0.1, 0.2, 0.3, 0.3], "chat": [0.5, 0.2, 0.1, 0.1, 0.1]}

    def draw(share: list[float], times: int) -> Answers:
        values: NDArray[np.int64] = random.choice(SCORES, times, p=share)
        return answers(*values.tolist())

    held = 0
    for _ in range(DRAWS):
        phone = int(random.binomial(n, 0.6))
        counts = {"phone": phone, "chat": n - phone}
        found = told(
            {channel: draw(mine[channel], counts[channel]) for channel in mine},
            {channel: draw(others[channel], 80) for channel in others},
        )
        truth = sum(counts[one] / n * float(SCORES @ (np.array(mine[one]) - np.array(others[one]))) for one in mine)
        assert found.difference is not None
        held += found.difference.low <= truth <= found.difference.high
    assert held / DRAWS >= 0.93


def test_topics_are_ordered_by_their_drag(store: Store, bank: Bank) -> None:
    with store.write() as session:
        low, high, hidden = (topic(session, name) for name in ("催收", "年费", "闪退"))
        for number in range(80):
            one, score = (high, 4) if number % 4 > 1 else (low, 1)  # each of them by both channels
            put(session, one, *(bank.feedback(session, "", csat=score + other) for other in (0, 1)))
        bank.feedback(session, "", csat=3)  # of no topic yet
        put(session, hidden, bank.feedback(session, "闪退"))  # without a score
        found = impacts(session, since=BEGIN, until=NOW)
        none = impacts(session, since=BEGIN, until=NOW.replace(year=2020))
    assert [(one.topic_id, one.answers.n, one.everybody.n, one.found) for one in found] == [
        (low, 80, 161, True),
        (high, 80, 161, True),
    ]
    assert found[0].answers.mean == 1.5
    assert found[0].without == pytest.approx((80 * 4.5 + 3) / 81)
    assert found[0].drag < 0 < found[1].drag
    assert none == []


def test_topics_that_cannot_be_compared_come_last(store: Store, bank: Bank) -> None:
    with store.write() as session:
        many, few = (topic(session, name) for name in ("年费", "闪退"))
        put(session, many, *(bank.feedback(session, "", csat=4 + number % 2) for number in range(80)))
        put(session, few, *(bank.feedback(session, "", csat=1) for _ in range(FEWEST - 1)))
        for number in range(80):
            bank.feedback(session, "", csat=3 + number % 2)
        found = impacts(session, since=BEGIN, until=NOW)
    assert [(one.topic_id, one.difference is not None) for one in found] == [(many, True), (few, False)]
    assert found[1].drag < 0 < found[0].drag


def test_heat_counts_what_has_both_labels(store: Store, bank: Bank) -> None:
    with store.write() as session:
        one, hidden = topic(session, "排队"), topic(session, "藏")
        bank.feedback(session, "排队")  # of no topic yet
        put(session, one, *(bank.feedback(session, "排队") for _ in range(3)))
        put(session, hidden, bank.feedback(session, "排队"))
        session.get_one(Topic, hidden).listed = False
        session.flush()
        causes = heat(session, view=View.CAUSE_TOUCHPOINT, filter=EVERYTHING)
        topics = heat(session, view=View.TOPIC_CAUSE, filter=EVERYTHING)
    assert (causes.cells, causes.total) == ({("service", "branch"): 5}, 5)
    assert (topics.cells, topics.rows, topics.columns) == ({(str(one), "service"): 3}, {str(one): 3}, {"service": 3})
