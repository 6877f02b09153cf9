"""Tables of the topics: what each fit found, the topics themselves, and which feedback belongs where.

A `Topic` outlives the fits. A fit that meets the same customers' matter again keeps its id; a topic that a
fit no longer finds is retired, and its id is never given to another. Texts that resemble no topic are kept
as assignments without a topic (未归类), so that coverage is a count and not a guess.

A `TopicAlert` says that a topic rose more than chance explains. It keeps the figures it was raised with.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.store.base import choice
from nlp.topics.edits import EditKind as EditKind  # noqa: PLC0414 - of this table too

NO_THEME = "other"  # the business of feedback that is about none


class TopicVersion(SQLModel, table=True):
    """One fit: how much it read, how much of it found a topic, and the model that assigns new feedback.

    `model` is a safetensors file (see `nlp.topics.model`): centroids and the way into their space, no texts.
    """

    __tablename__ = "topic_version"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime
    seed: int
    texts: int = Field(description="feedback read by the fit")
    covered: int = Field(description="of these, the ones that found a topic")
    pipeline_version: str = Field(description="version of the pipeline whose embeddings the fit read")
    last_analysis_id: int = Field(default=0, description="the newest analysis there was when the fit read")
    model: bytes


class Topic(SQLModel, table=True):
    """One matter that customers raise; its id is never reused.

    `name` is a fit's proposal until a person renames the topic (`renamed_by` says who). A refit changes
    `proposed_name`, and the name only where it is a fit's and says none of the topic's words any longer.
    """

    __tablename__ = "topic"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    proposed_name: str = Field(max_length=60, description="what the latest fit would call it")
    previous_name: str | None = Field(default=None, max_length=60, description="the name before the last renaming")
    renamed_by: str | None = Field(default=None, description="login of the person who gave the present name")
    terms: list[str] = Field(default_factory=list, sa_type=JSON, description="most telling words, best first")
    representatives: list[int] = Field(
        default_factory=list, sa_type=JSON, description="interaction ids of telling and differing texts, best first"
    )
    theme: str = Field(default=NO_THEME, max_length=40, description="the business it is grouped under")
    theme_by: str | None = Field(default=None, description="login of the person who put it there")
    by_hand: bool = Field(default=False, description="split off by a person; no fit knows it")
    merged_into_id: int | None = Field(default=None, foreign_key="topic.id", description="the topic it is part of now")
    listed: bool = Field(default=True, index=True, description="false while hidden, merged away or without any text")
    born_version_id: int = Field(foreign_key="topic_version.id", index=True)
    retired_version_id: int | None = Field(default=None, foreign_key="topic_version.id", index=True)


class TopicAssignment(SQLModel, table=True):
    """Where one feedback belongs; None is 未归类. `topic_id` is the fit's answer with people's edits laid over it."""

    __tablename__ = "topic_assignment"
    __table_args__ = (Index("ix_topic_assignment_topic_id_interaction_id", "topic_id", "interaction_id"),)

    interaction_id: int = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    topic_id: int | None = Field(default=None, foreign_key="topic.id")
    base_topic_id: int | None = Field(default=None, foreign_key="topic.id", description="what the current version says")
    score: float = Field(description="similarity to the topic's centroid, at most 1")
    version_id: int = Field(foreign_key="topic_version.id", index=True)


class TopicPlace(SQLModel, table=True):
    """Where a feedback lies on the map; every fit places some anew and forgets the others."""

    __tablename__ = "topic_place"

    interaction_id: int = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    x: float
    y: float


class TopicEdit(SQLModel, table=True):
    """What a person changed, replayed after every fit (nlp.topics.edits); undone ones are left out."""

    __tablename__ = "topic_edit"

    id: int | None = Field(default=None, primary_key=True)
    kind: EditKind = Field(sa_type=choice(EditKind))
    topic_id: int = Field(foreign_key="topic.id", index=True)
    target_id: int | None = Field(default=None, foreign_key="topic.id", index=True)
    interaction_ids: list[int] = Field(default_factory=list, sa_type=JSON, description="of a split or a move")
    sides: bytes | None = Field(
        default=None, description="of a split: two mean embeddings, float32: what went and what stayed"
    )
    upto: int = Field(default=0, description="the last interaction there was")
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime
    undone_at: datetime | None = None


class EventKind(StrEnum):
    """What a fit did to a topic, told by where its texts went."""

    BORN = "born"
    RETIRED = "retired"
    SPLIT = "split"
    MERGED = "merged"


class TopicEvent(SQLModel, table=True):
    """One line of the topics' lineage: a topic was born (out of `other_id`, if split) or ended (in it, if merged)."""

    __tablename__ = "topic_event"

    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="topic_version.id", index=True)
    kind: EventKind = Field(sa_type=choice(EventKind))
    topic_id: int = Field(foreign_key="topic.id", index=True)
    other_id: int | None = Field(default=None, foreign_key="topic.id")
    texts: int = Field(description="how many texts the event concerns")


class AlertState(StrEnum):
    """What a person said to an alert; a snoozed one is open again when its day has come."""

    OPEN = "open"
    ACCEPTED = "accepted"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"

    @property
    def chinese(self) -> str:
        """As people say it."""
        return ALERT_TITLES[self]


ALERT_TITLES = {
    AlertState.OPEN: "待处理",
    AlertState.ACCEPTED: "已受理",
    AlertState.SNOOZED: "稍后再看",
    AlertState.DISMISSED: "已知",
}


class TopicAlert(SQLModel, table=True):
    """Alert 预警: from `since` to `raised_on` a topic had more texts than usual; `topic_id` None is 未归类."""

    __tablename__ = "topic_alert"
    __table_args__ = (UniqueConstraint("topic_id", "raised_on"),)

    id: int | None = Field(default=None, primary_key=True)
    topic_id: int | None = Field(default=None, foreign_key="topic.id")
    since: date
    raised_on: date = Field(description="last day of the counts that raised it")
    last_on: date = Field(index=True, description="last day on which the topic was found high")
    observed: int
    expected: float = Field(description="texts that were usual for these days")
    factor: float = Field(description="observed / expected")
    low: float = Field(description="of the factor's 95 % interval")
    high: float
    carriers: dict[str, dict[str, int]] = Field(
        default_factory=dict, sa_type=JSON, description="channel, product, region: value to the texts in which it rose"
    )
    texts: list[int] = Field(default_factory=list, sa_type=JSON, description="interaction ids, most telling first")
    state: AlertState = Field(default=AlertState.OPEN, sa_type=choice(AlertState), index=True)
    snoozed_until: date | None = Field(default=None, description="first day on which it is shown again")
    decided_by: int | None = Field(default=None, foreign_key="user.id")
    decided_at: datetime | None = None
