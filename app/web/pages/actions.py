"""措施: one action with its follow-ups, and what changed for the customers who were asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session

from app.clock import FIRST_DAY
from app.deps import require
from app.people.models import User
from app.people.roles import Permission
from app.tracker import answers as imports
from app.tracker import effect, followups
from app.tracker.actions import get_action, move_action, undo_action
from app.tracker.board import get_issue
from app.tracker.estimate import Verdict
from app.tracker.history import action_history
from app.tracker.models import ActionState, IssueState, Outcome
from app.tracker.transitions import moves_from
from app.web import charts
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, parse_day, store_of
from app.web.paging import PageNumber, pager
from app.web.render import page
from app.web.views import history, may_undo, may_work_on, weekly
from app.web.words import percent

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.ISSUES_VIEW))]
Doer = Annotated[User, Depends(require(Permission.ACTIONS_EDIT))]
Word = Annotated[str, Form(max_length=200)]
SIZE = 20
ANSWERS = [
    ("5", "5 非常满意"),
    ("4", "4 满意"),
    ("3", "3 一般"),
    ("2", "2 不满意"),
    ("1", "1 很不满意"),
    ("none", "未答复"),
]
UNDONE = frozenset({ActionState.PLANNED, ActionState.STARTED})
REACH = 2.0  # points of satisfaction shown on either side of "no change"


@router.get("/actions/{action_id}")
def action_page(request: Request, user: Viewer, action_id: Id, page_number: PageNumber = 1) -> Response:
    """The action, its follow-ups and its effect."""
    return action_view(request, user, action_id, page_number=page_number)


@router.post("/actions/{action_id}/move")
def move(
    request: Request,
    user: Doer,
    action_id: Id,
    verb: Word,
    version: Annotated[int, Form()],
    started_on: Word = "",
) -> Response:
    """One move of the transition table."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        start = parse_day(started_on, field="started_on", title="生效日期") if started_on else None
        action = move_action(
            session, actor=user, action_id=action_id, verb=verb, version=version, now=now, started_on=start
        )
        undo = Undo(f"/actions/{action_id}/undo", {"version": str(action.version)}) if action.undo_state else None
        return Flash(f"措施现在是“{action.state.chinese}”。", undo=undo)

    return change(request, deed, to=f"/actions/{action_id}")


@router.post("/actions/{action_id}/undo")
def undo(request: Request, user: Doer, action_id: Id, version: Annotated[int, Form()]) -> Response:
    """Take the last move back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        action = undo_action(session, actor=user, action_id=action_id, version=version, now=now)
        return Flash(f"已撤销，措施恢复为“{action.state.chinese}”。")

    return change(request, deed, to=f"/actions/{action_id}")


def action_view(
    request: Request,
    user: User,
    action_id: int,
    *,
    page_number: int = 1,
    said: Flash | None = None,
    rejected: Sequence[imports.LineError] = (),
    status: int = 200,
) -> Response:
    """The page of an action; `said` and `rejected` tell what an import did."""
    with store_of(request).read() as session:
        action = get_action(session, action_id=action_id)
        issue = get_issue(session, issue_id=action.issue_id)
        owner = session.get_one(User, action.owner_id).name
        rows, total = followups.list_followups(session, action_id=action_id, page=page_number, size=SIZE)
        compared = effect.before_after(session, action_id=action_id, now=request.app.state.runtime.clock.now())
        steps = history(action_history(session, action_id=action_id))
    mine = may_work_on(user, action) and issue.state is not IssueState.CLOSED
    return page(
        request,
        "action.html",
        user,
        status=status,
        said=said,
        action=action,
        issue=issue,
        owner=owner,
        open=action.state in UNDONE,
        moves=moves_from(action.state, user.role) if mine else (),
        first_day=FIRST_DAY,
        may_undo=mine and may_undo(action, user),
        may_follow=mine and action.state in followups.ANSWERABLE,
        may_plan=mine and action.state in followups.ASKING,
        effect=_effect(compared) if action.started_on else None,
        followups=[_follow_up(row) for row in rows],
        total=total,
        progress=_progress(compared),
        answers=ANSWERS,
        columns="、".join(imports.COLUMNS),
        rejected=rejected,
        history=steps,
        **pager(request, page_number, total, SIZE, path=f"/actions/{action_id}"),
    )


def _follow_up(row: followups.FollowUpRow) -> dict[str, Any]:
    answered = row.follow_up.outcome is Outcome.ANSWERED
    return {
        "id": row.follow_up.id,
        "customer": row.customer_ref,
        "result": f"{row.score} 分" if answered else row.follow_up.outcome.chinese,
        "answered": answered,
        "pending": row.follow_up.outcome is Outcome.PENDING,
        "at": row.answered_at or row.follow_up.asked_on,
    }


def _progress(compared: effect.BeforeAfter) -> str:
    """How far the asking has come, with the interval of the share that answered."""
    response = compared.response
    if response.value is None or response.low is None or response.high is None:
        return ""
    return (
        f"答复 {response.k} 位，未答复 {compared.no_answer} 位，待回访 {compared.pending} 位；"
        f"答复率 {percent(response.value)}（95% 区间 {percent(response.low)}–{percent(response.high)}）。"
    )


def _effect(compared: effect.BeforeAfter) -> dict[str, Any]:
    """The comparison in words, as an interval, as a table and by week."""
    change_ = compared.change
    svg = None
    enough = change_.verdict is not Verdict.TOO_FEW  # else an interval on the page would be believed all the same
    if enough and change_.low is not None and change_.high is not None and change_.difference is not None:
        svg = charts.interval(change_.low, change_.difference, change_.high, reach=REACH, label=change_.wording)
    starts = [week.first_day for week in compared.weeks]
    first_after = next((i for i, week in enumerate(compared.weeks) if week.week >= 0), None)
    return {
        "verdict": change_.verdict,
        "words": change_.wording,
        "caveat": compared.caveat,
        "counts": compared.counts_wording,
        "without_before": compared.without_before,
        "svg": svg,
        "any": any(week.count for week in compared.weeks),
        "rows": [
            ("措施之前（最近一次评分）", change_.n, _mean(change_.mean_before)),
            ("措施之后（回访评分）", change_.n, _mean(change_.mean_after)),
        ],
        "weekly": weekly(
            list(zip(starts, (week.count for week in compared.weeks), strict=True)),
            caption="关联主题的每周反馈",
            start=first_after,
            partial=[i for i, week in enumerate(compared.weeks) if not week.complete],
        ),
    }


def _mean(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
