"""Tables of the review: what one person said of one text."""

from datetime import datetime

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.store import base  # noqa: F401 - constraint names come before the first table


class ReviewAnswer(SQLModel, table=True):
    """Answer 复核: a person's labels for the words that were there, or that he passed them over.

    It goes with the analysis he saw, so that what is erased or restricted leaves no answer behind.
    """

    __tablename__ = "review_answer"
    __table_args__ = (
        UniqueConstraint("interaction_id", "content_hash", "user_id"),
        Index("ix_review_answer_user_id_answered_at", "user_id", "answered_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: int = Field(foreign_key="interaction.id", ondelete="CASCADE")
    content_hash: str = Field(max_length=64, description="of the words that were read")
    analysis_id: int = Field(foreign_key="analysis.id", ondelete="CASCADE", index=True, description="what was shown")
    user_id: int = Field(foreign_key="user.id")
    answered_at: datetime
    skipped: bool = False
    labels: dict[str, list[str]] = Field(
        default_factory=dict, sa_type=JSON, description="head to its values; undecided heads are left out"
    )
    second: bool = Field(default=False, description="read after somebody else, without seeing what he said")
    again: bool = Field(default=False, index=True, description="shall be read by a second person")
    correction_id: int | None = Field(
        default=None, foreign_key="correction.id", ondelete="SET NULL", description="what it changed"
    )
