"""Reading the times that senders and spreadsheets write.

Only notations with one reading are taken: `21/09/2026` and `09/10/26` are refused, because day and month
cannot be told apart for every date of the year. A time without an offset is in the source's zone.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

AMBIGUOUS = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}(?!\d)")
WRITTEN = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2}))?[分秒]?)?"
)
SPREADSHEET = re.compile(r"\d{5}(?:\.\d+)?")  # days since 1899-12-30, as Excel counts them
SPREADSHEET_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - the zone is added once the days are counted
FIRST_YEAR, LAST_YEAR = 1990, 2100


class UnreadableTimeError(ValueError):
    """The text is no time, or has two readings; the message is Chinese and free of the text itself."""


def parse_time(text: str, zone: tzinfo) -> datetime:
    """The instant, in UTC, that `text` names; a date alone is its first moment.

    Takes ISO 8601, `2026/9/21 10:00`, `2026年9月21日 10时5分` and Excel's serial numbers, full-width digits
    included. Raises UnreadableTimeError.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if AMBIGUOUS.match(text):
        raise UnreadableTimeError("日期的日月次序不明，请写成 2026-09-21 这样的形式")
    try:
        when = _read(text)
    except (ValueError, OverflowError):
        raise UnreadableTimeError("时间读不出来，请写成 2026-09-21 10:00 这样的形式") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise UnreadableTimeError(f"年份须在 {FIRST_YEAR} 与 {LAST_YEAR} 之间")
    return when.astimezone(UTC)


def _read(text: str) -> datetime:
    if SPREADSHEET.fullmatch(text):
        return SPREADSHEET_EPOCH + timedelta(seconds=round(float(text) * 86_400))
    if found := WRITTEN.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
    return datetime.fromisoformat(text)
