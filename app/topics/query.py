"""Reading topics: the list with what changed, and everything about one. Each is a handful of GROUP BY queries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.channels.kinds import ScoreKind
from app.clock import local_day
from app.errors import NotFound
from app.feedback import stats
from app.feedback.models import Analysis, Interaction, Score
from app.feedback.query import FeedbackFilter, FeedbackRow, rows_by_id
from app.topics.models import Topic, TopicAssignment, TopicVersion
from app.topics.rates import Change
from app.topics.records import WEEK, cover

DAYS = 28
WEEKS = 12
BREAKDOWNS = ("channel", "product", "region", "cause")


class Sort(StrEnum):
    """What a list of topics begins with; RISING is the surest rise, not the largest ratio."""

    RISING = "rising"
    LARGEST = "largest"
    NEGATIVE = "negative"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean on the scale 1 to 5 of `n` answers; None without any."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Feedback in the window that ends at `until`: `negative` of `change.count` have a sentiment below 0.

    `weekly` counts the WEEKS weeks up to `until`, or as many as were asked for, oldest first, and `weekly_negative`
    those of them with a sentiment below 0.
    """

    change: Change
    negative: int
    csat: Mean
    last_seen: datetime | None
    weekly: list[int]
    weekly_negative: list[int]

    @property
    def negative_share(self) -> float | None:
        """0 to 1; None where the window is empty."""
        return self.negative / self.change.count if self.change.count else None


@dataclass(frozen=True, slots=True)
class TopicRow(Figures):
    """One topic and its figures; `theme` is the value of a business."""

    id: int
    name: str
    theme: str
    terms: list[str]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of the bank's calendar, beginning with `start`."""

    start: date
    count: int
    negative: int


