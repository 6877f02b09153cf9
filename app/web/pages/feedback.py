"""反馈: finding what customers said, and one feedback with what the model read in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session, col, select

from app.deps import require
from app.feedback import corrections, display
from app.feedback.models import Analysis, Interaction
from app.feedback.query import FeedbackDetail, FeedbackRow, detail, search
from app.feedback.results import RISK
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.search.service import Piece, excerpts, relevance
from app.topics.query import topic_of
from app.tracker import board
from app.tracker import service as issues
from app.tracker.models import Issue, IssueLink
from app.web.correcting import CorrectionForm, heads_told
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS, SCORES, restricted, row_view, turns
from app.web.paging import PageNumber, pager
from app.web.render import page, today
from app.web.searching import Wanted, choices, scope, wanted_of
from app.web.views import open_issues
from app.web.words import moment, number

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.FEEDBACK_VIEW))]
Corrector = Annotated[User, Depends(require(Permission.FEEDBACK_EDIT))]
Linker = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
SIZE = 20
SIMILAR = 8


@router.get("/feedback")
def feedback_page(
    request: Request, user: Viewer, wanted: Annotated[Wanted, Depends(wanted_of)], page_number: PageNumber = 1
) -> Response:
    """The list for a filter, with its total."""
    with store_of(request).read() as session:
        best = relevance(wanted.question) if wanted.best else None
        rows, total = search(session, filter=wanted.filter, page=page_number, size=SIZE, best=best)
        said = _said(session, rows, wanted)
        products = product_names(session)
        fields = choices(session, products, wanted)
        told = scope(session, wanted)
    return page(
        request,
        "feedback.html",
        user,
        filters=wanted.params,
        choices=fields,
        problem=wanted.problem,
        scope=told,
        filtered=any(wanted.params.values()),
        more=any(wanted.params[field["name"]] for field in fields if not field["first"]),
        rows=[{**row_view(row, products), "pieces": said.get(row.interaction.id or 0)} for row in rows],
        total=total,
        best=wanted.best,
        asked=bool(wanted.question),
        **pager(request, page_number, total, SIZE),
    )


@router.get("/feedback/{interaction_id}")
def feedback_detail(request: Request, user: Viewer, interaction_id: Id) -> Response:
    """One feedback: the talk with the evidence of each label, and the issues it belongs to."""
    day = today(request)
    with store_of(request).read() as session:
        found = detail(session, interaction_id)
        interaction, analysis = found.interaction, found.analysis
        parts = display.talk(session, interaction=interaction, messages=found.messages, analysis=analysis)
        linked = _linked(session, interaction_id)
        topic = topic_of(session, interaction_id)
        may_link = allowed(user.role, Permission.ISSUES_EDIT)
        known = {issue.id for issue in linked}
        choice = open_issues(session, known) if may_link else []
        products = product_names(session)
        near = request.app.state.runtime.neighbours.similar(session, interaction_id=interaction_id, most=SIMILAR)
    may_correct = allowed(user.role, Permission.FEEDBACK_EDIT)
    return page(
        request,
        "feedback_detail.html",
        user,
        interaction=interaction,
        lede=f"{CHANNELS[interaction.channel]} · {moment(interaction.occurred_at, day)}",
        subject=parts.get(-1),
        turns=turns(found.messages, parts),
        notes=display.label_notes(analysis, found.risks) if analysis else [],
        correctable=_correctable(analysis, found.risks) if analysis and may_correct else None,
        corrections=[(one, who, heads_told(one.labels)) for one, who in found.corrections],
        restricted=restricted(interaction),
        demand=analysis.demand if analysis else "",
        topic=topic,
        facts=_facts(found, products),
        linked=linked,
        open_issues=choice,
        may_link=may_link,
        reviews=found.reviews,
        may_open=allowed(user.role, Permission.ORIGINAL_VIEW),
        may_manage=allowed(user.role, Permission.PRIVACY_EDIT),
        earlier=_told(found.earlier, day),
        similar=[(row_view(one.row, products), one.likeness) for one in near],
        same_number=_told([row for row in found.same_number if row not in found.earlier], day),
    )


@router.post("/feedback/{interaction_id}/corrections")
def correct(request: Request, user: Corrector, interaction_id: Id, told: Annotated[CorrectionForm, Form()]) -> Response:
    """Put a person's labels in the place of the model's; what was left as it is changes nothing."""
    now = request.app.state.runtime.clock.now()
    path = f"/feedback/{interaction_id}"

    def deed(session: Session) -> Flash:
        made = corrections.correct(
            session,
            actor=user,
            interaction_id=interaction_id,
            analysis_id=told.analysis_id,
            after=told.after,
            labels=told.labels(),
            now=now,
        )
        if made is None:
            return Flash("没有改动：选的和现在的一样。")
        undo = Undo(f"{path}/corrections/{made.id}/undo", {})
        return Flash(f"已改正{heads_told(made.labels)}，列表和统计都按改正后的算。", undo=undo)

    return change(request, deed, to=path)


@router.post("/feedback/{interaction_id}/corrections/{correction_id}/undo")
def undo_correction(request: Request, user: Corrector, interaction_id: Id, correction_id: Id) -> Response:
    """Take a correction back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        undone = corrections.undo(
            session, actor=user, interaction_id=interaction_id, correction_id=correction_id, now=now
        )
        return Flash(f"已撤销对{heads_told(undone.labels)}的改正。")

    return change(request, deed, to=f"/feedback/{interaction_id}")


