"""Finding feedback: filters, a page of rows, and everything about one.

Only masked words are read here. The originals of a detail are a separate question, for a role that may ask it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.channels.kinds import ChannelKind
from app.customers.models import Customer
from app.errors import NotFound
from app.feedback import links, masks
from app.feedback.corrections import in_force
from app.feedback.models import (
    Analysis,
    AnalysisRisk,
    Correction,
    Interaction,
    InteractionState,
    MaskReview,
    Message,
    Score,
    Source,
)
from app.people.models import User
from nlp.taxonomy import pii_title

MAX_PAGE_SIZE = 200
EXCERPT = 120  # code points of a row's text
NEWEST = (col(Interaction.occurred_at).desc(), col(Interaction.id).desc())


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """What is looked for; None and "" do not narrow. `since` is included, `until` is not.

    `negative` is a sentiment below 0; `any_risk` at least one of these flags.

    `saying` and `interaction_ids` are for callers above this domain who know more: what the search makes of typed
    words, and a topic's members, as a subquery or ids.
    """

    saying: ColumnElement[bool] | None = None
    channel: ChannelKind | None = None
    intent: str | None = None
    business: str | None = None
    cause: str | None = None
    touchpoint: str | None = None
    sentiment: int | None = None
    negative: bool = False
    risk: str | None = None
    any_risk: tuple[str, ...] = ()
    product: str | None = None
    branch: str | None = None
    region: str | None = None
    segment: str | None = None
    customer_id: int | None = None
    state: InteractionState | None = None
    since: datetime | None = None
    until: datetime | None = None
    interaction_ids: Any = None


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """One line of a list; `analysis` is None before the analysis, and where there are no words."""

    interaction: Interaction
    analysis: Analysis | None
    risks: list[str]
    excerpt: str


@dataclass(frozen=True, slots=True)
class FeedbackDetail:
    """One feedback with all that is known of it, in masked words."""

    interaction: Interaction
    source: Source
    customer: Customer | None
    messages: list[Message]
    analysis: Analysis | None
    risks: list[str]
    scores: list[Score]
    earlier: list[Interaction] = field(default_factory=list)
    reviews: list[tuple[MaskReview, str, str]] = field(default_factory=list)  # as corrections, and the kind's name
    same_number: list[Interaction] = field(default_factory=list)  # that bear one of its identifiers
    corrections: list[tuple[Correction, str]] = field(default_factory=list)  # in force, newest first, and whose


def conditions(wanted: FeedbackFilter) -> list[ColumnElement[bool]]:
    """SQL for a query over Interaction outer-joined with its current Analysis; restricted feedback is never found."""
    found: list[ColumnElement[bool]] = [col(Interaction.state) != InteractionState.RESTRICTED]
    for column, value in (
        (Interaction.channel, wanted.channel),
        (Interaction.product, wanted.product),
        (Interaction.branch, wanted.branch),
        (Interaction.region, wanted.region),
        (Interaction.customer_id, wanted.customer_id),
        (Interaction.state, wanted.state),
        (Analysis.intent, wanted.intent),
        (Analysis.business, wanted.business),
        (Analysis.cause, wanted.cause),
        (Analysis.touchpoint, wanted.touchpoint),
        (Analysis.sentiment, wanted.sentiment),
    ):
        if value is not None and value != "":
            found.append(col(column) == value)
    found += _beside(wanted)
    if wanted.negative:
        found.append(col(Analysis.sentiment) < 0)
    if wanted.since:
        found.append(col(Interaction.occurred_at) >= wanted.since)
    if wanted.until:
        found.append(col(Interaction.occurred_at) < wanted.until)
    if wanted.saying is not None:
        found.append(wanted.saying)
    if wanted.interaction_ids is not None:
        found.append(col(Interaction.id).in_(wanted.interaction_ids))
    return found


def _beside(wanted: FeedbackFilter) -> list[ColumnElement[bool]]:
    """What other tables tell of a feedback: its flags, and its customer's segment."""
    found: list[ColumnElement[bool]] = []
    if wanted.segment:
        named = select(Customer.id).where(col(Customer.segment) == wanted.segment)
        found.append(col(Interaction.customer_id).in_(named))
    if wanted.risk:
        risky = select(AnalysisRisk.analysis_id).where(col(AnalysisRisk.name) == wanted.risk)
        found.append(col(Interaction.analysis_id).in_(risky))
    if wanted.any_risk:
        risky = select(AnalysisRisk.analysis_id).where(col(AnalysisRisk.name).in_(wanted.any_risk))
        found.append(col(Interaction.analysis_id).in_(risky))
    return found


def search(
    session: Session,
    *,
    filter: FeedbackFilter,
    page: int = 1,
    size: int = 50,
    best: ColumnElement[float] | None = None,
) -> tuple[list[FeedbackRow], int]:
    """The page's rows and how many there are in all. `page` counts from 1.

    The newest come first, or those where `best` is largest.
    """
    size = max(1, min(size, MAX_PAGE_SIZE))
    narrowed = conditions(filter)
    total = session.exec(_joined(select(func.count(col(Interaction.id))), narrowed)).one()
    wanted = (
        select(Interaction, Analysis)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(*narrowed)
        .order_by(*([] if best is None else [best.desc()]), *NEWEST)
        .offset((max(1, page) - 1) * size)
        .limit(size)
    )
    found = session.exec(wanted).all()
    return rows_of(session, found), total


