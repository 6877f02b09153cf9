"""保留期限: how long what is kept, what is due, and what will be deleted when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session

from app.compliance import holds, records, retention
from app.compliance.models import RunState
from app.deps import require
from app.people.models import User
from app.people.roles import Permission, allowed
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.render import page

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.PRIVACY_VIEW))]
Editor = Annotated[User, Depends(require(Permission.PRIVACY_EDIT))]
READABLE = ("complaint", "feedback")  # classes whose records have a page


@router.get("/retention")
def retention_page(request: Request, user: Viewer) -> Response:
    """The classes with what is due, the deletion that is announced, and the ones before."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        classes = retention.overview(session, now=now)
        runs = retention.runs(session)
        held = holds.in_force(session)
    waiting = next((run for run in runs if run.state is RunState.ANNOUNCED), None)
    return page(
        request,
        "retention.html",
        user,
        classes=classes,
        titles={one.of.name: one.of.title for one in classes},
        readable=READABLE,
        waiting=waiting,
        begun=waiting is not None and retention.begun(waiting),
        runs=[run for run in runs if run.state is not RunState.ANNOUNCED],
        due=sum(one.due for one in classes),
        held=len(held),
        notice=retention.NOTICE.days,
        now=now,
        most=records.MOST_MONTHS,
        may_edit=allowed(user.role, Permission.PRIVACY_EDIT),
    )


@router.post("/retention/rules/{name}")
def set_rule(
    request: Request, user: Editor, name: str, months: Annotated[int, Form(ge=-9999, le=9999)] = 0
) -> Response:
    """Keep a class longer or shorter."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        before = records.set_months(session, actor=user, name=name, months=months, now=now)
        undo = Undo(f"/retention/rules/{name}", {"months": str(before.months)}) if before.months != months else None
        return Flash(f"{before.title}保留 {months} 个月。", undo=undo)

    return change(request, deed, to="/retention")


@router.post("/retention/announce")
def announce(request: Request, user: Editor) -> Response:
    """Announce what is due, without waiting for the night."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        run = retention.announce(session, actor=f"user:{user.login}", now=now)
        undo = Undo(f"/retention/{run.id}/cancel", {})
        return Flash(f"已预告：{retention.NOTICE.days} 天后删除。其间可以保全或取消。", undo=undo)

    return change(request, deed, to="/retention")


@router.post("/retention/{run_id}/cancel")
def cancel(request: Request, user: Editor, run_id: Id) -> Response:
    """Call it off."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        retention.cancel(session, actor=user, run_id=run_id, now=now)
        return Flash("已取消，什么也没有删除。仍到期的，今夜会重新预告。")

    return change(request, deed, to="/retention")


@router.post("/retention/{run_id}/hurry")
def hurry(request: Request, user: Editor, run_id: Id, sure: Annotated[str, Form(max_length=10)] = "") -> Response:
    """Do not wait for the notice to run."""
    runtime = request.app.state.runtime
    now = runtime.clock.now()

    def deed(session: Session) -> Flash:
        if sure != "yes":
            return Flash("请先勾选“已核对”，再立即删除。", "bad")
        retention.hurry(session, actor=user, run_id=run_id, now=now, queue=runtime.queue)
        return Flash("正在后台删除，刷新本页看结果。")

    return change(request, deed, to="/retention")