@router.post("/feedback/{interaction_id}/link")
def add_to_issue(request: Request, user: Linker, interaction_id: Id, issue_id: Annotated[int, Form()]) -> Response:
    """Make the feedback evidence of an issue."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        issues.link(session, actor=user, issue_id=issue_id, interaction_ids=[interaction_id], now=now)
        return Flash(f"已归入“{board.get_issue(session, issue_id=issue_id).title}”。")

    return change(request, deed, to=f"/feedback/{interaction_id}")


def _said(session: Session, rows: list[FeedbackRow], wanted: Wanted) -> dict[int, list[Piece]]:
    """Feedback's id to its words with what was looked for marked; none where no words were asked for."""
    if not wanted.question.wanted:
        return {}
    shown = [row.interaction.id for row in rows if row.interaction.id is not None]
    return excerpts(session, question=wanted.question, interaction_ids=shown)


def _told(rows: Iterable[Interaction], day: date) -> list[tuple[int | None, str]]:
    return [(row.id, f"{moment(row.occurred_at, day)} {CHANNELS[row.channel]}") for row in rows]


def _correctable(analysis: Analysis, risks: list[str]) -> dict[str, Any]:
    """The fields of the form 改正; a label that is undecided is shown so, with what the model leans to."""
    heads = [
        {
            "name": note.head,
            "title": note.head_title,
            "options": display.titles(note.head),
            "value": "" if note.abstained else note.name,
            "any": f"待定（倾向 {note.title}）" if note.abstained else None,
        }
        for note in display.label_notes(analysis, risks)
        if note.head != RISK
    ]
    return {"heads": heads, "flags": [(name, title, name in risks) for name, title in display.titles(RISK)]}


def _linked(session: Session, interaction_id: int) -> list[Issue]:
    chosen = select(Issue).join(IssueLink, col(IssueLink.issue_id) == col(Issue.id))
    return list(session.exec(chosen.where(IssueLink.interaction_id == interaction_id).order_by(col(Issue.id))))


def _facts(found: FeedbackDetail, products: dict[str, str]) -> list[tuple[str, str]]:
    """What is known beside the words; what is not known is left out."""
    row = found.interaction
    facts = [
        ("编号", str(row.id)),
        ("接入源", found.source.title),
        ("细分渠道", row.sub_channel),
        ("客户", found.customer.ref if found.customer else None),
        ("产品", products.get(row.product, row.product) if row.product else None),
        ("网点", row.branch),
        ("地区", row.region),
        *(
            (SCORES[score.kind], f"{number(score.value)}（{number(score.scale_min)}–{number(score.scale_max)}）")
            for score in found.scores
        ),
    ]
    return [(name, value) for name, value in facts if value]
