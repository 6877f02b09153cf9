"""反馈: finding what customers said, and one feedback with what the model read in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session, col, select

from app.deps import require
from app.feedback import display
from app.feedback.query import FeedbackDetail, detail, search
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics.models import Topic, TopicAssignment
from app.tracker import board
from app.tracker import service as issues
from app.tracker.models import Issue, IssueLink
from app.web.flash import Flash
from app.web.forms import Id, change, store_of
from app.web.labels import CHANNELS, ROLES, SCORES, row_view
from app.web.paging import PageNumber, pager
from app.web.render import page, today
from app.web.searching import Wanted, choices, scope, wanted_of
from app.web.views import open_issues
from app.web.words import moment, number

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.FEEDBACK_VIEW))]
Linker = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
SIZE = 20


@router.get("/feedback")
def feedback_page(
    request: Request, user: Viewer, wanted: Annotated[Wanted, Depends(wanted_of)], page_number: PageNumber = 1
) -> Response:
    """The list for a filter, with its total."""
    with store_of(request).read() as session:
        rows, total = search(session, filter=wanted.filter, page=page_number, size=SIZE)
        products = product_names(session)
        fields = choices(session, products)
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
        rows=[row_view(row, products) for row in rows],
        total=total,
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
        topic = _topic(session, interaction_id)
        may_link = allowed(user.role, Permission.ISSUES_EDIT)
        known = {issue.id for issue in linked}
        choice = open_issues(session, known) if may_link else []
        products = product_names(session)
    turns = [
        {"role": message.role.value, "title": ROLES[message.role], "at": message.sent_at, "pieces": parts[i]}
        for i, message in enumerate(found.messages)
        if i in parts
    ]
    return page(
        request,
        "feedback_detail.html",
        user,
        interaction=interaction,
        lede=f"{CHANNELS[interaction.channel]} · {moment(interaction.occurred_at, day)}",
        subject=parts.get(-1),
        turns=turns,
        notes=display.label_notes(analysis) if analysis else [],
        demand=analysis.demand if analysis else "",
        topic=topic,
        facts=_facts(found, products),
        linked=linked,
        open_issues=choice,
        may_link=may_link,
        earlier=[
            (row.id, f"{moment(row.occurred_at, today(request))} {CHANNELS[row.channel]}") for row in found.earlier
        ],
    )


@router.post("/feedback/{interaction_id}/link")
def add_to_issue(request: Request, user: Linker, interaction_id: Id, issue_id: Annotated[int, Form()]) -> Response:
    """Make the feedback evidence of an issue."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        issues.link(session, actor=user, issue_id=issue_id, interaction_ids=[interaction_id], now=now)
        return Flash(f"已归入“{board.get_issue(session, issue_id=issue_id).title}”。")

    return change(request, deed, to=f"/feedback/{interaction_id}")


def _linked(session: Session, interaction_id: int) -> list[Issue]:
    chosen = select(Issue).join(IssueLink, col(IssueLink.issue_id) == col(Issue.id))
    return list(session.exec(chosen.where(IssueLink.interaction_id == interaction_id).order_by(col(Issue.id))))


def _topic(session: Session, interaction_id: int) -> Topic | None:
    assignment = session.get(TopicAssignment, interaction_id)
    return session.get(Topic, assignment.topic_id) if assignment and assignment.topic_id else None


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
