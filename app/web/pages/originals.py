"""查看原文: one feedback without masking, for a role that may, with a reason, under a watermark."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session

from app.deps import require
from app.errors import Conflict, Invalid
from app.feedback import originals, remask
from app.feedback.models import Verdict
from app.feedback.originals import OpenPiece
from app.feedback.query import FeedbackDetail, detail
from app.people.models import User
from app.people.roles import Permission
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS, ROLES
from app.web.render import page, redirect, today
from app.web.words import moment

router = APIRouter()

Opener = Annotated[User, Depends(require(Permission.ORIGINAL_VIEW))]
BLANK = {"piece": "", "kind": "", "everywhere": ""}
REPEATS = 120  # of the watermark, more than the longest screen shows


@router.get("/feedback/{interaction_id}/original")
def ask(request: Request, user: Opener, interaction_id: Id) -> Response:
    """The form that asks why."""
    with store_of(request).read() as session:
        found = detail(session, interaction_id)
    return _form(request, user, found)


@router.post("/feedback/{interaction_id}/original")
def show(
    request: Request,
    user: Opener,
    interaction_id: Id,
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """The words as the customer said them; the entry in the audit chain is committed before they are sent."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            parts = originals.unmask(
                session, actor=user, interaction_id=interaction_id, reason=reason, note=note, now=now
            )
            found = detail(session, interaction_id)
    except Invalid as error:
        with store_of(request).read() as session:
            found = detail(session, interaction_id)
        return _form(request, user, found, values={"reason": reason, "note": note}, error=error)
    turns = [
        {"role": message.role.value, "title": ROLES[message.role], "at": message.sent_at, "pieces": parts[number]}
        for number, message in enumerate(found.messages)
    ]
    return page(
        request,
        "original.html",
        user,
        interaction=found.interaction,
        lede=_lede(request, found),
        subject=parts.get(-1),
        turns=turns,
        mark=f"{user.login} {moment(now, today(request))}",
        repeats=REPEATS,
        seen_at=now,
        reason=originals.REASONS[reason],
        masked=_masked(parts),
        **_mask_form({}),
    )


@router.post("/feedback/{interaction_id}/masking")
def review(
    request: Request,
    user: Opener,
    interaction_id: Id,
    verdict: Annotated[Verdict, Form()],
    kind: Annotated[str, Form()] = "",
    piece: Annotated[str, Form(max_length=2000)] = "",
    *,
    everywhere: Annotated[bool, Form()] = False,
) -> Response:
    """Mask a piece that was missed, or release one that is no personal data; the piece is in no address and no log."""
    runtime = request.app.state.runtime
    path = f"/feedback/{interaction_id}"
    try:
        with store_of(request).write() as session:
            made = remask.review(
                session,
                actor=user,
                interaction_id=interaction_id,
                verdict=verdict,
                piece=piece,
                kind=kind,
                now=runtime.clock.now(),
                queue=runtime.queue,
                everywhere=everywhere,
            )
    except (Conflict, Invalid) as error:
        if isinstance(error, Invalid) and verdict is Verdict.MASK:
            told = {"piece": piece, "kind": kind, "everywhere": everywhere}
            return _again(request, user, interaction_id, told=told, error=error)
        return redirect(request, path, Flash(error.message, "bad"))
    done = "已遮盖" if verdict is Verdict.MASK else "已放开"
    others = "其他反馈正在照此处理，以后收到的也一样；撤销时一并恢复。" if everywhere else ""
    said = f"{done} {len(made.added) or len(made.removed)} 处，页面、接口和导出都按现在的显示。{others}"
    return redirect(request, path, Flash(said, undo=Undo(f"{path}/masking/{made.id}/undo", {})))


def _again(request: Request, user: User, interaction_id: int, *, told: dict[str, Any], error: Invalid) -> Response:
    """The form alone with what was typed: to see the original again costs another entry in the audit chain."""
    with store_of(request).read() as session:
        found = detail(session, interaction_id)
    return page(
        request,
        "original_again.html",
        user,
        status=error.status,
        interaction=found.interaction,
        lede=_lede(request, found),
        **_mask_form(told, error),
    )


def _mask_form(told: dict[str, Any], error: Invalid | None = None) -> dict[str, Any]:
    """What the form for a missed piece holds."""
    return {
        "told": {**BLANK, **told},
        "wrong": {**BLANK, **({error.field: error.message} if error else {})},
        "kinds": originals.kinds(),
        "longest": remask.MOST,
    }


@router.post("/feedback/{interaction_id}/masking/{review_id}/undo")
def undo_review(request: Request, user: Opener, interaction_id: Id, review_id: Id) -> Response:
    """Take a review back."""
    runtime = request.app.state.runtime
    now, queue = runtime.clock.now(), runtime.queue

    def deed(session: Session) -> Flash:
        remask.undo(session, actor=user, interaction_id=interaction_id, review_id=review_id, now=now, queue=queue)
        return Flash("已撤销这次遮盖复核。")

    return change(request, deed, to=f"/feedback/{interaction_id}")


def _form(
    request: Request,
    user: User,
    found: FeedbackDetail,
    *,
    values: dict[str, str] | None = None,
    error: Invalid | None = None,
) -> Response:
    return page(
        request,
        "original_ask.html",
        user,
        status=422 if error else 200,
        interaction=found.interaction,
        lede=_lede(request, found),
        reasons=list(originals.REASONS.items()),
        values=values or {"reason": "", "note": ""},
        errors={error.field: error.message} if error else {},
        most=originals.MOST,
    )


def _masked(parts: dict[int, list[OpenPiece]]) -> list[OpenPiece]:
    """What is masked, each piece once."""
    return list(dict.fromkeys(piece for pieces in parts.values() for piece in pieces if piece.kind))


def _lede(request: Request, found: FeedbackDetail) -> str:
    return f"{CHANNELS[found.interaction.channel]} · {moment(found.interaction.occurred_at, today(request))}"
