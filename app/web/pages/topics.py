"""主题: what customers speak of and how that changes; one topic with its texts, its name, and the way to an issue."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlmodel import Session, select

from app.channels.kinds import ChannelKind
from app.deps import require
from app.feedback import display, stats
from app.feedback.query import FeedbackFilter
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics import alerts, query, refits, themes
from app.topics import service as topics
from app.topics.impact import impacts
from app.topics.models import Topic
from app.topics.query import Sort
from app.tracker import board
from app.tracker import service as tracker
from app.tracker.models import IssueState
from app.web import alert_views, charts, impact_views, opening
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS, row_view
from app.web.opening import issues_of
from app.web.render import page, redirect, today
from app.web.searching import NO_TOPIC
from app.web.topic_views import Window, line, theme_line
from app.web.views import open_issues, weekly
from app.web.words import WEEKDAYS, day, number, percent

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.TOPICS_VIEW))]
Namer = Annotated[User, Depends(require(Permission.TOPICS_EDIT))]
Opener = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
SORTS = {Sort.RISING: "上升最确定", Sort.LARGEST: "条数最多", Sort.NEGATIVE: "负面最多", Sort.LATEST: "最近出现"}
BREAKDOWN_TITLES = {"channel": "渠道", "product": "产品", "region": "地区", "cause": "原因"}
TOP = 8  # values of one breakdown
STEPS = {-2: "neg2", -1: "neg1", 0: "zero", 1: "pos1", 2: "pos2"}


@router.get("/topics")
def topics_page(
    request: Request, user: Viewer, sort: Annotated[Sort, Query()] = Sort.RISING, *, flat: bool = False
) -> Response:
    """The topics of the last weeks by theme, or `flat` in one list, and how much of the feedback they cover."""
    window = Window(today(request))
    with store_of(request).read() as session:
        rows = query.list_topics(session, until=window.until, sort=sort)
        covered = query.coverage(session)
        standing = refits.standing(session)
    return page(
        request,
        "topics.html",
        user,
        days=query.DAYS,
        weeks=query.WEEKS,
        sort=sort,
        sorts=SORTS.items(),
        flat=flat,
        rows=[line(row, window) for row in rows],
        themes=[] if flat else [theme_line(row, window) for row in themes.grouped(rows, sort)],
        coverage=_coverage(covered),
        standing=standing,
        may_fit=allowed(user.role, Permission.TOPICS_EDIT),
        outside=covered.total - covered.assigned,
        no_topic=NO_TOPIC,
    )


@router.post("/topics/fit")
def fit(request: Request, user: Namer) -> Response:
    """Group all feedback anew; a worker does it."""
    runtime = request.app.state.runtime

    def deed(session: Session) -> Flash:
        refits.ask(session, queue=runtime.queue, actor=user, clock=runtime.clock)
        return Flash("已开始重新聚类，通常不到两分钟。编号、改过的名称和编辑都会保留；过一会儿刷新本页看结果。")

    return change(request, deed, to="/topics")


@router.get("/topics/{topic_id}")
def topic_page(request: Request, user: Viewer, topic_id: Id) -> Response:
    """One topic over the same days as in the list."""
    window = Window(today(request))
    with store_of(request).read() as session:
        found = query.topic_detail(session, topic_id=topic_id, until=window.until)
        products = product_names(session)
        opened = issues_of(session, topic_id)
        raised = alert_views.views(
            session, alerts.alerts_of(session, topic_id=topic_id), user=user, today=today(request)
        )
        others = open_issues(session, {issue.id for issue in opened})
        chosen = FeedbackFilter(since=window.since, until=window.until, interaction_ids=query.members(topic_id))
        beside = impacts(session, since=window.since, until=window.until)
        impact = next((impact_views.sentence(one) for one in beside if one.topic_id == topic_id), "")
        feelings = stats.by_label(session, label="sentiment", filter=chosen)
        merged = session.get(Topic, found.topic.merged_into_id) if found.topic.merged_into_id else None
        listed = session.exec(select(Topic).where(Topic.listed, Topic.id != topic_id).order_by(Topic.name))
        mergeable = [(one.id, one.name) for one in listed]
    row = found.row
    weeks = [(week.start, week.count) for week in found.weeks]
    return page(
        request,
        "topic.html",
        user,
        topic=found.topic,
        lede=row.change.wording,
        retired=found.topic.retired_version_id is not None,
        merged=merged,
        mergeable=mergeable,
        theme=themes.title(found.topic.theme),
        themes=themes.choices(),
        days=query.DAYS,
        line=line(row, window),
        last_seen=row.last_seen,
        impact=impact,
        weekly=weekly(weeks, caption=f"近 {query.WEEKS} 周每周条数（每周从{_weekday(weeks)}算起）"),
        texts=[row_view(one, products) for one in found.representatives],
        feelings=_feelings(feelings, window, topic_id),
        tables=[
            _table(label, rows, products, window, topic_id) for label, rows in found.breakdowns.items() if len(rows) > 0
        ],
        alerts=raised,
        alert_note=alert_views.NOTE,
        issues=opened,
        may_issue=allowed(user.role, Permission.ISSUES_EDIT),
        others=others,
        open_issue=next((issue for issue in opened if issue.state is not IssueState.CLOSED), None),
        may_rename=allowed(user.role, Permission.TOPICS_EDIT),
    )


@router.post("/topics/{topic_id}/issue")
def open_issue(request: Request, user: Opener, topic_id: Id) -> Response:
    """An issue from the topic with one click; a second click leads to the issue that the first one opened."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).write() as session:
        issue, new = opening.issue_from_topic(session, actor=user, topic_id=topic_id, on=today(request), now=now)
    return redirect(request, f"/issues/{issue.id}", Flash(opening.told(issue, new=new)))


