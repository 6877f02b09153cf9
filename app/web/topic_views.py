"""Topics as pages show them: over which days, as a line of a table, and the lists behind its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.clock import day_start
from app.feedback.query import FeedbackFilter
from app.topics.query import DAYS, WEEKS, Figures, TopicRow
from app.topics.rates import Trend
from app.topics.themes import ThemeRow
from app.web import charts
from app.web.render import link_to
from app.web.words import percent

TERMS = 6  # words under a topic's name


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days, so that a figure and the list it opens count the same: `DAYS` days up to yesterday."""

    today: date

    @property
    def until(self) -> datetime:
        """The instant at which the window ends: today's beginning."""
        return day_start(self.today)

    @property
    def since(self) -> datetime:
        """The instant at which it begins."""
        return day_start(self.today - timedelta(days=DAYS))

    @property
    def filter(self) -> FeedbackFilter:
        """All feedback in the window."""
        return FeedbackFilter(since=self.since, until=self.until)

    def list_of(self, topic_id: int, **filters: object) -> str:
        """The address of a topic's feedback in the window."""
        since, last = self.today - timedelta(days=DAYS), self.today - timedelta(days=1)
        return link_to("/feedback", topic=topic_id, since=since, until=last, **filters)


def line(row: TopicRow, window: Window) -> dict[str, Any]:
    """A topic as a line: counts with the lists they open."""
    return figures(row) | {
        "id": row.id,
        "name": row.name,
        "terms": "、".join(row.terms[:TERMS]),
        "link": window.list_of(row.id),
        "negative_link": window.list_of(row.id, sentiment="negative"),
    }


def theme_line(row: ThemeRow, window: Window) -> dict[str, Any]:
    """A theme as the head of its topics' lines."""
    return figures(row) | {"theme": row.theme, "name": row.name, "topics": [line(one, window) for one in row.topics]}


def figures(row: Figures) -> dict[str, Any]:
    """What stands in the columns; a change is coloured where its interval says so."""
    change, mean = row.change, row.csat
    share = row.negative_share
    return {
        "spark": charts.sparkline(row.weekly, label=f"近 {WEEKS} 周每周条数：{'、'.join(map(str, row.weekly))}"),
        "count": change.count,
        "change": change.count - change.previous if change.comparable else None,
        "sure": change.trend is not Trend.UNCLEAR,
        "trend": change.trend.chinese,
        "negative": row.negative,
        "negative_share": percent(share) if share is not None else "",
        "csat": f"{mean.value:.1f}" if mean.value is not None else "",
        "csat_n": mean.n,
    }
