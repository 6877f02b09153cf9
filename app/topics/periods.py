"""Two periods that are compared: whole days of the bank's calendar, one before the other."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.clock import day_start
from app.errors import Invalid
from app.topics.query import DAYS

MOST_DAYS = 366
EARLIEST = date(2000, 1, 1)  # nobody has feedback of before, and the calendar's own beginning has no instant in UTC
WEEK = 7


class Preset(StrEnum):
    """Periods that people ask for by name."""

    WINDOW = "window"
    WEEK = "week"
    MONTH = "month"

    @property
    def chinese(self) -> str:
        """As a choice in the console."""
        return {
            Preset.WINDOW: f"近 {DAYS} 天对前 {DAYS} 天",
            Preset.WEEK: "近 7 天对前 7 天",
            Preset.MONTH: "本月对上月同期",
        }[self]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def end(self) -> date:
        """The first day after it."""
        return self.last + timedelta(days=1)

    @property
    def since(self) -> datetime:
        """The instant at which it begins."""
        return day_start(self.first)

    @property
    def until(self) -> datetime:
        """The instant at which it has ended."""
        return day_start(self.end)


@dataclass(frozen=True, slots=True)
class Periods:
    """A later stretch against an earlier one; their lengths may differ."""

    later: Stretch
    earlier: Stretch

    @property
    def ratio(self) -> float:
        """The later one's days over the earlier one's."""
        return self.later.days / self.earlier.days

    @property
    def same_weekdays(self) -> bool:
        """True where both hold each weekday equally often, so that weekdays cannot make a difference."""
        return self.later.days % WEEK == 0 and self.earlier.days % WEEK == 0


def before(later: Stretch, days: int) -> Periods:
    """A stretch against the `days` days before it."""
    return Periods(later, Stretch(later.first - timedelta(days=days), later.first - timedelta(days=1)))


def preset(name: Preset, today: date) -> Periods:
    """By name, up to yesterday. MONTH is yesterday's month against as many days of the one before, if it has them."""
    yesterday = today - timedelta(days=1)
    if name is not Preset.MONTH:
        days = DAYS if name is Preset.WINDOW else WEEK
        return before(Stretch(today - timedelta(days=days), yesterday), days)
    later = Stretch(yesterday.replace(day=1), yesterday)
    first = (later.first - timedelta(days=1)).replace(day=1)
    days = min(later.days, monthrange(first.year, first.month)[1])
    return Periods(later, Stretch(first, first + timedelta(days=days - 1)))


def checked(periods: Periods, *, today: date) -> Periods:
    """The periods as they are. Raises Invalid where they cannot be compared."""
    for stretch, name, field in ((periods.later, "后一期", "later"), (periods.earlier, "前一期", "earlier")):
        if stretch.days < 1:
            raise Invalid(f"{name}的结束日期早于开始日期，请重新填写。", field=field)
        if stretch.first < EARLIEST:
            raise Invalid(f"{name}的开始日期太早，请填 2000 年以后的日期。", field=field)
        if stretch.days > MOST_DAYS:
            raise Invalid(f"{name}有 {stretch.days} 天，最多 {MOST_DAYS} 天，请改短。", field=field)
    if periods.later.last >= today:
        raise Invalid("后一期最晚到昨天：今天还没有过完，不能拿来比。", field="later")
    if periods.earlier.last >= periods.later.first:
        raise Invalid("前一期要在后一期开始之前结束，请重新填写。", field="earlier")
    return periods
