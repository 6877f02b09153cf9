"""Which days are compared."""

from __future__ import annotations

from datetime import date

import pytest

from app.clock import local_day
from app.errors import Invalid
from app.topics.periods import Periods, Preset, Stretch, before, checked, preset

TODAY = date(2026, 10, 20)


def periods(*days: str) -> Periods:
    one, two, three, four = (date.fromisoformat(f"2026-{day}") for day in days)
    return Periods(Stretch(one, two), Stretch(three, four))


@pytest.mark.parametrize(
    ("name", "today", "wanted"),
    [
        (Preset.WINDOW, TODAY, periods("09-22", "10-19", "08-25", "09-21")),
        (Preset.WEEK, TODAY, periods("10-13", "10-19", "10-06", "10-12")),
        (Preset.MONTH, TODAY, periods("10-01", "10-19", "09-01", "09-19")),
        (Preset.MONTH, date(2026, 10, 1), periods("09-01", "09-30", "08-01", "08-30")),
        (Preset.MONTH, date(2026, 3, 31), periods("03-01", "03-30", "02-01", "02-28")),
    ],
)
def test_presets_end_yesterday(name: Preset, today: date, wanted: Periods) -> None:
    assert preset(name, today) == wanted
    assert checked(wanted, today=today) == wanted


def test_the_month_before_january_is_december() -> None:
    found = preset(Preset.MONTH, date(2026, 1, 8))
    assert found.earlier == Stretch(date(2025, 12, 1), date(2025, 12, 7))


def test_lengths_may_differ() -> None:
    found = before(Stretch(date(2026, 10, 18), date(2026, 10, 19)), 28)
    assert (found.later.days, found.earlier.days) == (2, 28)
    assert found.ratio == pytest.approx(1 / 14)
    assert found.earlier.until == found.later.since
    assert local_day(found.later.since) == found.later.first
    assert not found.same_weekdays
    assert preset(Preset.WEEK, TODAY).same_weekdays


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (periods("10-13", "10-12", "10-01", "10-02"), "后一期的结束日期早于开始日期"),
        (periods("10-13", "10-14", "10-03", "10-02"), "前一期的结束日期早于开始日期"),
        (periods("10-13", "10-20", "10-01", "10-02"), "最晚到昨天"),
        (periods("10-13", "10-14", "10-01", "10-13"), "前一期要在后一期开始之前结束"),
        (
            Periods(Stretch(date(2026, 10, 1), date(2026, 10, 2)), Stretch(date(2025, 9, 1), date(2026, 9, 30))),
            "前一期有 395 天，最多 366 天",
        ),
        (
            Periods(Stretch(date(2026, 10, 1), date(2026, 10, 2)), Stretch(date.min, date(2026, 9, 30))),
            "前一期的开始日期太早",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong: Periods, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        checked(wrong, today=TODAY)
