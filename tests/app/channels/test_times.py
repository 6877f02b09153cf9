"""Times as senders write them: one reading, or none."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.channels.times import UnreadableTimeError, parse_time

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-21T10:00:00+08:00", datetime(2026, 9, 21, 2, tzinfo=UTC)),
        ("2026-09-21T02:00:00Z", datetime(2026, 9, 21, 2, tzinfo=UTC)),
        ("2026-09-21 10:00", datetime(2026, 9, 21, 2, tzinfo=UTC)),
        ("2026/9/21 10:00", datetime(2026, 9, 21, 2, tzinfo=UTC)),
        ("2026.9.21", datetime(2026, 9, 20, 16, tzinfo=UTC)),
        ("2026年9月21日 10时5分", datetime(2026, 9, 21, 2, 5, tzinfo=UTC)),
        ("2026年9月21日10:05:09", datetime(2026, 9, 21, 2, 5, 9, tzinfo=UTC)),
        ("２０２６－９－２１　１０：００", datetime(2026, 9, 21, 2, tzinfo=UTC)),
        ("46286.25", datetime(2026, 9, 20, 22, tzinfo=UTC)),
    ],
)
def test_is_read(text: str, expected: datetime) -> None:
    assert parse_time(text, SHANGHAI) == expected


@pytest.mark.parametrize(
    "text",
    ["21/09/2026", "09/10/2026 10:00", "9-10-26", "昨天", "", "2026-13-01", "2026-02-30", "1789956000", "0001-01-01"],
)
def test_is_refused(text: str) -> None:
    with pytest.raises(UnreadableTimeError):
        parse_time(text, SHANGHAI)
