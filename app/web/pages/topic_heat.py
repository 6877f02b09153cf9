"""Over all topics: 热力图, where causes meet touchpoints, and the satisfaction that goes along with each topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import Session, select

from app.clock import day_start
from app.deps import require
from app.feedback import display
from app.people.models import User
from app.people.roles import Permission
from app.topics import query
from app.topics.heat import Heat, View, heat
from app.topics.impact import FEWEST, impacts
from app.topics.models import Topic
from app.web import impact_views
from app.web.change_views import UNSAID
from app.web.forms import store_of
from app.web.render import link_to, page, today
from app.web.topic_views import Window
from app.web.words import number

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.TOPICS_VIEW))]
VIEWS = {
    View.CAUSE_TOUCHPOINT: "原因 × 触点",
    View.TOPIC_CAUSE: "主题 × 原因",
    View.TOPIC_TOUCHPOINT: "主题 × 触点",
}
SHADES = 5
LONGEST = (query.DAYS, 91, 364)  # days that satisfaction is looked at over; scores are few


@router.get("/topics/heat")
def heat_page(
    request: Request,
    user: Viewer,
    view: Annotated[View, Query()] = View.CAUSE_TOUCHPOINT,
    topic: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Counts of the last weeks by two labels; causes by touchpoints of one topic, if it is chosen."""
    window = Window(today(request))
    with store_of(request).read() as session:
        names = _names(session)
        one = names.get(topic) if view is View.CAUSE_TOUCHPOINT else None
        mine = query.members(int(topic)) if one else None
        found = heat(session, view=view, filter=replace(window.filter, interaction_ids=mine))
    return page(
        request,
        "topic_heat.html",
        user,
        days=query.DAYS,
        view=view,
        views=VIEWS.items(),
        topics=list(names.items()),
        topic=topic if one else "",
        unknown=bool(topic) and view is View.CAUSE_TOUCHPOINT and not one,
        table=_table(found, view, window, names, topic if one else None),
        total=found.total,
    )


@router.get("/topics/impact")
def impact_page(
    request: Request, user: Viewer, days: Annotated[int, Query(ge=1, le=LONGEST[-1])] = query.DAYS
) -> Response:
    """Topics by how far their scores pull the mean down."""
    on = today(request)
    since = on - timedelta(days=days)
    with store_of(request).read() as session:
        names = _names(session)
        found = impacts(session, since=day_start(since), until=day_start(on))
    rows = [(one.difference is not None, impact_views.row(one, names[str(one.topic_id)])) for one in found]
    return page(
        request,
        "topic_impact.html",
        user,
        days=days,
        lengths=LONGEST,
        fewest=FEWEST,
        everybody=found[0].everybody if found else None,
        compared=[row for compared, row in rows if compared],
        few=[row for compared, row in rows if not compared],
    )


def _names(session: Session) -> dict[str, str]:
    """The listed topics by their id as text."""
    wanted = select(Topic.id, Topic.name).where(Topic.listed).order_by(Topic.name)
    return {str(id_): name for id_, name in session.exec(wanted)}


def _table(found: Heat, view: View, window: Window, names: dict[str, str], topic: str | None) -> dict[str, Any]:
    """The cells with their lists and shades; what names nothing stands last."""
    row_side, column_side = view.sides
    rows, columns = (
        sorted(sums, key=lambda value: (side, value) in UNSAID)
        for side, sums in ((row_side, found.rows), (column_side, found.columns))
    )
    most = max(
        (n for (row, column), n in found.cells.items() if not {(row_side, row), (column_side, column)} & UNSAID),
        default=1,
    )

    def opened(**filters: object) -> str:
        since, last = window.today - timedelta(days=query.DAYS), window.today - timedelta(days=1)
        return link_to("/feedback", **{"topic": topic, **filters, "since": since, "until": last})

    def sums_link(side: str, value: str) -> str | None:
        # no list holds the listed topics alone, and a topic's own holds what is not analysed yet
        return opened(**{side: value}) if view is View.CAUSE_TOUCHPOINT else None

    def cell(row: str, column: str) -> dict[str, Any]:
        count = found.cells.get((row, column), 0)
        return {
            "count": count,
            "shade": shade(count, most),
            "link": opened(**{row_side: row, column_side: column}),
            "label": f"{_title(row_side, row, names)}，{_title(column_side, column, names)}：{number(count)} 条",
        }

    return {
        "corner": VIEWS[view],
        "columns": [
            (_title(column_side, one, names), found.columns[one], sums_link(column_side, one)) for one in columns
        ],
        "rows": [
            {
                "title": _title(row_side, row, names),
                "link": f"/topics/{row}" if row_side == "topic" else None,
                "cells": [cell(row, column) for column in columns],
                "sum": found.rows[row],
                "sum_link": sums_link(row_side, row),
            }
            for row in rows
        ],
        "shades": _shades(most),
    }


def shade(count: int, most: int) -> int:
    """0 for none, else 1 to SHADES by the square root, so that small counts can be told apart too."""
    return next((step for step in range(SHADES) if SHADES**2 * count <= most * step**2), SHADES)


def _shades(most: int) -> list[tuple[int, str]]:
    """Each shade that occurs with its counts: 3–8."""
    ends = [most * step**2 // SHADES**2 for step in range(SHADES + 1)]
    return [
        (step, f"{low:,} 以上" if step == SHADES else number(low) if low == high else f"{low:,}–{high:,}")
        for step, low, high in ((step, ends[step - 1] + 1, ends[step]) for step in range(1, SHADES + 1))
        if low <= high
    ]


def _title(side: str, value: str, names: dict[str, str]) -> str:
    return names[value] if side == "topic" else display.title(side, value)
