"""今日: what changed since yesterday, what is on fire, what has to be decided, what colleagues did.

Each part is shown to the roles that may open what it links to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from app.clock import day_start, local_day
from app.deps import require
from app.feedback import stats
from app.feedback.models import InteractionState
from app.feedback.query import FeedbackFilter, search
from app.feedback.results import HIGH_RISKS
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics import alerts
from app.topics import query as topics
from app.topics.rates import Trend
from app.tracker.due import Due, due
from app.web import alert_views, charts
from app.web.colleagues import deeds_since
from app.web.forms import store_of
from app.web.labels import row_view
from app.web.render import link_to, page, today
from app.web.topic_views import Window, line
from app.web.words import WEEKDAYS, against_day_before, against_usual, day, greeting

router = APIRouter()

WEEKS = 8  # of the same weekday, to tell what is usual
CHART_DAYS = 28
FIRES = 6
RISERS = 5
ALARMS = 5


@router.get("/")
def today_page(request: Request, user: Annotated[User, Depends(require(Permission.TODAY_VIEW))]) -> Response:
    """The page for eleven minutes and a coffee."""
    now = request.app.state.runtime.clock.now()
    today_ = today(request)
    yesterday = today_ - timedelta(days=1)
    reads = allowed(user.role, Permission.FEEDBACK_VIEW)
    tracks = allowed(user.role, Permission.ISSUES_VIEW)
    with store_of(request).read() as session:
        days = _days(session, today_) if reads else []
        fire = _fire(session, yesterday) if reads else None
        rising = _rising(session, today_) if allowed(user.role, Permission.TOPICS_VIEW) else None
        alarms = _alarms(session, user, today_) if allowed(user.role, Permission.TOPICS_VIEW) else None
        todo = due(session, on=today_) if tracks else None
        colleagues = deeds_since(session, since=day_start(yesterday), apart_from=user) if tracks else None
        waiting = stats.by_state(session)
    return page(
        request,
        "today.html",
        user,
        greeting=greeting(now),
        yesterday=yesterday,
        summary=_summary(days, fire, todo),
        changed=_changed(days, yesterday, fire) if reads else [],
        daily=_daily(days) if reads else None,
        fire=fire,
        rising=rising,
        alarms=alarms,
        decide=_decide(todo, user) if todo else None,
        pending=waiting[InteractionState.PENDING],
        failed=waiting[InteractionState.FAILED],
        may_read=reads,
        may_retry=allowed(user.role, Permission.SOURCES_EDIT),
        may_fit=allowed(user.role, Permission.TOPICS_EDIT),
        colleagues=colleagues,
    )


def _days(session: Session, today_: date) -> list[stats.DayCount]:
    """Every day up to yesterday from eight weeks before it, or from the first feedback; at least two days."""
    known = stats.span(session)
    since = today_ - timedelta(days=1 + 7 * WEEKS)
    if known:
        since = max(since, local_day(known[0]))
    since = min(since, today_ - timedelta(days=2))
    return stats.daily(session, filter=FeedbackFilter(), since=since, until=today_)


def _fire(session: Session, yesterday: date) -> dict[str, Any]:
    """The high-risk feedback since yesterday began, newest first."""
    wanted = FeedbackFilter(any_risk=HIGH_RISKS, since=day_start(yesterday))
    rows, total = search(session, filter=wanted, size=FIRES)
    products = product_names(session)
    _, of_yesterday = search(session, filter=replace(wanted, until=day_start(yesterday + timedelta(days=1))), size=1)
    return {
        "rows": [row_view(row, products) for row in rows],
        "total": total,
        "yesterday": of_yesterday,
        "link": link_to("/feedback", risk="high", since=yesterday),
    }


def _rising(session: Session, today_: date) -> dict[str, Any]:
    """The topics whose rise is sure, the surest first; where none is, those that grew most, to be told as such.

    Where the records do not cover the days before, nothing grew that anybody knows of: the largest are listed.
    """
    window = Window(today_)
    rows = topics.list_topics(session, until=window.until)
    sure = [row for row in rows if row.change.trend is Trend.RISING]
    grown = sorted((row for row in rows if _growth(row) > 0), key=_growth, reverse=True)
    return {
        "rows": [line(row, window) for row in (sure or grown)[:RISERS]],
        "total": len(sure),
        "days": topics.DAYS,
        "known": bool(rows),
        "comparable": all(row.change.comparable for row in rows),
    }


def _alarms(session: Session, user: User, today_: date) -> dict[str, Any] | None:
    """The alerts that nobody has decided, where there are any."""
    found = alerts.open_alerts(session, on=today_)
    shown = alert_views.views(session, found[:ALARMS], user=user, today=today_)
    return {"rows": shown, "total": len(found), "note": alert_views.NOTE} if found else None


def _growth(row: topics.TopicRow) -> int:
    """How many more than in the days before; all of them where these are not known."""
    return row.change.count - (row.change.previous if row.change.comparable else 0)


def _changed(days: list[stats.DayCount], yesterday: date, fire: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Yesterday's counts beside the day before and the usual; each opens its list."""
    now, before = days[-1], days[-2]
    usual = days[-8::-7]  # the same weekday, week by week
    within = {"since": yesterday, "until": yesterday}
    return [
        {
            "label": "收到反馈",
            "count": now.total,
            "link": link_to("/feedback", **within),
            "notes": [
                against_day_before(now.total, before.total),
                against_usual(now.total, [one.total for one in usual], yesterday.weekday()),
            ],
        },
        {
            "label": "其中负面",
            "count": now.negative,
            "link": link_to("/feedback", sentiment="negative", **within),
            "notes": [
                against_day_before(now.negative, before.negative),
                against_usual(now.negative, [one.negative for one in usual], yesterday.weekday()),
            ],
        },
        {
            "label": "其中高风险",
            "count": fire["yesterday"] if fire else 0,
            "link": link_to("/feedback", risk="high", **within),
            "notes": ["提到监管、媒体、法律、极端、群体或欺诈"],
        },
    ]


