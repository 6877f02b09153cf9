"""Counting feedback for charts and overviews. Days are the bank's days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from app.clock import day_start, local_day
from app.feedback.models import Analysis, AnalysisRisk, Interaction, InteractionState, Score
from app.feedback.query import FeedbackFilter, conditions

LABELS = {
    "intent": Analysis.intent,
    "touchpoint": Analysis.touchpoint,
    "business": Analysis.business,
    "cause": Analysis.cause,
    "sentiment": Analysis.sentiment,
    "channel": Interaction.channel,
    "sub_channel": Interaction.sub_channel,
    "product": Interaction.product,
    "branch": Interaction.branch,
    "region": Interaction.region,
}


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day of the bank's calendar."""

    day: date
    total: int
    negative: int
    """of them with a sentiment below 0"""


def daily(session: Session, *, filter: FeedbackFilter, since: date, until: date) -> list[DayCount]:
    """Every day from `since` up to and without `until`, days without feedback included."""
    wanted = (
        select(Interaction.occurred_at, Analysis.sentiment)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(*conditions(filter))
        .where(col(Interaction.occurred_at) >= day_start(since), col(Interaction.occurred_at) < day_start(until))
    )
    counts = {since + timedelta(days=n): [0, 0] for n in range((until - since).days)}
    for occurred_at, sentiment in session.exec(wanted):
        count = counts[local_day(occurred_at)]
        count[0] += 1
        count[1] += (sentiment or 0) < 0  # None before the analysis
    return [DayCount(day, total, negative) for day, (total, negative) in counts.items()]


def by_label(session: Session, *, label: str, filter: FeedbackFilter) -> list[tuple[Any, int, int]]:
    """(value, count, negative) for a name of `LABELS`, most frequent first; feedback without the label is left out."""
    column = col(LABELS[label])
    count = func.count(col(Interaction.id))
    negative = func.coalesce(func.sum(case((col(Analysis.sentiment) < 0, 1), else_=0)), 0)
    wanted = (
        select(column, count, negative)
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(*conditions(filter), column.is_not(None))
        .group_by(column)
        .order_by(count.desc(), column)
    )
    return [(value, total, int(bad)) for value, total, bad in session.exec(wanted)]


def by_risk(session: Session, *, filter: FeedbackFilter) -> list[tuple[str, int]]:
    """(risk, count), most frequent first."""
    count = func.count(col(Interaction.id))
    wanted = (
        select(AnalysisRisk.name, count)
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .join(AnalysisRisk, col(AnalysisRisk.analysis_id) == col(Analysis.id))
        .where(*conditions(filter))
        .group_by(col(AnalysisRisk.name))
        .order_by(count.desc(), col(AnalysisRisk.name))
    )
    return list(session.exec(wanted).all())


def by_state(session: Session) -> dict[InteractionState, int]:
    """How many interactions wait, are analysed, have failed."""
    counted = select(Interaction.state, func.count(col(Interaction.id))).group_by(col(Interaction.state))
    found = dict(session.exec(counted).all())
    return {state: found.get(state, 0) for state in InteractionState}


def by_failure(session: Session) -> list[tuple[str, int]]:
    """(stage and class of the error, failed interactions), most frequent first."""
    count = func.count(col(Interaction.id))
    reason = col(Interaction.failure)
    wanted = select(reason, count).where(col(Interaction.state) == InteractionState.FAILED).group_by(reason)
    found = session.exec(wanted.order_by(count.desc(), reason)).all()
    return [(str(name), total) for name, total in found]


def csat(session: Session, *, filter: FeedbackFilter) -> list[float]:
    """The CSAT answers, on a scale from 0 to 1, that came with the feedback."""
    wanted = (
        select(Score.value, Score.scale_min, Score.scale_max)
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .join(Score, col(Score.interaction_id) == col(Interaction.id))
        .where(*conditions(filter), col(Score.kind) == "csat")
    )
    return [(value - low) / (high - low) for value, low, high in session.exec(wanted)]


def span(session: Session) -> tuple[datetime, datetime] | None:
    """The first and the last time at which a customer spoke; None in an empty store."""
    times = select(Interaction.occurred_at).limit(1)
    first = session.exec(times.order_by(col(Interaction.occurred_at))).first()
    last = session.exec(times.order_by(col(Interaction.occurred_at).desc())).first()
    return (first, last) if first is not None and last is not None else None
