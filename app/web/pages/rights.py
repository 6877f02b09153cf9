"""客户权利: one person's data: a copy of it, its deletion, consents and holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session, col, select

from app.compliance import holds, person, rights
from app.compliance.models import HoldReason, RequestState, Right
from app.compliance.person import Fate
from app.customers.models import Customer, Purpose
from app.deps import require
from app.errors import Conflict, Invalid, NotFound
from app.people.models import User
from app.people.roles import Permission, allowed
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS
from app.web.render import page, redirect

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.PRIVACY_VIEW))]
Editor = Annotated[User, Depends(require(Permission.PRIVACY_EDIT))]
Word = Annotated[str, Form(max_length=400)]
BLANK = dict.fromkeys(("right", "verified", "note", "refused", "why", "reason", "case"), "")  # what forms hold at first


@router.get("/rights")
def requests_page(request: Request, user: Viewer) -> Response:
    """Requests, those first that are due, and finding a customer."""
    with store_of(request).read() as session:
        listed, total = rights.requests(session)
        held = holds.in_force(session)
    return page(
        request,
        "rights.html",
        user,
        requests=listed,
        total=total,
        holds=held,
        state=RequestState,
        days=rights.DAYS.days,
    )


@router.post("/rights/find")
def find(request: Request, _user: Viewer, ref: Word = "") -> Response:
    """The customer of a reference; what was typed is kept out of the address."""
    with store_of(request).read() as session:
        found = session.exec(select(Customer.id).where(col(Customer.ref) == ref.strip())).first()
    if found is None:
        return redirect(request, "/rights", Flash("没有这个客户编号。没有编号的客户，请从他的反馈打开。", "bad"))
    return redirect(request, f"/rights/{found}")


@router.post("/rights/feedback/{interaction_id}")
def from_feedback(request: Request, user: Editor, interaction_id: Id) -> Response:
    """The person behind a feedback; one that names nobody becomes a customer of its own, which can be undone."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).write() as session:
        customer_id, made = rights.person_of(session, actor=user, interaction_id=interaction_id, now=now)
    said = f"反馈 {interaction_id} 没有客户编号，已为它另立一位客户。只是看看，就请撤销。"
    told = Flash(said, undo=_unclaim(customer_id, interaction_id)) if made else None
    return redirect(request, f"/rights/{customer_id}", told)


@router.get("/rights/{customer_id}")
def person_page(request: Request, user: Viewer, customer_id: Id) -> Response:
    """All there is of one person, and what can be done about it."""
    return _person(request, user, customer_id)


def _person(
    request: Request,
    user: User,
    customer_id: int,
    *,
    told: Mapping[str, str] | None = None,
    error: Conflict | Invalid | None = None,
) -> Response:
    """The page of a person; after a refusal with what was `told` in its form, and why it will not do."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        found = person.get(session, customer_id, now=now)
    return page(
        request,
        "person.html",
        user,
        status=error.status if error else 200,
        said=Flash(error.message, "bad") if isinstance(error, Conflict) else None,
        told={**BLANK, **(told or {})},
        wrong={**BLANK, **({error.field: error.message} if isinstance(error, Invalid) else {})},
        person=found,
        channels=CHANNELS,
        state=RequestState,
        right=Right,
        verified=rights.VERIFIED,
        rights=[(one.value, one.chinese) for one in Right],
        reasons=[(one.value, one.chinese) for one in HoldReason],
        may_edit=allowed(user.role, Permission.PRIVACY_EDIT),
    )


@router.post("/rights/{customer_id}/requests")
def register(
    request: Request, user: Editor, customer_id: Id, right: Word = "", verified: Word = "", note: Word = ""
) -> Response:
    """Note what the person asks for."""
    now = request.app.state.runtime.clock.now()
    told = {"right": right, "verified": verified, "note": note}
    try:
        with store_of(request).write() as session:
            made = rights.register(session, actor=user, customer_id=customer_id, now=now, **told)
            said = f"已登记“{made.right.chinese}”请求，请在 {rights.DAYS.days} 天内办完。"
    except (Conflict, Invalid) as error:
        return _person(request, user, customer_id, told=told, error=error)
    return redirect(request, f"/rights/{customer_id}", Flash(said))


@router.post("/rights/requests/{request_id}/refuse")
def refuse(request: Request, user: Editor, request_id: Id, why: Word = "") -> Response:
    """Decline with a reason."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        customer_id = rights.get(session, request_id).customer_id
    try:
        with store_of(request).write() as session:
            rights.refuse(session, actor=user, request_id=request_id, why=why, now=now)
    except (Conflict, Invalid) as error:
        if isinstance(error, Invalid) and customer_id:
            return _person(request, user, customer_id, told={"refused": str(request_id), "why": why}, error=error)
        return redirect(request, _back(request, request_id), Flash(error.message, "bad"))
    return redirect(request, _back(request, request_id), Flash("已拒绝，请把理由告知客户。"))