def _daily(days: list[stats.DayCount]) -> dict[str, Any]:
    shown = days[-CHART_DAYS:]
    caption = f"近 {CHART_DAYS} 天每天的反馈"
    label = f"{caption}：最少 {min(one.total for one in shown)} 条，最多 {max(one.total for one in shown)} 条"
    points = [(f"{one.day.month}/{one.day.day}", one.total) for one in shown]
    return {
        "svg": charts.bars(points, label=label),
        "caption": caption,
        "rows": [
            (f"{day(one.day)} 周{WEEKDAYS[one.day.weekday()]}", one.total, one.negative) for one in reversed(shown)
        ],
    }


def _decide(todo: Due, user: User) -> list[dict[str, Any]]:
    """Late and nearly due things, the latest first."""
    return [
        {
            "kind": "问题" if item.kind == "issue" else "措施",
            "title": item.title,
            "link": f"/{item.kind}s/{item.id}",
            "owner": item.owner_name,
            "mine": item.owner_id == user.id,
            "due_on": item.due_on,
        }
        for item in (*todo.overdue, *todo.soon)
    ]


def _summary(days: list[stats.DayCount], fire: dict[str, Any] | None, todo: Due | None) -> str:
    """The morning in one sentence."""
    parts = []
    if days:
        parts.append(f"昨天收到 {days[-1].total} 条反馈")
    if fire:
        parts.append(f"昨天以来 {fire['total']} 条高风险" if fire["total"] else "没有高风险反馈")
    if todo:
        parts.append(
            f"{len(todo.overdue)} 件逾期，{len(todo.soon)} 件七天内到期"
            if todo.overdue or todo.soon
            else "没有到期的事"
        )
    return "，".join(parts) + "。" if parts else ""
