"""回访: whom an action affects, what they answered, one by one or from a file."""

from __future__ import annotations

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from sqlmodel import Session

from app.clock import ZONE
from app.deps import require
from app.errors import HuishengError, Invalid
from app.people.models import User
from app.people.roles import Permission
from app.tracker import answers as imports
from app.tracker import followups
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.pages.actions import action_view
from app.web.render import today

router = APIRouter()

Doer = Annotated[User, Depends(require(Permission.ACTIONS_EDIT))]


@router.post("/actions/{action_id}/followups/plan")
def plan(request: Request, user: Doer, action_id: Id) -> Response:
    """Put every affected customer who agreed to be asked on the list."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        done = followups.plan_followups(session, actor=user, action_id=action_id, now=now)
        found = done.reach
        return Flash(
            f"新列入 {done.added} 位。受影响客户共 {found.affected} 位，其中 {found.without_consent} 位没有同意回访，"
            f"不联系；另有 {found.unknown} 条反馈不知道是哪位客户。"
        )

    return change(request, deed, to=f"/actions/{action_id}#followups")


@router.post("/actions/{action_id}/followups/import")
def import_answers(request: Request, user: Doer, action_id: Id, file: UploadFile) -> Response:
    """Take the answers of a CSV file; the lines that were not taken are listed."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            report = imports.import_answers(session, actor=user, action_id=action_id, source=file.file, now=now)
    except HuishengError as error:
        return action_view(request, user, action_id, said=Flash(error.message, "bad"), status=error.status)
    done = f"导入完成：答复 {report.answered} 位，未答复 {report.no_answer} 位，原已记录 {report.unchanged} 位"
    said = Flash(f"{done}，没有导入 {len(report.errors)} 行（见下）。" if report.errors else f"{done}。")
    return action_view(request, user, action_id, said=said, rejected=report.errors)


@router.post("/actions/{action_id}/followups/{follow_up_id}")
def answer(
    request: Request, user: Doer, action_id: Id, follow_up_id: Id, answer: Annotated[str, Form(max_length=10)]
) -> Response:
    """Note one customer's answer, or that there was none."""
    now = request.app.state.runtime.clock.now()
    back = f"/actions/{action_id}{f'?{request.url.query}' if request.url.query else ''}#followups"

    def deed(session: Session) -> Flash:
        if answer == "none":
            followups.record_no_answer(session, actor=user, follow_up_id=follow_up_id, asked_on=today(request), now=now)
        elif answer in {"1", "2", "3", "4", "5"}:
            followups.record_answer(
                session, actor=user, follow_up_id=follow_up_id, score=int(answer), answered_at=now, now=now
            )
        else:
            raise Invalid("请先选择回访结果再保存。", field="answer")
        return Flash("已记录。", undo=Undo(f"/actions/{action_id}/followups/{follow_up_id}/withdraw", {}))

    return change(request, deed, to=back)


@router.post("/actions/{action_id}/followups/{follow_up_id}/withdraw")
def withdraw(request: Request, user: Doer, action_id: Id, follow_up_id: Id) -> Response:
    """Take a wrongly noted outcome back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        followups.withdraw(session, actor=user, follow_up_id=follow_up_id, now=now)
        return Flash("已撤回，这位客户重新等待回访。")

    return change(request, deed, to=f"/actions/{action_id}#followups")


@router.get("/actions/{action_id}/followups.csv", dependencies=[Depends(require(Permission.ACTIONS_EDIT))])
def download(request: Request, action_id: Id) -> Response:
    """The list to fill in: the columns that the import reads, pseudonyms only."""
    with store_of(request).read() as session:
        rows, _ = followups.list_followups(session, action_id=action_id, size=imports.MAX_LINES)
    out = io.StringIO()
    out.write("\ufeff")  # spreadsheet programs on Windows take a file without the mark for GB18030
    writer = csv.writer(out)
    writer.writerow(imports.COLUMNS)
    for row in rows:
        at = row.answered_at.astimezone(ZONE).isoformat() if row.answered_at else ""
        writer.writerow([row.customer_ref, row.score or "", at, ""])
    name = f"followups-{action_id}.csv"
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