@dataclass(frozen=True, slots=True)
class TopicDetail:
    """One topic with its texts; `breakdowns` maps BREAKDOWNS to (value, count, negative) in the window."""

    topic: Topic
    row: TopicRow
    weeks: list[Week]
    representatives: list[FeedbackRow]
    breakdowns: dict[str, list[tuple[Any, int, int]]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the analysed feedback belongs to a topic, and when topics were last fitted."""

    fitted_at: datetime | None
    assigned: int
    total: int

    @property
    def share(self) -> float | None:
        """0 to 1; None before the first fit."""
        return self.assigned / self.total if self.total else None


def members(topic_id: int | None) -> SelectOfScalar[int]:
    """Ids of a topic's interactions, as a subquery; None is 未归类."""
    topic = col(TopicAssignment.topic_id)
    return select(TopicAssignment.interaction_id).where(topic.is_(None) if topic_id is None else topic == topic_id)


def topic(session: Session, topic_id: int) -> Topic:
    """Raises NotFound."""
    found = session.get(Topic, topic_id)
    if found is None:
        raise NotFound(f"没有编号为 {topic_id} 的主题。")
    return found


def topic_of(session: Session, interaction_id: int) -> Topic | None:
    """The topic of one feedback; None for 未归类."""
    assignment = session.get(TopicAssignment, interaction_id)
    return session.get(Topic, assignment.topic_id) if assignment and assignment.topic_id else None


def list_topics(
    session: Session,
    *,
    until: datetime,
    days: int = DAYS,
    weeks: int = WEEKS,
    sort: Sort = Sort.RISING,
    limit: int | None = None,
) -> list[TopicRow]:
    """The listed topics, over the `days` days before `until` and the same number before those."""
    topics = session.exec(select(Topic).where(col(Topic.listed)).order_by(col(Topic.id))).all()
    rows = sorted(_rows(session, topics, until=until, days=days, weeks=weeks), key=ORDER[sort])
    return rows[:limit]


def topic_detail(session: Session, *, topic_id: int, until: datetime, days: int = DAYS) -> TopicDetail:
    """Everything about one topic, retired ones included. Raises NotFound."""
    found = topic(session, topic_id)
    window = FeedbackFilter(since=until - timedelta(days=days), until=until, interaction_ids=members(topic_id))
    return TopicDetail(
        topic=found,
        row=_rows(session, [found], until=until, days=days)[0],
        weeks=_weeks(session, topic_id, until=until),
        representatives=rows_by_id(session, found.representatives),
        breakdowns={label: stats.by_label(session, label=label, filter=window) for label in BREAKDOWNS},
    )


def coverage(session: Session) -> Coverage:
    """Over all feedback that was looked at, whatever its date."""
    counted = select(func.count(col(TopicAssignment.topic_id)), func.count(col(TopicAssignment.interaction_id)))
    assigned, total = session.exec(counted).one()
    return Coverage(fitted_at(session), assigned, total)


def fitted_at(session: Session) -> datetime | None:
    """When topics were last fitted."""
    return session.exec(select(TopicVersion.created_at).order_by(col(TopicVersion.id).desc()).limit(1)).first()


def _rows(
    session: Session, topics: Sequence[Topic], *, until: datetime, days: int, weeks: int = WEEKS
) -> list[TopicRow]:
    ids = [topic.id for topic in topics if topic.id is not None]
    counts = _counts(session, ids, until=until, days=days)
    last_seen = _last_seen(session, ids, until=until)
    csat = _csat(session, ids, since=until - timedelta(days=days), until=until)
    weekly = _weekly(session, ids, until=until, weeks=weeks)
    since = until - timedelta(days=days)
    comparable = cover(session, earlier=(since - timedelta(days=days), since), later=(since, until))
    rows = []
    for topic in topics:
        now, before, negative = counts.get(topic.id, (0, 0, 0))
        by_week = [weekly.get((topic.id, number), (0, 0)) for number in range(weeks)]
        rows.append(
            TopicRow(
                id=topic.id or 0,
                name=topic.name,
                theme=topic.theme,
                terms=topic.terms,
                change=Change.between(now, before, days=days, comparable=comparable),
                negative=negative,
                csat=csat.get(topic.id, Mean(None, 0)),
                last_seen=last_seen.get(topic.id),
                weekly=[count for count, _ in by_week],
                weekly_negative=[bad for _, bad in by_week],
            )
        )
    return rows


ORDER: dict[Sort, Callable[[Figures], tuple[float, ...]]] = {
    # ties among topics without a sure rise go to the larger increase
    Sort.RISING: lambda row: (
        -row.change.low if row.change.comparable else 0.0,
        row.change.previous - row.change.count,
    ),
    Sort.LARGEST: lambda row: (-row.change.count,),
    Sort.NEGATIVE: lambda row: (-row.negative,),
    Sort.LATEST: lambda row: (-row.last_seen.timestamp() if row.last_seen else 0.0,),
}


def _counts(
    session: Session, ids: Sequence[int], *, until: datetime, days: int
) -> dict[int | None, tuple[int, int, int]]:
    """Topic id to (this window, the one before, negative in this one)."""
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    since, earlier = until - timedelta(days=days), until - timedelta(days=2 * days)
    now = at >= since
    wanted = (
        select(topic, _sum(now), _sum(at < since), _sum(and_(now, col(Analysis.sentiment) < 0)))
        .select_from(TopicAssignment)
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(topic.in_(ids), at >= earlier, at < until)
        .group_by(topic)
    )
    return {id_: (int(a), int(b), int(c)) for id_, a, b, c in session.exec(wanted)}


def _last_seen(session: Session, ids: Sequence[int], *, until: datetime) -> dict[int | None, datetime]:
    """Topic id to the time of its newest feedback before `until`."""
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    wanted = (
        select(topic, func.max(at))
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .where(topic.in_(ids), at < until)
        .group_by(topic)
    )
    return dict(session.exec(wanted).all())


def _csat(session: Session, ids: Sequence[int], *, since: datetime, until: datetime) -> dict[int | None, Mean]:
    """Topic id to the mean CSAT that came with its feedback, whatever the scale it was asked on."""
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    low, high = col(Score.scale_min), col(Score.scale_max)
    wanted = (
        select(topic, func.avg(1 + 4 * (col(Score.value) - low) / (high - low)), func.count(col(Score.id)))
        .select_from(TopicAssignment)
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .join(Score, col(Score.interaction_id) == col(Interaction.id))
        .where(topic.in_(ids), col(Score.kind) == ScoreKind.CSAT, high > low, at >= since, at < until)
        .group_by(topic)
    )
    return {id_: Mean(float(mean), n) for id_, mean, n in session.exec(wanted)}


def _weekly(
    session: Session, ids: Sequence[int], *, until: datetime, weeks: int = WEEKS
) -> dict[tuple[int | None, int], tuple[int, int]]:
    """(topic id, week number from the oldest) to (count, negative)."""
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    first = until - weeks * WEEK
    number = case(*((at < first + (n + 1) * WEEK, n) for n in range(weeks)))
    wanted = (
        select(topic, number, func.count(col(Interaction.id)), _sum(col(Analysis.sentiment) < 0))
        .select_from(TopicAssignment)
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(topic.in_(ids), at >= first, at < until)
        .group_by(topic, number)
    )
    return {(id_, week): (count, int(negative)) for id_, week, count, negative in session.exec(wanted)}


def _weeks(session: Session, topic_id: int, *, until: datetime) -> list[Week]:
    found = _weekly(session, [topic_id], until=until)
    starts = [until - (WEEKS - number) * WEEK for number in range(WEEKS)]
    return [Week(local_day(start), *found.get((topic_id, number), (0, 0))) for number, start in enumerate(starts)]


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows meet the condition."""
    return func.sum(case((condition, 1), else_=0))
