"""What carries a topic's change, as pages show it: one sentence, tables whose figures open their lists, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.channels.kinds import ChannelKind
from app.feedback import display
from app.topics.change_words import Word, Words
from app.topics.changes import Part, TopicChange
from app.topics.differences import Estimate
from app.topics.models import TopicAlert
from app.topics.periods import Stretch, before
from app.topics.query import DAYS
from app.web.labels import CHANNELS
from app.web.render import link_to
from app.web.words import day, number, percent, signed

TITLES = {
    "channel": "渠道",
    "touchpoint": "触点",
    "cause": "原因",
    "business": "业务类别",
    "product": "产品",
    "segment": "客群",
    "region": "地区",
    "branch": "网点",
}
UNSAID = {("touchpoint", "unknown"), ("cause", "none")}  # name nothing that could be seen to
NOT_TOLD = "未注明"
ROWS = 8  # of one table
WHOLE = 10  # texts, from which a difference is told without a digit
NAMED = 3  # parts and words in the sentence


def name_of(label: str, value: str | None, products: Mapping[str, str]) -> str:
    """A value of a dimension in Chinese."""
    if value is None:
        return NOT_TOLD
    if label == "channel":
        return CHANNELS[ChannelKind(value)]
    if label == "product":
        return products.get(value, value)
    return display.title(label, value) if label in {"touchpoint", "cause", "business"} else value


def stretch_words(stretch: Stretch, today: date) -> str:
    """10月4日–10月31日（28 天）."""
    if stretch.days == 1:
        return f"{day(stretch.first, today)}（1 天）"
    return f"{day(stretch.first, today)}–{day(stretch.last, today)}（{stretch.days} 天）"


def list_of(topic_id: int, stretch: Stretch, **filters: object) -> str:
    """The address of a topic's feedback in a period."""
    return link_to("/feedback", topic=topic_id, since=stretch.first, until=stretch.last, **filters)


def why(alert: TopicAlert) -> str | None:
    """The page that explains an alert: its own days against those before; None of 未归类."""
    if alert.topic_id is None:
        return None
    periods = before(Stretch(alert.since, alert.raised_on), DAYS)
    return link_to(f"/topics/{alert.topic_id}/change", **fields(periods.later, periods.earlier))


def fields(later: Stretch, earlier: Stretch) -> dict[str, str]:
    """The parameters of the page for two periods."""
    return {
        "later_since": later.first.isoformat(),
        "later_until": later.last.isoformat(),
        "earlier_since": earlier.first.isoformat(),
        "earlier_until": earlier.last.isoformat(),
    }


def summary(change: TopicChange, words: Words, products: Mapping[str, str]) -> str:
    """One or two Chinese sentences: how much more or less, what carries it, or that nothing does."""
    if not change.comparable:
        return "记录没有覆盖前一期，不能比较；请把前一期改到有记录的日子。"
    if not change.later + change.earlier:
        return "两期都没有这个主题的反馈；请换一段时间。"
    carried = _carried(change, products)
    tail = carried or ("" if change.sure else "渠道、产品等各处也没有超出随机波动的变化。")
    said = "、".join(one.term for one in words.more[:NAMED])
    return f"{_whole(change)}{tail}{f'更常说到：{said}。' if said else ''}"


def _whole(change: TopicChange) -> str:
    """比前 28 天多 41 条（95% 区间 18 到 64）."""
    later, earlier = change.periods.later.days, change.periods.earlier.days
    against = f"比前一期的 {earlier} 天" if earlier == later else f"按 {later} 天折算，比前一期"
    figures = f"{against}{more(change.change)}"
    return f"{figures}。" if change.change.sure else f"{figures}，总量看不出升降。"


def _carried(change: TopicChange, products: Mapping[str, str]) -> str:
    """The parts that carry a sure difference, or whose share changed where the whole did not."""
    parts = [
        (label, part)
        for label, values in change.parts.items()
        for part in values
        if part.name is not None and (label, part.name) not in UNSAID
    ]
    up = change.change.value > 0
    if not change.sure:
        shifted = [one for one in parts if one[1].shifted]
        named = "；".join(_shift(label, part, products, change) for label, part in _largest(shifted))
        return f"但构成变了：{named}。" if named else ""
    carrying = [one for one in parts if one[1].changed and (one[1].change.value > 0) == up]
    ahead = [(label, part) for label, part in carrying if part.shifted and part.shift and (part.shift.value > 0) == up]
    named = "；".join(
        f"{TITLES[label]} {name_of(label, part.name, products)} {more(part.change)}"
        + (f"，{_shares(part, change)}" if ahead else "")
        for label, part in _largest(ahead or carrying)
    )
    if not named:
        return "看不出由哪一处承担。"
    faster = "" if ahead else f"看不出它们是否比别处{'多' if up else '少'}得更快。"
    return f"其中{named}。{faster}"


