"""Tables of the feedback domain.

A sender's bytes become a `Delivery` before they are acknowledged; a job turns it into `Interaction`s with their
`Message`s and `Score`s; another reads the customer's side and writes an `Analysis`. Feedback 反馈 is the customer's
side of one interaction, so its id is the interaction's.

Originals are sealed. `masked_text` and `subject_masked` stay None until the analysis has written them: nothing unmasked
is ever readable in the store. Digests are keyed: from a plain hash a number could be found by trying.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.store.base import IDS_GIVEN_ONCE, Sealed, choice

PiiSpan = tuple[int, int, str, float | None]
"""[start, end, kind, score]: half-open code points into the original text; older ones end with the kind."""
ReviewedSpan = tuple[int, int, int, str, float | None]  # the same with its part before it


class DeliveryState(StrEnum):
    """Where a delivery stands; `conflict` is the alarm for a known id that came with another body."""

    RECEIVED = "received"
    PROCESSED = "processed"
    REJECTED = "rejected"
    CONFLICT = "conflict"


class InteractionState(StrEnum):
    """`failed` interactions keep their reason and can be retried; `restricted` ones are stored and nothing else."""

    PENDING = "pending"
    ANALYSED = "analysed"
    FAILED = "failed"
    RESTRICTED = "restricted"


class Source(SQLModel, table=True):
    """Source 接入源: one configured sender."""

    __tablename__ = "source"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60, unique=True, description="slug used in URLs: a-z, 0-9 and -")
    title: str = Field(max_length=100, description="what people read")
    channel: ChannelKind = Field(sa_type=choice(ChannelKind), description="for formats that do not say")
    format: str = Field(max_length=40, description="a name of channels.CHANNELS")
    time_zone: str = Field(default="Asia/Shanghai", max_length=60, description="of times without an offset")
    mapping: dict[str, str] = Field(default_factory=dict, sa_type=JSON, description="field name to column name")
    digest_key: bytes = Field(sa_type=Sealed, description="32 random bytes: the key of the source's digests")
    active: bool = True
    created_at: datetime


class SourceSecret(SQLModel, table=True):
    """A signing secret of a source; several are good at once while a sender changes over."""

    __tablename__ = "source_secret"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    secret: bytes = Field(sa_type=Sealed)
    created_at: datetime
    retired_at: datetime | None = None


_ACCEPTED = text("state IN ('received', 'processed')")


class Delivery(SQLModel, table=True):
    """Delivery 投递: one line of the ledger. The sealed body is dropped once it has been processed.

    An id is accepted once. What was refused (rejected, conflict) leaves a line without a body beside it.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "uq_delivery_accepted_id",
            "source_id",
            "delivery_id",
            unique=True,
            sqlite_where=_ACCEPTED,
            postgresql_where=_ACCEPTED,
        ),
        Index("ix_delivery_source_id_delivery_id", "source_id", "delivery_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    delivery_id: str = Field(max_length=200, description="the sender's own id")
    body: bytes | None = Field(default=None, sa_type=Sealed)
    body_digest: str = Field(max_length=64, description="keyed, see the module's docstring")
    sent_at: datetime
    received_at: datetime = Field(index=True)
    state: DeliveryState = Field(sa_type=choice(DeliveryState), index=True)
    error_field: str | None = Field(default=None, max_length=200)
    error: str | None = Field(default=None, max_length=500)
    interaction_count: int = 0


class Interaction(SQLModel, table=True):
    """Interaction 往来: one call, chat, post, mail or survey answer."""

    __tablename__ = "interaction"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_interaction_channel_occurred_at", "channel", "occurred_at"),
        IDS_GIVEN_ONCE,
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    external_id: str = Field(max_length=200)
    revision: int = 0
    updated_at: datetime | None = Field(default=None, description="as the sender says; orders equal revisions")
    channel: ChannelKind = Field(sa_type=choice(ChannelKind))
    sub_channel: str | None = Field(default=None, max_length=60)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    product: str | None = Field(default=None, max_length=100, index=True)
    branch: str | None = Field(default=None, max_length=100, index=True)
    region: str | None = Field(default=None, max_length=100, index=True)
    subject: bytes | None = Field(default=None, sa_type=Sealed)
    subject_masked: str | None = Field(default=None, max_length=1000)
    subject_pii: list[PiiSpan] = Field(default_factory=list, sa_type=JSON)
    occurred_at: datetime = Field(index=True)
    received_at: datetime
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    content_hash: str = Field(max_length=64, description="keyed digest over roles, texts and subject")
    state: InteractionState = Field(default=InteractionState.PENDING, sa_type=choice(InteractionState), index=True)
    failure: str | None = Field(default=None, max_length=200, description="stage and class of the error, no text")
    # No foreign key: analysis already points here, and a circle of keys cannot be created on SQLite.
    analysis_id: int | None = Field(default=None, index=True, description="the current analysis")


class Message(SQLModel, table=True):
    """Message 消息 of an interaction, in the order of `seq`."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("interaction_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: int = Field(foreign_key="interaction.id", ondelete="CASCADE")
    seq: int = Field(description="from 0")
    external_id: str = Field(max_length=200)
    role: Role = Field(sa_type=choice(Role))
    sent_at: datetime | None = None
    original: bytes = Field(sa_type=Sealed)
    masked_text: str | None = None
    pii: list[PiiSpan] = Field(default_factory=list, sa_type=JSON)


class SearchText(SQLModel, table=True):
    """What the search reads of an analysed feedback. The database keeps its index in step (migration 0008)."""

    __tablename__ = "search_text"

    interaction_id: int = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    text: str = Field(description="the customer's masked words as `nlp.lookup.plain`")
    keys: str = Field(description="what it is found by (`nlp.lookup.keys_of`), parted by blanks")


class Erased(SQLModel, table=True):
    """What stays of an interaction that was erased: enough to know it again when its sender repeats it."""

    __tablename__ = "erased"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    external_digest: str = Field(primary_key=True, max_length=64, description="keyed, see the module's docstring")
    erased_at: datetime


class Score(SQLModel, table=True):
    """Score 评分: one CSAT, NPS or CES answer, from an interaction or from a follow-up."""

    __tablename__ = "score"
    __table_args__ = (UniqueConstraint("interaction_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    interaction_id: int | None = Field(default=None, foreign_key="interaction.id", ondelete="CASCADE")
    kind: ScoreKind = Field(sa_type=choice(ScoreKind))
    value: float
    scale_min: float
    scale_max: float
    answered_at: datetime = Field(index=True)


class Analysis(SQLModel, table=True):
    """Analysis 分析: what one version of the pipeline read in one content of a feedback."""

    __tablename__ = "analysis"
    __table_args__ = (UniqueConstraint("interaction_id", "content_hash", "pipeline_version"), IDS_GIVEN_ONCE)

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: int = Field(foreign_key="interaction.id", ondelete="CASCADE")
    content_hash: str = Field(max_length=64)
    pipeline_version: str = Field(max_length=200)
    intent: str = Field(max_length=40, index=True)
    touchpoint: str = Field(max_length=40, index=True)
    business: str = Field(max_length=40, index=True)
    cause: str = Field(max_length=40, index=True)
    sentiment: int = Field(index=True, description="-2 to 2")
    sentiment_score: float = Field(description="-1 to 1, above 0 is positive")
    demand: str = Field(default="", description="masked words of the customer, or empty")
    demand_span: tuple[int, int, int] | None = Field(
        default=None, sa_type=JSON, description="[part, start, end] into the original"
    )
    labels: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSON,
        description="head to {name, score, abstained, evidence: [[part, start, end]]}; for risk a list of them",
    )
    corrected: list[str] = Field(
        default_factory=list, sa_type=JSON, description="heads whose columns hold a person's word instead"
    )
    embedding: bytes = Field(description="384 float32, little-endian, of length 1")
    created_at: datetime


class AnalysisRisk(SQLModel, table=True):
    """One risk flag 风险标记 of an analysis."""

    __tablename__ = "analysis_risk"
    __table_args__ = (Index("ix_analysis_risk_name_analysis_id", "name", "analysis_id"),)

    analysis_id: int = Field(primary_key=True, foreign_key="analysis.id", ondelete="CASCADE")
    name: str = Field(primary_key=True, max_length=40)


class Correction(SQLModel, table=True):
    """Correction 改正: what one person changed in the labels of one feedback at one time."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_interaction_id_content_hash", "interaction_id", "content_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: int = Field(foreign_key="interaction.id", ondelete="CASCADE")
    content_hash: str = Field(max_length=64, description="of the words it was made on")
    labels: dict[str, list[str]] = Field(sa_type=JSON, description="head to its values, risk any number of them")
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime
    undone_at: datetime | None = None


class LinkKey(SQLModel, table=True):
    """A key of the digests that link feedback; two are in force only while a rotation runs."""

    __tablename__ = "link_key"

    id: int | None = Field(default=None, primary_key=True)
    secret: bytes = Field(sa_type=Sealed, description="32 random bytes")
    created_at: datetime


class LinkDigest(SQLModel, table=True):
    """The keyed digest of an identifier that the customer gave in an interaction."""

    __tablename__ = "link_digest"

    interaction_id: int = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    key_id: int = Field(primary_key=True, foreign_key="link_key.id")
    digest: str = Field(primary_key=True, max_length=64, index=True, description="HMAC-SHA256 in hex")


class Verdict(StrEnum):
    """What a review of masking says of a piece of text."""

    MASK = "mask"
    RELEASE = "release"


class MaskReview(SQLModel, table=True):
    """Review 遮盖复核: a piece of text that a person masked or released in one feedback, or from there everywhere.

    `added` is masked by it, `removed` was there before; `origin_id` is the review everywhere that it follows.
    """

    __tablename__ = "mask_review"

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: int = Field(foreign_key="interaction.id", ondelete="CASCADE", index=True)
    verdict: Verdict = Field(sa_type=choice(Verdict))
    kind: str = Field(max_length=40, description="a name of data/taxonomy/pii.json")
    piece: bytes = Field(sa_type=Sealed)
    added: list[ReviewedSpan] = Field(default_factory=list, sa_type=JSON)
    removed: list[ReviewedSpan] = Field(default_factory=list, sa_type=JSON)
    everywhere: bool = Field(default=False, description="holds in all other feedback too, now and later")
    origin_id: int | None = Field(default=None, foreign_key="mask_review.id", ondelete="SET NULL", index=True)
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime
    undone_at: datetime | None = None
