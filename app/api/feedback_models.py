"""What `/v1/feedback` answers: masked words only."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.feedback.models import Analysis, InteractionState, PiiSpan
from app.feedback.query import FeedbackDetail, FeedbackRow


class AnalysisOut(BaseModel):
    """What the pipeline read; `labels` holds scores, abstentions and evidence as [part, start, end]."""

    id: int
    intent: str
    touchpoint: str
    business: str
    cause: str
    sentiment: int = Field(ge=-2, le=2)
    sentiment_score: float = Field(ge=-1, le=1)
    risk: list[str]
    demand: str
    corrected: list[str] = Field(description="heads in which a person's word stands in place of the model's")
    labels: dict[str, Any] = Field(description="what the model said")
    pipeline_version: str

    @classmethod
    def of(cls, analysis: Analysis, risks: list[str]) -> "AnalysisOut":
        """From the stored row."""
        return cls(**analysis.model_dump(include=set(cls.model_fields) - {"risk"}), risk=risks)


class CorrectionIn(BaseModel):
    """Labels in place of the model's; heads that are left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    analysis_id: Annotated[
        int, Field(ge=1, le=2**31 - 1, description="the analysis you saw; 409 where it is not the present")
    ]
    after: Annotated[
        int, Field(ge=0, le=2**31 - 1, description="the newest correction you saw, 0 for none; 409 where it is not")
    ] = 0
    labels: Annotated[
        dict[str, Annotated[str, Field(max_length=40)] | Annotated[list[str], Field(max_length=20)]],
        Field(max_length=20, description="head to its value; of risk a list of any number"),
    ]


class CorrectionOut(BaseModel):
    """A correction in force."""

    id: int
    labels: dict[str, list[str]]
    by: str
    created_at: datetime


class FeedbackItem(BaseModel):
    """One feedback in a list."""

    id: int
    channel: ChannelKind
    sub_channel: str | None
    occurred_at: datetime
    product: str | None
    branch: str | None
    region: str | None
    state: InteractionState
    excerpt: str = Field(description="the beginning of the customer's masked words")
    analysis: AnalysisOut | None

    @classmethod
    def of(cls, row: FeedbackRow) -> "FeedbackItem":
        """From a row of a search."""
        shared = row.interaction.model_dump(include=set(cls.model_fields) - {"excerpt", "analysis"})
        analysis = AnalysisOut.of(row.analysis, row.risks) if row.analysis else None
        return cls(**shared, excerpt=row.excerpt, analysis=analysis)


class FeedbackPage(BaseModel):
    """A page of a search."""

    total: int = Field(description="all that match, not only this page")
    page: int
    size: int
    items: list[FeedbackItem]


class MessageOut(BaseModel):
    """One message; `masked_text` is null until it has been analysed."""

    seq: int
    role: Role
    sent_at: datetime | None
    masked_text: str | None
    pii: list[tuple[int, int, str]] = Field(description="[start, end, kind] in offsets of the original")

    @field_validator("pii", mode="before")
    @classmethod
    def _places(cls, stored: list[PiiSpan]) -> list[tuple[int, int, str]]:
        return [(start, end, kind) for start, end, kind, *_ in stored]


class ScoreOut(BaseModel):
    """One score."""

    kind: ScoreKind
    value: float
    scale_min: float
    scale_max: float
    answered_at: datetime


class FeedbackOut(BaseModel):
    """One feedback with all that is known of it."""

    id: int
    source: str
    external_id: str
    revision: int
    channel: ChannelKind
    sub_channel: str | None
    occurred_at: datetime
    received_at: datetime
    customer_ref: str | None
    product: str | None
    branch: str | None
    region: str | None
    state: InteractionState
    failure: str | None
    subject_masked: str | None
    messages: list[MessageOut]
    analysis: AnalysisOut | None
    corrections: list[CorrectionOut] = Field(description="in force, newest first")
    scores: list[ScoreOut]

    @classmethod
    def of(cls, found: FeedbackDetail) -> "FeedbackOut":
        """From a detail."""
        own = found.interaction.model_dump(
            include=set(cls.model_fields) - {"source", "customer_ref", "messages", "analysis", "corrections", "scores"}
        )
        return cls(
            **own,
            source=found.source.name,
            customer_ref=found.customer.ref if found.customer else None,
            messages=[MessageOut.model_validate(one, from_attributes=True) for one in found.messages],
            analysis=AnalysisOut.of(found.analysis, found.risks) if found.analysis else None,
            corrections=[
                CorrectionOut(**one.model_dump(include={"id", "labels", "created_at"}), by=who)
                for one, who in found.corrections
            ],
            scores=[ScoreOut.model_validate(one, from_attributes=True) for one in found.scores],
        )
