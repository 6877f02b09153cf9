"""Reading topics: the list with what changed, and everything about one. Each is a handful of GROUP BY queries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func
from sqlalchemy import select as sql_select
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


def representatives(session: Session, topic: Topic) -> list[int]:
    """Ids of its telling texts that it has now, best first: the fit chose them, and people move texts since."""
    wanted = members(topic.id).where(col(TopicAssignment.interaction_id).in_(topic.representatives))
    inside = set(session.exec(wanted))
    return [one for one in topic.representatives if one in inside]


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
    (row,) = _rows(session, [found], until=until, days=days)
    counts = enumerate(zip(row.weekly, row.weekly_negative, strict=True))
    return TopicDetail(
        topic=found,
        row=row,
        weeks=[Week(local_day(until - (WEEKS - number) * WEEK), *week) for number, week in counts],
        representatives=rows_by_id(session, representatives(session, found)),
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
    since = until - timedelta(days=days)
    earlier = since - timedelta(days=days)
    starts = [until - (weeks - number) * WEEK for number in range(weeks)]
    pieces = _pieces(session, ids, starts=sorted({*starts, since, earlier}), until=until)
    unseen = _last_seen(session, [id_ for id_ in ids if id_ not in pieces], until=until)
    csat = _csat(session, ids, since=since, until=until)
    comparable = cover(session, earlier=(earlier, since), later=(since, until))
    rows = []
    for topic in topics:
        mine = pieces.get(topic.id, [])
        now, before = _together(mine, since, until), _together(mine, earlier, since)
        by_week = [_together(mine, start, start + WEEK) for start in starts]
        rows.append(
            TopicRow(
                id=topic.id or 0,
                name=topic.name,
                theme=topic.theme,
                terms=topic.terms,
                change=Change.between(now[0], before[0], days=days, comparable=comparable),
                negative=now[1],
                csat=csat.get(topic.id, Mean(None, 0)),
                last_seen=max((one.last for one in mine), default=unseen.get(topic.id)),
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


@dataclass(frozen=True, slots=True)
class _Piece:
    """A topic's feedback from `start` to the next piece's: how much, of it negative, and when the last came."""

    start: datetime
    count: int
    negative: int
    last: datetime


def _pieces(
    session: Session, ids: Sequence[int], *, starts: Sequence[datetime], until: datetime
) -> dict[int | None, list[_Piece]]:
    """Topic id to its pieces that hold any, in one reading, whatever windows and weeks are made of them."""
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    number = case(*((at < end, place) for place, end in enumerate([*starts[1:], until])))
    wanted = (
        sql_select(topic, number, func.count(col(Interaction.id)), _sum(col(Analysis.sentiment) < 0), func.max(at))
        .select_from(TopicAssignment)
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(topic.in_(ids), at >= starts[0], at < until)
        .group_by(topic, number)
    )
    found: dict[int | None, list[_Piece]] = {}
    for id_, place, count, negative, last in session.execute(wanted):
        found.setdefault(id_, []).append(_Piece(starts[place], count, int(negative), last))
    return found


def _together(pieces: Sequence[_Piece], since: datetime, until: datetime) -> tuple[int, int]:
    """(count, negative) of the pieces that begin in these days."""
    within = [one for one in pieces if since <= one.start < until]
    return sum(one.count for one in within), sum(one.negative for one in within)


def _last_seen(session: Session, ids: Sequence[int], *, until: datetime) -> dict[int | None, datetime]:
    """Topic id to the time of its newest feedback before `until`; reads all that the topics ever had."""
    if not ids:
        return {}
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


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows meet the condition."""
    return func.sum(case((condition, 1), else_=0))
