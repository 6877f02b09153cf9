"""Tables of rights and retention: holds, how long each record class is kept, runs that delete, requests of persons.

None of them holds personal data: a customer is an id, notes are checked for numbers before they are stored.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.store.base import choice


class HoldReason(StrEnum):
    """Why something must not be deleted, whatever its period says."""

    LITIGATION = "litigation"
    AUTHORITY = "authority"
    DISPUTE = "dispute"

    @property
    def chinese(self) -> str:
        """As people say it."""
        return HOLD_TITLES[self]


class RunState(StrEnum):
    """What became of an announced deletion."""

    ANNOUNCED = "announced"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def chinese(self) -> str:
        """As people say it."""
        return RUN_TITLES[self]


class Right(StrEnum):
    """What a person may ask for (PIPL, articles 45 and 47)."""

    ACCESS = "access"
    DELETE = "delete"

    @property
    def chinese(self) -> str:
        """As people say it."""
        return RIGHT_TITLES[self]


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"

    @property
    def chinese(self) -> str:
        """As people say it."""
        return REQUEST_TITLES[self]


HOLD_TITLES = {
    HoldReason.LITIGATION: "诉讼或仲裁",
    HoldReason.AUTHORITY: "监管或司法要求",
    HoldReason.DISPUTE: "争议未了结",
}
RUN_TITLES = {RunState.ANNOUNCED: "已预告", RunState.DONE: "已删除", RunState.CANCELLED: "已取消"}
RIGHT_TITLES = {Right.ACCESS: "查阅、复制", Right.DELETE: "删除"}
REQUEST_TITLES = {RequestState.OPEN: "待办", RequestState.DONE: "已办", RequestState.REFUSED: "已拒绝"}


class Hold(SQLModel, table=True):
    """Hold 保全: all records of a customer stay until it is released."""

    __tablename__ = "hold"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    reason: HoldReason = Field(sa_type=choice(HoldReason))
    note: str = Field(max_length=200)
    placed_by: int | None = Field(default=None, foreign_key="user.id")
    placed_at: datetime
    released_at: datetime | None = None


class RetentionRule(SQLModel, table=True):
    """How long the bank keeps a record class, where it differs from data/rules/retention.json."""

    __tablename__ = "retention_rule"

    name: str = Field(primary_key=True, max_length=40)
    months: int
    changed_at: datetime


class RetentionRun(SQLModel, table=True):
    """An announced deletion: what was due at `as_of` is deleted from `due_at` on, less what was held meanwhile."""

    __tablename__ = "retention_run"

    id: int | None = Field(default=None, primary_key=True)
    as_of: datetime
    due_at: datetime
    state: RunState = Field(default=RunState.ANNOUNCED, sa_type=choice(RunState), index=True)
    announced_by: str = Field(max_length=100, description="user:<login> or system:retention")
    planned: dict[str, int] = Field(default_factory=dict, sa_type=JSON, description="record class to count")
    deleted: dict[str, int] = Field(default_factory=dict, sa_type=JSON, description="the same, when it is done")
    ended_at: datetime | None = None


class RightsRequest(SQLModel, table=True):
    """Request 权利请求 of one person. It stays when the customer is gone, and then names nobody."""

    __tablename__ = "rights_request"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True, ondelete="SET NULL")
    right: Right = Field(sa_type=choice(Right))
    verified: str = Field(max_length=40, description="how the identity was verified, a key of rights.VERIFIED")
    note: str = Field(default="", max_length=200)
    state: RequestState = Field(default=RequestState.OPEN, sa_type=choice(RequestState), index=True)
    opened_by: int | None = Field(default=None, foreign_key="user.id")
    opened_at: datetime
    due_at: datetime
    ended_at: datetime | None = None
    outcome: dict[str, int] = Field(default_factory=dict, sa_type=JSON, description="what was done, in counts")
    refusal: str = Field(default="", max_length=200)
