"""How figures and times are said in Chinese: filters of the templates, used by the pages as well.

Days and times are the bank's (Asia/Shanghai); ranges and comparisons never claim more than they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.clock import ZONE, local_day

WEEKDAYS = "一二三四五六日"
SMALL = 0.1  # a share that keeps a digit
FEWEST = 3  # weeks from which there is a usual
COUNTED = {
    "feedback": "副本含反馈",
    "scores": "评分",
    "follow_ups": "回访",
    "erased": "删除反馈",
    "restricted": "停止处理",
    "answers": "删除回访",
}
GREETINGS = ((18, "晚上好"), (13, "下午好"), (11, "中午好"), (5, "早上好"), (0, "晚上好"))  # from the hour


def number(value: float) -> str:
    """1234 -> 1,234; a fraction keeps one digit."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float) -> str:
    """0.123 -> 12%; shares under a tenth keep one digit, so that 0.4% does not read as nothing."""
    return f"{share:.1%}" if 0 < share < SMALL else f"{share:.0%}"


def signed(value: float, digits: int | None = None) -> str:
    """A change with its sign: +3, −2 (a real minus), 0; with `digits` behind the point: +0.30, −2.00, 0.00."""
    shown = value if digits is None else round(value, digits)
    figure = number(abs(shown)) if digits is None else f"{abs(shown):,.{digits}f}"
    return ("+" if shown > 0 else "−" if shown < 0 else "") + figure


def day(at: date | datetime, today: date | None = None) -> str:
    """11月6日; of an instant, the bank's day. With `today` given, another year than its own is told."""
    at = at.astimezone(ZONE) if isinstance(at, datetime) else at
    year = f"{at.year}年" if today and today.year != at.year else ""
    return f"{year}{at.month}月{at.day}日"


def full_day(at: date | datetime) -> str:
    """2026年11月6日 星期五."""
    at = at.astimezone(ZONE) if isinstance(at, datetime) else at
    return f"{at.year}年{at.month}月{at.day}日 星期{WEEKDAYS[at.weekday()]}"


def moment(at: datetime, today: date | None = None) -> str:
    """11月6日 08:40; the year as in `day`."""
    return f"{day(at, today)} {at.astimezone(ZONE):%H:%M}"


def due(on: date, today: date) -> str:
    """A due date as a person says it: 今天到期, 已逾期 3 天, 还有 5 天."""
    days = (on - today).days
    if days == 0:
        return "今天到期"
    return f"已逾期 {-days} 天" if days < 0 else f"还有 {days} 天"


def against_day_before(count: int, before: int) -> str:
    """Yesterday against the day before."""
    if count == before:
        return f"与前天持平（{before} 条）"
    return f"比前天{'多' if count > before else '少'} {abs(count - before)} 条（前天 {before} 条）"


def against_usual(count: int, usual: Sequence[int], weekday: int) -> str:
    """Yesterday against the same weekday of the weeks before: only a count outside their range is called unusual."""
    name = f"周{WEEKDAYS[weekday]}"
    if len(usual) < FEWEST:
        return f"反馈记录不足三个{name}，暂不比较"
    low, high, mean = min(usual), max(usual), sum(usual) / len(usual)
    place = "高于" if count > high else "低于" if count < low else "在"
    tail = "" if place != "在" else " 之内"
    return f"{place}近 {len(usual)} 个{name}的范围 {low}–{high}{tail}（平均 {number(round(mean, 1))}）"


def greeting(at: datetime) -> str:
    """By the hour in the bank."""
    hour = at.astimezone(ZONE).hour
    return next(words for begins, words in GREETINGS if hour >= begins)


def outcome(counts: Mapping[str, int]) -> str:
    """What was done for a person's request, in counts."""
    return "，".join(f"{COUNTED[name]} {count} 条" for name, count in counts.items() if name in COUNTED)


FILTERS = {
    "number": number,
    "percent": percent,
    "signed": signed,
    "day": day,
    "full_day": full_day,
    "moment": moment,
    "outcome": outcome,
    "local_day": local_day,
}