@router.post("/topics/{topic_id}/link")
def add_to_issue(request: Request, user: Opener, topic_id: Id, issue_id: Annotated[int, Form()]) -> Response:
    """Make the topic evidence of an issue that is open."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        tracker.link(session, actor=user, issue_id=issue_id, topic_ids=[topic_id], now=now)
        return Flash(f"已归入“{board.get_issue(session, issue_id=issue_id).title}”。")

    return change(request, deed, to=f"/topics/{topic_id}")


@router.post("/topics/{topic_id}/rename")
def rename(request: Request, user: Namer, topic_id: Id, name: Annotated[str, Form(max_length=400)] = "") -> Response:
    """Another name; the sentence that says so can take it back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        before = query.topic_detail(session, topic_id=topic_id, until=now).topic.name
        topic = topics.rename(session, actor=user, topic_id=topic_id, name=name, now=now)
        if topic.name == before:
            return Flash("名称没有变。")
        return Flash(f"已改名为“{topic.name}”，原名“{before}”。", undo=Undo(f"/topics/{topic_id}/rename/undo", {}))

    return change(request, deed, to=f"/topics/{topic_id}")


@router.post("/topics/{topic_id}/rename/undo")
def undo_rename(request: Request, user: Namer, topic_id: Id) -> Response:
    """The name before the last renaming."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        topic = topics.undo_rename(session, actor=user, topic_id=topic_id, now=now)
        return Flash(f"名称恢复为“{topic.name}”。")

    return change(request, deed, to=f"/topics/{topic_id}")


def _coverage(covered: query.Coverage) -> str:
    if covered.share is None or covered.fitted_at is None:
        return ""
    return (
        f"全部已分析的 {number(covered.total)} 条反馈里，{number(covered.assigned)} 条（{percent(covered.share)}）"
        f"归入了主题；主题于{day(covered.fitted_at)}由模型聚出，名称可以改。"
    )


def _weekday(weeks: list[tuple[Any, int]]) -> str:
    return f"周{WEEKDAYS[weeks[0][0].weekday()]}"


def _feelings(rows: list[tuple[Any, int, int]], window: Window, topic_id: int) -> dict[str, Any] | None:
    """Sentiment as one bar with its table; nothing where nothing was said."""
    counts = {int(value): count for value, count, _ in rows}
    if not counts:
        return None
    titles = {value: display.title("sentiment", value) for value in STEPS}
    words = "，".join(f"{titles[value]} {counts.get(value, 0)} 条" for value in STEPS)
    parts = [(css, counts[value]) for value, css in STEPS.items() if counts.get(value)]
    return {
        "svg": charts.stacked(parts, label=f"情感：{words}"),
        "total": sum(counts.values()),
        "rows": [
            {
                "title": titles[value],
                "count": counts[value],
                "link": window.list_of(topic_id, sentiment=value),
            }
            for value in STEPS
            if value in counts
        ],
    }


def _name(label: str, value: str, products: dict[str, str]) -> str:
    """A value of a breakdown in Chinese."""
    match label:
        case "channel":
            return CHANNELS[ChannelKind(value)]
        case "product":
            return products.get(value, value)
        case "cause":
            return display.title(label, value)
        case _:
            return value


def _table(
    label: str, rows: list[tuple[Any, int, int]], products: dict[str, str], window: Window, topic_id: int
) -> dict[str, Any]:
    """A breakdown: its most frequent values with the lists they open, the others in one sum."""
    total = sum(count for _, count, _ in rows)
    shown = [
        {"title": _name(label, value, products), "count": count, "link": window.list_of(topic_id, **{label: value})}
        for value, count, _ in rows[:TOP]
    ]
    return {"title": BREAKDOWN_TITLES[label], "rows": shown, "kinds": len(rows), "total": total}
