"""What becomes of an alert: accepted as an issue, put off for a week, known; each can be taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from app.deps import require
from app.errors import Conflict
from app.people.models import User
from app.people.roles import Permission
from app.products.service import names as product_names
from app.topics import alerts
from app.topics.models import TopicAlert
from app.tracker import checks
from app.web import opening
from app.web.alert_views import words
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.render import redirect, today
from app.web.words import day

router = APIRouter()

Decider = Annotated[User, Depends(require(Permission.TOPICS_EDIT))]


@router.post("/alerts/{alert_id}/accept")
def accept(request: Request, user: Decider, alert_id: Id) -> Response:
    """Open an issue for it, or find the topic's own, and go there."""
    now, today_ = request.app.state.runtime.clock.now(), today(request)
    checks.permit(user, Permission.ISSUES_EDIT)
    try:
        with store_of(request).write() as session:
            alert = alerts.undecided(session, alert_id=alert_id)
            said = f"{words(alert, today=today_, products=product_names(session))}。"
            issue, new = opening.issue_from_alert(session, actor=user, alert=alert, on=today_, now=now, detail=said)
            alerts.accept(session, actor=user, alert_id=alert_id, issue_id=issue.id, now=now)
    except Conflict as error:
        return redirect(request, "/", Flash(error.message, "bad"))
    return redirect(
        request, f"/issues/{issue.id}", Flash(f"预警已受理。{opening.told(issue, new=new)}", undo=_undo(alert))
    )


@router.post("/alerts/{alert_id}/snooze")
def snooze(request: Request, user: Decider, alert_id: Id) -> Response:
    """Put it off for a week."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        alert = alerts.snooze(session, actor=user, alert_id=alert_id, now=now)
        assert alert.snoozed_until is not None  # noqa: S101 - just set
        return Flash(f"这条预警{day(alert.snoozed_until)}再显示。", undo=_undo(alert))

    return change(request, deed, to="/")


@router.post("/alerts/{alert_id}/dismiss")
def dismiss(request: Request, user: Decider, alert_id: Id) -> Response:
    """Known: not shown again while this rise lasts."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        alert = alerts.dismiss(session, actor=user, alert_id=alert_id, now=now)
        return Flash("已记为已知，这次上升不再提示；回落之后再升，会重新预警。", undo=_undo(alert))

    return change(request, deed, to="/")


@router.post("/alerts/{alert_id}/reopen")
def reopen(request: Request, user: Decider, alert_id: Id) -> Response:
    """Take a decision back; an issue that was opened stays."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        alerts.reopen(session, actor=user, alert_id=alert_id, now=now)
        return Flash("预警恢复为待处理；已建的问题还在。")

    return change(request, deed, to="/")


def _undo(alert: TopicAlert) -> Undo:
    return Undo(f"/alerts/{alert.id}/reopen", {})