def _largest(parts: Iterable[tuple[str, Part]]) -> list[tuple[str, Part]]:
    return sorted(parts, key=lambda one: -abs(one[1].change.value))[:NAMED]


def _shift(label: str, part: Part, products: Mapping[str, str], change: TopicChange) -> str:
    return f"{TITLES[label]} {name_of(label, part.name, products)} {_shares(part, change)}"


def _shares(part: Part, change: TopicChange) -> str:
    """占比由 30% 升到 52%."""
    earlier, later = part.earlier / change.earlier, part.later / change.later
    return f"占比由 {percent(earlier)} {'升' if later > earlier else '降'}到 {percent(later)}"


def more(change: Estimate) -> str:
    """多 41 条（95% 区间 18 到 64）; the interval with its signs where it holds 0."""
    low, high = change.low, change.high
    if change.sure:
        ends = sorted((abs(low), abs(high)))
        interval = f"{_texts(ends[0])} 到 {_texts(ends[1])}"
    else:
        interval = f"{_signed(low)} 到 {_signed(high)}"
    return f"{'少' if change.value < 0 else '多'} {_texts(abs(change.value))} 条（95% 区间 {interval}）"


def _texts(count: float) -> str:
    """A number of texts; a small one keeps a digit, so that 0.4 does not read as none."""
    return number(round(count, 1 if abs(count) < WHOLE else 0))


def _signed(count: float) -> str:
    return signed(round(count, 1 if abs(count) < WHOLE else 0))


def tables(change: TopicChange, topic_id: int, products: Mapping[str, str]) -> list[dict[str, Any]]:
    """A table for each dimension that has values to compare, first those in which a share changed."""
    found = [
        _table(label, values, change, topic_id, products) for label, values in change.parts.items() if len(values) > 1
    ]
    return sorted(found, key=lambda table: (not table["shifted"], not table["marked"]))


def _table(
    label: str, values: list[Part], change: TopicChange, topic_id: int, products: Mapping[str, str]
) -> dict[str, Any]:
    ordered = sorted(values, key=lambda part: not (part.changed or part.shifted))
    rest = ordered[ROWS:]
    return {
        "title": TITLES[label],
        "id": label,
        "kinds": len(values),
        "shifted": any(part.shifted for part in values),
        "marked": any(part.changed or part.shifted for part in values),
        "rows": [_row(label, part, change, topic_id, products) for part in ordered[:ROWS]],
        "rest": {
            "kinds": len(rest),
            "later": sum(part.later for part in rest),
            "earlier": sum(part.earlier for part in rest),
        },
    }


def _row(label: str, part: Part, change: TopicChange, topic_id: int, products: Mapping[str, str]) -> dict[str, Any]:
    later, earlier = change.periods.later, change.periods.earlier
    told = part.name is not None
    return {
        "title": name_of(label, part.name, products),
        "later": part.later,
        "later_link": list_of(topic_id, later, **{label: part.name}) if told else None,
        "earlier": part.earlier,
        "earlier_link": list_of(topic_id, earlier, **{label: part.name}) if told else None,
        "change": _signed(part.change.value),
        "interval": f"{_signed(part.change.low)} 到 {_signed(part.change.high)}",
        "of_difference": "" if part.of_difference is None else _whole_percent(part.of_difference),
        "shares": _from_to(part.earlier, change.earlier, part.later, change.later),
        "shift": _points(part.shift),
        "changed": part.changed and ("条数增多" if part.change.value > 0 else "条数减少"),
        "shifted": part.shifted and part.shift and ("占比上升" if part.shift.value > 0 else "占比下降"),
    }


def _whole_percent(share: float) -> str:
    """A share that may be below 0 or above 1."""
    return f"{signed(round(100 * share)).removeprefix('+')}%"


def word_rows(words: Iterable[Word], read: tuple[int, int], topic_id: int, later: Stretch) -> list[dict[str, Any]]:
    """Words with the list of the later period's texts that say them."""
    return [
        {
            "term": one.term,
            "count": one.later,
            "link": list_of(topic_id, later, q=one.term),
            "shares": _from_to(one.earlier, read[1], one.later, read[0]),
            "shift": _points(one.shift),
        }
        for one in words
    ]


def _from_to(earlier: int, of_earlier: int, later: int, of_later: int) -> str:
    """30% → 52%; a period without texts has no share."""
    before_ = percent(earlier / of_earlier) if of_earlier else "—"
    return f"{before_} → {percent(later / of_later) if of_later else '—'}"


def _points(shift: Estimate | None) -> str:
    """+22（+10 到 +33）, in percentage points."""
    if shift is None:
        return ""
    value, low, high = (signed(round(100 * one)) for one in (shift.value, shift.low, shift.high))
    return f"{value}（{low} 到 {high}）"