def rows_of(session: Session, found: Iterable[tuple[Interaction, Analysis | None]]) -> list[FeedbackRow]:
    """Rows for (interaction, analysis or None) pairs, in their order, with two more queries in all."""
    pairs = list(found)
    risks = _risks(session, [analysis.id for _, analysis in pairs if analysis])
    excerpts = _excerpts(session, [interaction.id for interaction, _ in pairs])
    return [
        FeedbackRow(
            interaction,
            analysis,
            risks.get(analysis.id, []) if analysis else [],
            " ".join(filter(None, [interaction.subject_masked, excerpts.get(interaction.id, "")]))[:EXCERPT],
        )
        for interaction, analysis in pairs
    ]


def rows_by_id(session: Session, interaction_ids: list[int]) -> list[FeedbackRow]:
    """Rows for given ids, in their order; ids that do not exist are left out."""
    wanted = (
        select(Interaction, Analysis)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(col(Interaction.id).in_(interaction_ids))
    )
    by_id = {interaction.id: (interaction, analysis) for interaction, analysis in session.exec(wanted)}
    return rows_of(session, [by_id[one] for one in interaction_ids if one in by_id])


def detail(session: Session, interaction_id: int) -> FeedbackDetail:
    """Everything about one feedback. Raises NotFound."""
    interaction = session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("没有这条反馈。")
    analysis = session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None
    messages = select(Message).where(col(Message.interaction_id) == interaction_id).order_by(col(Message.seq))
    scores = select(Score).where(col(Score.interaction_id) == interaction_id).order_by(col(Score.kind))
    return FeedbackDetail(
        interaction=interaction,
        source=session.get_one(Source, interaction.source_id),
        customer=session.get(Customer, interaction.customer_id) if interaction.customer_id else None,
        messages=list(session.exec(messages)),
        analysis=analysis,
        risks=_risks(session, [analysis.id]).get(analysis.id, []) if analysis else [],
        scores=list(session.exec(scores)),
        earlier=_earlier(session, interaction),
        reviews=_reviews(session, interaction_id),
        same_number=links.others(session, interaction_id),
        corrections=_corrections(session, analysis) if analysis else [],
    )


def _joined(counted: SelectOfScalar[int], narrowed: list[ColumnElement[bool]]) -> SelectOfScalar[int]:
    return counted.join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True).where(*narrowed)


def _risks(session: Session, analysis_ids: list[int | None]) -> dict[int | None, list[str]]:
    found: dict[int | None, list[str]] = {}
    wanted = (
        select(AnalysisRisk).where(col(AnalysisRisk.analysis_id).in_(analysis_ids)).order_by(col(AnalysisRisk.name))
    )
    for risk in session.exec(wanted):
        found.setdefault(risk.analysis_id, []).append(risk.name)
    return found


def _excerpts(session: Session, interaction_ids: list[int | None]) -> dict[int | None, str]:
    """The beginning of what each customer said, in masked words."""
    wanted = (
        select(Message.interaction_id, Message.masked_text)
        .where(and_(col(Message.interaction_id).in_(interaction_ids), col(Message.role) == "customer"))
        .order_by(col(Message.interaction_id), col(Message.seq))
    )
    found: dict[int | None, str] = {}
    for interaction_id, text in session.exec(wanted):
        said = found.get(interaction_id, "")
        if text and len(said) < EXCERPT:
            found[interaction_id] = f"{said} {text}".strip()[: 2 * EXCERPT]
    return found


def _corrections(session: Session, analysis: Analysis) -> list[tuple[Correction, str]]:
    found = in_force(session, analysis)
    names = _names(session, {one.user_id for one in found})
    return [(one, names.get(one.user_id, "")) for one in reversed(found)]


def _reviews(session: Session, interaction_id: int) -> list[tuple[MaskReview, str, str]]:
    found = masks.in_force(session, interaction_id)
    names = _names(session, {one.user_id for one in found})
    return [(one, names.get(one.user_id, ""), pii_title(one.kind)) for one in reversed(found)]


def _names(session: Session, user_ids: set[int | None]) -> dict[int | None, str]:
    wanted = select(User).where(col(User.id).in_(user_ids))
    return {user.id: user.name for user in session.exec(wanted)} if user_ids else {}


def _earlier(session: Session, interaction: Interaction) -> list[Interaction]:
    """The same customer's other interactions, newest first."""
    if interaction.customer_id is None:
        return []
    wanted = select(Interaction).where(
        col(Interaction.customer_id) == interaction.customer_id,
        col(Interaction.id) != interaction.id,
        col(Interaction.state) != InteractionState.RESTRICTED,
    )
    return list(session.exec(wanted.order_by(col(Interaction.occurred_at).desc()).limit(20)))
