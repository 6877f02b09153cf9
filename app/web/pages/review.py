"""复核: one text at a time that is worth a person's look, and how far readers and model agree."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session

from app.deps import require
from app.errors import NotFound
from app.feedback import corrections, display
from app.feedback.models import Analysis, Correction, InteractionState
from app.feedback.query import FeedbackDetail, detail
from app.feedback.results import RISK
from app.people.models import User
from app.people.roles import Permission
from app.review import figures, service
from app.review.queue import Waiting, waiting
from app.topics.query import topic_of
from app.web.correcting import CorrectionForm, heads_told
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS, turns
from app.web.render import page, today
from app.web.words import moment, percent

router = APIRouter()

Reader = Annotated[User, Depends(require(Permission.FEEDBACK_EDIT))]
SHOWN = 20  # texts on which readers differ


@router.get("/review")
def review_page(request: Request, user: Reader) -> Response:
    """The next text of the queue."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        queue = waiting(session, user_id=user.id or 0, now=now)
        told = _progress(session, user, queue, request)
        shown = _item(session, user, queue[0].interaction_id, queue, request) if queue else {}
        earlier = service.before(session, user=user, answer=None)
    return page(request, "review.html", user, **({"earlier": earlier, "item": None} | told | shown))


@router.get("/review/agreement")
def agreement_page(request: Request, user: Reader) -> Response:
    """How far two readers agree, and how often the model was right."""
    with store_of(request).read() as session:
        readers, differing = figures.between_readers(session)
        model = figures.of_the_model(session)
    return page(
        request,
        "review_agreement.html",
        user,
        readers=readers,
        differing=differing[:SHOWN],
        differ=len(differing),
        model=model,
        enough=figures.ENOUGH,
    )


@router.get("/review/{interaction_id}")
def review_item(request: Request, user: Reader, interaction_id: Id) -> Response:
    """One text, whether it waits in the queue or was answered before."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        queue = waiting(session, user_id=user.id or 0, now=now)
        told = _progress(session, user, queue, request)
        shown = _item(session, user, interaction_id, queue, request)
    return page(request, "review.html", user, **(told | shown))


@router.post("/review/{interaction_id}")
def answer(request: Request, user: Reader, interaction_id: Id, told: Annotated[CorrectionForm, Form()]) -> Response:
    """Keep what the reader says, and show the next text."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        given = service.answer(
            session,
            actor=user,
            interaction_id=interaction_id,
            analysis_id=told.analysis_id,
            after=told.after,
            labels=told.labels(),
            now=now,
        )
        made = session.get(Correction, given.correction_id) if given.correction_id else None
        return _flash(interaction_id, _outcome(given.second, made))

    return change(request, deed, to="/review", refused=f"/review/{interaction_id}")


@router.post("/review/{interaction_id}/skip")
def skip(request: Request, user: Reader, interaction_id: Id) -> Response:
    """Leave the text to others."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        service.skip(session, actor=user, interaction_id=interaction_id, now=now)
        return _flash(interaction_id, "已跳过，留给别人看。")

    return change(request, deed, to="/review")


@router.post("/review/{interaction_id}/undo")
def undo(request: Request, user: Reader, interaction_id: Id) -> Response:
    """Take one's own answer back, and show the text again."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        service.undo(session, actor=user, interaction_id=interaction_id, now=now)
        return Flash("已撤销，这一条回到队列。")

    return change(request, deed, to=f"/review/{interaction_id}", refused="/review")


def _flash(interaction_id: int, words: str) -> Flash:
    return Flash(words, undo=Undo(f"/review/{interaction_id}/undo", {}))


def _outcome(second: bool, made: Correction | None) -> str:  # noqa: FBT001 - private, one meaning
    if second:
        return "已记下。有人看过这一条，两人的判断会拿来比较，不改动现有判断。"
    return f"已记下{heads_told(made.labels)}的判断，列表和统计都按它算。" if made else "已确认，和现有判断一致。"


def _progress(session: Session, user: User, queue: list[Waiting], request: Request) -> dict[str, Any]:
    now = request.app.state.runtime.clock.now()
    return {"read": service.read_on(session, user=user, now=now), "left": len(queue)}


def _item(session: Session, user: User, interaction_id: int, queue: list[Waiting], request: Request) -> dict[str, Any]:
    """One text with its evidence, why it is here, and the form, as this person may see them."""
    found = detail(session, interaction_id)
    if found.interaction.state is InteractionState.RESTRICTED or found.analysis is None:
        raise NotFound("没有这条反馈，或者它正在重新分析。")
    model = _as_the_model_said(found.analysis)
    parts = display.talk(session, interaction=found.interaction, messages=found.messages, analysis=model)
    seat = service.seat_of(session, user=user, analysis=found.analysis)
    place = f"{CHANNELS[found.interaction.channel]} · {moment(found.interaction.occurred_at, today(request))}"
    return {
        "item": found.interaction,
        "place": place,
        "topic": topic_of(session, interaction_id),
        "reasons": next((one.reasons for one in queue if one.interaction_id == interaction_id), ()),
        "answered": seat.answer,
        "subject": parts.get(-1),
        "turns": turns(found.messages, parts),
        "demand": found.analysis.demand,
        "fields": _fields(model, _preset(seat, found)),
        "flags": _flags(model, _preset(seat, found)),
        "after": corrections.newest(session, found.analysis),
        "earlier": service.before(session, user=user, answer=seat.answer),
    }


def _as_the_model_said(analysis: Analysis) -> Analysis:
    """A copy without what people decided, so that every label has its evidence and no second reader sees the first."""
    return Analysis(**{name: getattr(analysis, name) for name in Analysis.model_fields} | {"corrected": []})


def _preset(seat: service.Seat, found: FeedbackDetail) -> dict[str, list[str]]:
    """The reader's own answer; before it, what counts, or for a second reader what the model said."""
    if seat.answer is not None and not seat.answer.skipped:
        return {head: seat.answer.labels.get(head, [""]) for head in (*figures.HEADS, RISK)}
    assert found.analysis is not None  # noqa: S101 - told apart by the caller
    if seat.second:
        return corrections.said(found.analysis)
    return {head: [str(getattr(found.analysis, head))] for head in figures.HEADS} | {RISK: found.risks}


def _fields(model: Analysis, preset: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The heads with one value; where the model abstained the reader may too. The first in doubt has the focus."""
    notes = [note for note in display.label_notes(model) if note.head != RISK]
    focus = next((note.head for note in notes if note.abstained), notes[0].head)
    return [
        {
            "name": note.head,
            "label": f"{key} {note.head_title}（{_grounds(note)}）",
            "options": display.titles(note.head),
            "value": preset[note.head][0],
            "any": "看不出" if note.abstained else None,
            "hint": f"模型：{note.title}" if preset[note.head][0] != note.name else None,
            "attrs": {"accesskey": str(key), "autofocus": note.head == focus or None},
        }
        for key, note in enumerate(notes, 1)
    ]


def _grounds(note: display.LabelNote) -> str:
    sure = f"{'拿不准' if note.abstained else '把握'} {percent(note.score or 0)}"
    return f"{sure}，依据 {note.number}" if note.number else sure


def _flags(model: Analysis, preset: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The risk flags, with the model's probability and the number of its evidence where it gave them."""
    given = {note.name: _grounds(note) for note in display.label_notes(model) if note.head == RISK}
    return [
        {"name": name, "title": title, "on": name in preset[RISK], "note": given.get(name)}
        for name, title in display.titles(RISK)
    ]
