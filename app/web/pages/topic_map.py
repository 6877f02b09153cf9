"""主题地图 and 主题走势: all topics at one look, by what is near what, and by how each changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from statistics import median
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import col, select

from app.deps import require
from app.feedback.query import rows_by_id
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics import places, query
from app.topics.models import Topic
from app.topics.places import Point
from app.topics.query import DAYS, Sort, TopicRow
from app.web import map_chart, trend_chart
from app.web.charts import nice_top
from app.web.forms import store_of
from app.web.labels import row_view
from app.web.map_chart import Dot, Frame, Name
from app.web.pages.topics import SORTS
from app.web.render import link_to, page, today
from app.web.searching import NO_TOPIC
from app.web.topic_views import Window, line

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.TOPICS_VIEW))]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
TEXTS = 10  # of the chosen topic, beside the map
WEEKS = 26
PANELS = 24


class Span(StrEnum):
    """Which of the placed feedback the map shows."""

    ALL = "all"
    RECENT = "recent"


class Scale(StrEnum):
    """Whether panels can be compared with each other, or each fills its own height."""

    COMMON = "common"
    OWN = "own"


SPANS = {Span.ALL: "全部", Span.RECENT: f"近 {DAYS} 天"}
SCALES = {Scale.COMMON: "同一刻度", Scale.OWN: "各自的刻度"}


@router.get("/topics/map")
def map_page(
    request: Request, user: Viewer, topic: Number = None, span: Annotated[Span, Query()] = Span.ALL
) -> Response:
    """The map of the last fit; with a topic chosen, that topic's texts beside it."""
    window = Window(today(request))
    since, until = (window.since, window.until) if span is Span.RECENT else (None, None)
    with store_of(request).read() as session:
        points = places.points(session)
        sizes = places.sizes(session, since=since, until=until)
        fitted_at = query.fitted_at(session)
        names = {one.id or 0: one.name for one in session.exec(select(Topic).where(col(Topic.listed)))}
        chosen = query.topic(session, topic) if topic else None
        shown = [one for one in points if since is None or until is None or since <= one.at < until]
        of_chosen = [one.interaction_id for one in reversed(shown) if chosen and one.topic_id == chosen.id]
        texts = rows_by_id(session, of_chosen[:TEXTS])
        products = product_names(session)
    order = sorted(names, key=lambda id_: (-sizes.get(id_, 0), id_))
    frame = Frame.around([(one.x, one.y) for one in points])
    return page(
        request,
        "topic_map.html",
        user,
        days=DAYS,
        may_fit=allowed(user.role, Permission.TOPICS_EDIT),
        spans=SPANS.items(),
        span=span,
        svg=map_chart.topic_map(_dots(shown, topic), _names(points, shown, order, names, topic, span), frame=frame),
        placed=len(shown),
        drawn=len(points),
        fitted_at=fitted_at,
        chosen=chosen,
        size=sizes.get(topic, 0),
        list=_list(topic, span, window),
        texts=[row_view(one, products) for one in texts],
        on_map=len(of_chosen),
        topics=[(id_, names[id_], sizes.get(id_, 0), _list(id_, span, window)) for id_ in order],
        outside=sizes.get(None, 0),
        outside_list=_list(NO_TOPIC, span, window),
    )


@router.get("/topics/trends")
def trends_page(
    request: Request,
    user: Viewer,
    sort: Annotated[Sort, Query()] = Sort.RISING,
    scale: Annotated[Scale, Query()] = Scale.COMMON,
    more: Annotated[str, Query(max_length=3)] = "",
) -> Response:
    """A panel of weekly counts for each topic, in the order of the list."""
    window = Window(today(request))
    with store_of(request).read() as session:
        rows = query.list_topics(session, until=window.until, weeks=WEEKS, sort=sort)
    shown = rows if more else rows[:PANELS]
    top = nice_top(max((max(row.weekly) for row in rows), default=0)) if scale is Scale.COMMON else None
    starts = [window.today - timedelta(days=7 * (WEEKS - number)) for number in range(WEEKS)]
    return page(
        request,
        "topic_trends.html",
        user,
        sort=sort,
        may_fit=allowed(user.role, Permission.TOPICS_EDIT),
        sorts=SORTS.items(),
        scale=scale,
        scales=SCALES.items(),
        more=more,
        total=len(rows),
        days=DAYS,
        weeks=WEEKS,
        since=starts[0],
        until=window.today - timedelta(days=1),
        panels=[_panel(row, window, top) for row in shown],
        starts=starts,
    )


def _dots(points: Sequence[Point], topic: int | None) -> list[Dot]:
    """Colour by sentiment: it says what a colour for each of dozens of topics could not."""
    return [
        Dot(
            one.x,
            one.y,
            "negative" if one.sentiment < 0 else "positive" if one.sentiment > 0 else "neutral",
            f"/feedback/{one.interaction_id}",
            one.words,
            faint=topic is not None and one.topic_id != topic,
        )
        for one in points
    ]


def _names(
    points: Sequence[Point],
    shown: Sequence[Point],
    order: Sequence[int],
    names: dict[int, str],
    topic: int | None,
    span: Span,
) -> list[Name]:
    """Topics that have a dot, the chosen one and then the largest first, each in the middle of all its dots."""
    of_topic: dict[int, list[Point]] = {}
    for one in points:
        if one.topic_id is not None:
            of_topic.setdefault(one.topic_id, []).append(one)
    seen = {one.topic_id for one in shown}
    large = set(order[: max(1, len(order) // 4)])
    return [
        Name(
            median(one.x for one in of_topic[id_]),
            median(one.y for one in of_topic[id_]),
            names[id_],
            link_to("/topics/map", topic=id_, span=span),
            "" if topic is None else "chosen" if id_ == topic else "other",
            large=id_ in large,
        )
        for id_ in sorted(order, key=lambda one: one != topic)
        if id_ in seen
    ]


def _list(topic: int | str | None, span: Span, window: Window) -> str:
    """The feedback that a topic's count counts."""
    if span is Span.RECENT:
        last = window.today - timedelta(days=1)
        return link_to("/feedback", topic=topic, since=window.today - timedelta(days=DAYS), until=last)
    return link_to("/feedback", topic=topic)


def _panel(row: TopicRow, window: Window, top: int | None) -> dict[str, Any]:
    counts = "、".join(map(str, row.weekly))
    label = f"{row.name}：近 {WEEKS} 周每周条数 {counts}；其中负面共 {sum(row.weekly_negative)} 条"
    return {
        **line(row, window),
        "svg": trend_chart.panel(row.weekly, row.weekly_negative, label=label, top=top),
        "weekly": list(zip(row.weekly, row.weekly_negative, strict=True)),
    }
