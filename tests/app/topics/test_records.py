"""How far back the records reach, on both databases: strays are none, and what lies between makes no difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.topics.records import cover, reach
from tests.app.topics.conftest import NOW

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.topics.conftest import Bank

YEAR_AGO = 364


@pytest.mark.parametrize(
    ("weeks", "kept"),
    [
        ([], 0),
        ([0, 0], 0),
        ([40, 50, 45], 3),
        ([40, 50, 45, 1], 3),  # a stray
        ([40, 50, 5, 45], 2),  # a tenth of the fullest
        ([40, 50, 6, 45], 4),
    ],
)
def test_records_end_at_a_week_that_holds_next_to_nothing(weeks: list[float], kept: int) -> None:
    assert reach(weeks, fullest=max(weeks, default=0)) == kept


@pytest.mark.parametrize(
    ("days_ago", "strays", "covered"),
    [
        (range(60), [], True),
        (range(56), [], True),  # the earlier period's first day is the first of all
        (range(55), [], False),
        (range(54), [58, 900], False),
        (range(28), [58, 900], False),
        ([*range(28), *range(35, 70)], [], False),  # nothing in the last week of the earlier period
        ([], [], False),
    ],
)
def test_the_earlier_of_two_periods_of_28_days(
    store: Store, bank: Bank, days_ago: list[int], strays: list[int], *, covered: bool
) -> None:
    with store.write() as session:
        for day in [*days_ago, *days_ago, *strays]:
            bank.feedback(session, "", days_ago=day + 0.5)
        middle = NOW - timedelta(days=28)
        earlier = (middle - timedelta(days=28), middle)
        assert cover(session, earlier=earlier, later=(middle, NOW)) is covered


def test_what_lies_between_makes_no_difference(store: Store, bank: Bank) -> None:
    with store.write() as session:
        for day in (*range(7), *range(YEAR_AGO, YEAR_AGO + 21)):
            bank.feedback(session, "", days_ago=day + 0.5)
        ends = NOW, NOW - timedelta(days=YEAR_AGO)
        later, earlier = ((end - timedelta(days=7), end) for end in ends)
        assert cover(session, earlier=earlier, later=later)
