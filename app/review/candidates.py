"""What the queue chooses from: the newest feedback that nobody has reviewed, with what the model said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.feedback.models import Analysis, Interaction
from app.feedback.query import NEWEST, FeedbackFilter, conditions
from app.feedback.results import HIGH_RISKS, RISK
from app.review.models import ReviewAnswer
from app.topics.models import Topic, TopicAssignment, TopicVersion

MOST = 5000  # the newest that are looked at, so that the queue costs the same however much feedback there is
SECONDS = 50  # second looks that are offered at once
DOUBTED = ("intent", "business", "cause")  # heads whose doubt brings a text into the queue


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said in a head: its label, the probability, and whether it abstained."""

    name: str
    score: float
    abstained: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """One feedback: `counts` are the labels that count, `model` what the model said, `flags` its risks.

    `corrected` are the heads in which a person has decided; the model's doubt in them is settled.
    """

    interaction_id: int
    occurred_at: datetime
    counts: dict[str, str]
    model: dict[str, Said]
    flags: tuple[tuple[str, float], ...]
    corrected: frozenset[str]
    topic_id: int | None
    unassigned: bool

    def sure(self, head: str) -> float:
        """The model's probability of its label; 1 where a person has decided."""
        return 1.0 if head in self.corrected else self.model[head].score

    @property
    def unsure(self) -> list[str]:
        """The doubted heads in which the model abstained and nobody has decided."""
        return [head for head in DOUBTED if head not in self.corrected and self.model[head].abstained]

    @property
    def high_risks(self) -> list[tuple[str, float]]:
        """The model's high flags with their probability; none where a person has decided."""
        return [] if RISK in self.corrected else [flag for flag in self.flags if flag[0] in HIGH_RISKS]


def unread(session: Session, *, user_id: int) -> list[Candidate]:
    """The newest MOST that nobody has read and this person has not passed over, newest first."""
    mine = col(ReviewAnswer.user_id) == user_id
    read = col(ReviewAnswer.skipped).is_(False) & col(ReviewAnswer.second).is_(False)
    answered = exists().where(_same_words(), or_(mine, read))
    return [_candidate(row, blind=False) for row in _rows(session, ~answered, limit=MOST)]


def second_looks(session: Session, *, user_id: int) -> list[Candidate]:
    """What one other person has read and a second shall read, the longest waiting first, as the model left it."""
    due = session.exec(_due(user_id)).all()
    rows = _rows(session, col(Interaction.id).in_(due), limit=SECONDS)
    found = {row.id: _candidate(row, blind=True) for row in rows}
    return [found[one] for one in due if one in found]


def new_topics(session: Session) -> dict[int, tuple[int, ...]]:
    """Telling texts of the topics that the newest fit was the first to find; none before the second fit."""
    versions = session.exec(select(TopicVersion.id).order_by(col(TopicVersion.id).desc()).limit(2)).all()
    if len(versions) < 2:  # noqa: PLR2004 - with one fit everything would be new
        return {}
    born = select(Topic.id, Topic.representatives).where(
        col(Topic.born_version_id) == versions[0], col(Topic.by_hand).is_(False), col(Topic.listed)
    )
    return {topic_id or 0: tuple(texts) for topic_id, texts in session.exec(born)}


def _due(user_id: int) -> SelectOfScalar[int]:
    other = aliased(ReviewAnswer)
    settled = exists().where(
        col(other.interaction_id) == ReviewAnswer.interaction_id,
        col(other.content_hash) == ReviewAnswer.content_hash,
        col(other.user_id) != ReviewAnswer.user_id,
        or_(col(other.user_id) == user_id, col(other.skipped).is_(False)),
    )
    return (
        select(ReviewAnswer.interaction_id)
        .join(Interaction, _same_words())
        .where(col(ReviewAnswer.again), col(ReviewAnswer.user_id) != user_id, ~settled)
        .order_by(col(ReviewAnswer.id))
        .limit(SECONDS)
    )


def _same_words() -> ColumnElement[bool]:
    """The answer was given on the words that the interaction has now."""
    return and_(
        col(ReviewAnswer.interaction_id) == Interaction.id, col(ReviewAnswer.content_hash) == Interaction.content_hash
    )


def _rows(session: Session, narrowed: ColumnElement[bool], *, limit: int) -> Sequence[Any]:
    """Values out of the labels and not the labels, whose evidence would take longest to read; asked with every page."""
    labels = col(Analysis.labels)
    columns: list[Any] = [
        col(Interaction.id).label("id"),
        col(Interaction.occurred_at),
        *(col(getattr(Analysis, head)).label(head) for head in DOUBTED),
        *(labels[head, "name"].as_string().label(f"{head}_name") for head in DOUBTED),
        *(labels[head, "score"].as_float().label(f"{head}_score") for head in DOUBTED),
        *(labels[head, "abstained"].as_boolean().label(f"{head}_abstained") for head in DOUBTED),
        labels[RISK].as_json().label("flags"),
        col(Analysis.corrected),
        col(TopicAssignment.topic_id),
        col(TopicAssignment.version_id),
    ]
    wanted = (
        sql_select(*columns)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id), isouter=True)
        .where(*conditions(FeedbackFilter()), narrowed)
        .order_by(*NEWEST)
        .limit(limit)
    )
    return session.execute(wanted).all()


def _candidate(row: Any, *, blind: bool) -> Candidate:  # noqa: ANN401 - a row of `_rows`
    """`blind` leaves out what people changed, which would tell a second reader what the first one said."""
    model = {
        head: Said(*(getattr(row, f"{head}_{part}") for part in ("name", "score", "abstained"))) for head in DOUBTED
    }
    counts = {head: model[head].name if blind else getattr(row, head) for head in DOUBTED}
    flags = tuple((flag["name"], flag["score"]) for flag in row.flags or ())
    corrected = frozenset(() if blind else row.corrected)
    unassigned = row.version_id is not None and row.topic_id is None
    return Candidate(row.id, row.occurred_at, counts, model, flags, corrected, row.topic_id, unassigned)
