"""Instants are UTC, days are the bank's."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import ShiftedClock, SystemClock, day_start, local_day

SHANGHAI = timezone(timedelta(hours=8))


def test_the_shifted_clock_starts_there_and_runs_on() -> None:
    start = datetime(2026, 11, 1, 8, 40, tzinfo=SHANGHAI)
    clock = ShiftedClock(start)
    first = clock.now()
    time.sleep(0.01)
    assert first.utcoffset() == timedelta(0)
    assert start <= first < clock.now() < start + timedelta(minutes=1)


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        ShiftedClock(datetime(2026, 11, 1))  # noqa: DTZ001 - the mistake under test


def test_the_system_clock_tells_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), date(2026, 10, 31)),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 1, 0, 0, tzinfo=SHANGHAI), date(2026, 11, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_shanghai(at: datetime, day: date) -> None:
    assert local_day(at) == day


@given(st.dates(min_value=date(1992, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_starts_on_itself(day: date) -> None:
    """From 1992 on, when the last summer time of China was over."""
    assert local_day(day_start(day)) == day
    assert local_day(day_start(day) - timedelta(microseconds=1)) == day - timedelta(days=1)
