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


class TopicVersion(SQLModel, table=True):
    """One fit: how much it read, how much of it found a topic, and the model that assigns new feedback.

    `model` is a safetensors file (see `nlp.topics.saving`): centroids and the way into their space, no texts.
    """

    __tablename__ = "topic_version"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime
    seed: int
    texts: int = Field(description="feedback read by the fit")
    covered: int = Field(description="of these, the ones that found a topic")
    pipeline_version: str = Field(description="version of the pipeline whose embeddings the fit read")
    model: bytes


class Topic(SQLModel, table=True):
    """One matter that customers raise; its id is never reused.

    `name` is the fit's proposal until a person renames the topic (`renamed_by` says who); from then on a
    refit changes `proposed_name` alone.
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
    born_version_id: int = Field(foreign_key="topic_version.id", index=True)
    retired_version_id: int | None = Field(default=None, foreign_key="topic_version.id", index=True)


class TopicAssignment(SQLModel, table=True):
    """Where one feedback belongs in the current version; `topic_id` None is 未归类."""

    __tablename__ = "topic_assignment"
    __table_args__ = (Index("ix_topic_assignment_topic_id_interaction_id", "topic_id", "interaction_id"),)

    interaction_id: int = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    topic_id: int | None = Field(default=None, foreign_key="topic.id")
    score: float = Field(description="similarity to the topic's centroid, at most 1")
    version_id: int = Field(foreign_key="topic_version.id", index=True)


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