@router.post("/rights/requests/{request_id}/export")
def export(request: Request, user: Editor, request_id: Id) -> Response:
    """The bundle as a download; its entry in the audit chain is committed before it is sent."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            made, data = rights.export(session, actor=user, request_id=request_id, now=now)
    except Conflict as error:
        return redirect(request, _back(request, request_id), Flash(error.message, "bad"))
    name = f"huisheng-rights-{made.id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/zip", headers=headers)


@router.get("/rights/requests/{request_id}/delete")
def ask_delete(request: Request, user: Editor, request_id: Id) -> Response:
    """What a deletion would do, before it does it."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        asked = rights.get(session, request_id)
        found = person.get(session, asked.customer_id or 0, now=now)
    gone = [one for one in found.records if one.fate is Fate.ERASE]
    kept = [one for one in found.records if one.fate is not Fate.ERASE]
    return page(request, "person_delete.html", user, asked=asked, person=found, gone=gone, kept=kept, channels=CHANNELS)


@router.post("/rights/requests/{request_id}/delete")
def delete(request: Request, user: Editor, request_id: Id, sure: Word = "") -> Response:
    """Delete, once the person at the desk has said that he looked."""
    now = request.app.state.runtime.clock.now()
    back = _back(request, request_id)
    if sure != "yes":
        told = Flash("请先勾选“已核对”，再删除。", "bad")
        return redirect(request, f"/rights/requests/{request_id}/delete", told)
    try:
        with store_of(request).write() as session:
            done = rights.delete_person(session, actor=user, request_id=request_id, now=now)
            session.flush()
            left = session.get(Customer, done.customer_id) if done.customer_id else None
    except Conflict as error:
        return redirect(request, back, Flash(error.message, "bad"))
    counts = done.outcome
    told = Flash(f"已删除反馈 {counts['erased']} 条、回访 {counts['answers']} 条；停止处理 {counts['restricted']} 条。")
    return redirect(request, back if left else "/rights", told)


@router.post("/rights/{customer_id}/consent")
def consent(
    request: Request, user: Editor, customer_id: Id, purpose: Annotated[Purpose, Form()], given: Word = ""
) -> Response:
    """Give or withdraw one consent."""
    now = request.app.state.runtime.clock.now()
    path = f"/rights/{customer_id}"

    def deed(session: Session) -> Flash:
        wanted = given == "yes"
        rights.set_consent(session, actor=user, customer_id=customer_id, purpose=purpose, given=wanted, now=now)
        undo = Undo(f"{path}/consent", {"purpose": purpose.value, "given": "no" if wanted else "yes"})
        return Flash(f"已记下：{purpose.chinese}，客户{'同意' if wanted else '不同意'}。", undo=undo)

    return change(request, deed, to=path)


@router.post("/rights/{customer_id}/claim")
def claim(request: Request, user: Editor, customer_id: Id, interaction_id: Annotated[int, Form()]) -> Response:
    """This feedback is the person's too."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        rights.claim(session, actor=user, customer_id=customer_id, interaction_id=interaction_id, now=now)
        return Flash(f"反馈 {interaction_id} 已归到这位客户名下。", undo=_unclaim(customer_id, interaction_id))

    return change(request, deed, to=f"/rights/{customer_id}")


@router.post("/rights/{customer_id}/unclaim")
def unclaim(request: Request, user: Editor, customer_id: Id, interaction_id: Annotated[int, Form()]) -> Response:
    """It was not, after all."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        rights.unclaim(session, actor=user, customer_id=customer_id, interaction_id=interaction_id, now=now)
        return Flash(f"已撤销，反馈 {interaction_id} 没有客户编号。")

    return change(request, deed, to=f"/feedback/{interaction_id}", refused=f"/rights/{customer_id}")


def _unclaim(customer_id: int, interaction_id: int) -> Undo:
    return Undo(f"/rights/{customer_id}/unclaim", {"interaction_id": str(interaction_id)})


@router.post("/rights/{customer_id}/hold")
def hold(request: Request, user: Editor, customer_id: Id, reason: Word = "", case: Word = "") -> Response:
    """Hold all that there is of the person."""
    now = request.app.state.runtime.clock.now()

    try:
        with store_of(request).write() as session:
            holds.place(session, actor=user, customer_id=customer_id, reason=reason, note=case, now=now)
    except (Conflict, Invalid) as error:
        return _person(request, user, customer_id, told={"reason": reason, "case": case}, error=error)
    told = Flash("已保全：到期也不会删除。", undo=Undo(f"/rights/{customer_id}/hold/release", {}))
    return redirect(request, f"/rights/{customer_id}", told)


@router.post("/rights/{customer_id}/hold/release")
def release(request: Request, user: Editor, customer_id: Id) -> Response:
    """End a hold."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        ended, due = rights.release(session, actor=user, customer_id=customer_id, now=now)
        again = {"reason": ended.reason.value, "case": ended.note}
        told = "已解除保全。" + ("保全期间没能删完的请求又列为待办。" if due else "")
        return Flash(told, undo=Undo(f"/rights/{customer_id}/hold", again))

    return change(request, deed, to=f"/rights/{customer_id}")


def _back(request: Request, request_id: int) -> str:
    """The page of the person who asked; the list where he is deleted."""
    try:
        with store_of(request).read() as session:
            customer_id = rights.get(session, request_id).customer_id
    except NotFound:
        customer_id = None
    return f"/rights/{customer_id}" if customer_id else "/rights"
