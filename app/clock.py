"""The one source of time.

Nothing else calls `datetime.now`: the demo lives on the day after its last feedback, and tests set the time they need.
Instants are aware UTC; days are the bank's days, Asia/Shanghai.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Protocol
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
# Days that people give lie between these; another one is a slip of the pen, such as 0202 for 2026.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)


class Clock(Protocol):
    """Tells the time as an aware UTC datetime."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """Starts at a given instant when it is made and runs on from there at normal speed."""

    def __init__(self, start: datetime) -> None:
        """`start` must be aware."""
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._start = start.astimezone(UTC)
        self._made = time.monotonic()

    def now(self) -> datetime:
        """The shifted instant, aware, in UTC."""
        return self._start + timedelta(seconds=time.monotonic() - self._made)


def local_day(at: datetime) -> date:
    """The bank's calendar day of an aware instant."""
    return at.astimezone(ZONE).date()


def day_start(day: date) -> datetime:
    """The instant, in UTC, at which the bank's calendar day begins."""
    return datetime.combine(day, time_of_day.min, ZONE).astimezone(UTC)
