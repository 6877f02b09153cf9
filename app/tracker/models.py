"""Tables of the closed loop: issues, their evidence, the actions on them and the follow-ups with customers.

`version` counts the changes of a row; whoever changes it says which version they saw. `undo_state` is the
state that undoing the last move returns to, None where that move cannot be undone. A row gets its `id` when
it is flushed; services flush before they return one.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.store.base import choice


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    WORKING = "working"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def chinese(self) -> str:
        """The state's name in the console."""
        return ISSUE_TITLES[self]


class ActionState(StrEnum):
    """Where an action stands."""

    PLANNED = "planned"
    STARTED = "started"
    DONE = "done"
    VERIFIED = "verified"
    DROPPED = "dropped"

    @property
    def chinese(self) -> str:
        """The state's name in the console."""
        return ACTION_TITLES[self]


class Outcome(StrEnum):
    """What became of asking a customer."""

    PENDING = "pending"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"

    @property
    def chinese(self) -> str:
        """The outcome's name in the console."""
        return OUTCOME_TITLES[self]


ISSUE_TITLES = {
    IssueState.OPEN: "待处理",
    IssueState.WORKING: "处理中",
    IssueState.RESOLVED: "已解决待验证",
    IssueState.CLOSED: "已关闭",
}
ACTION_TITLES = {
    ActionState.PLANNED: "计划",
    ActionState.STARTED: "进行中",
    ActionState.DONE: "已完成",
    ActionState.VERIFIED: "已验证",
    ActionState.DROPPED: "已取消",
}
OUTCOME_TITLES = {Outcome.PENDING: "待回访", Outcome.ANSWERED: "已答复", Outcome.NO_ANSWER: "未答复"}


class Issue(SQLModel, table=True):
    """Something the bank has to fix."""

    __tablename__ = "issue"

    id: int = Field(default=None, primary_key=True)
    title: str = Field(max_length=80)
    detail: str = Field(default="", max_length=2000)
    state: IssueState = Field(default=IssueState.OPEN, sa_type=choice(IssueState), index=True)
    undo_state: IssueState | None = Field(default=None, sa_type=choice(IssueState))
    owner_id: int = Field(foreign_key="user.id", index=True)
    due_on: date = Field(index=True, description="a day of the bank's calendar (Asia/Shanghai)")
    created_by: int = Field(foreign_key="user.id")
    created_at: datetime
    closed_at: datetime | None = None
    version: int = 1


class IssueLink(SQLModel, table=True):
    """Evidence of an issue: one topic or one feedback (by its interaction's id)."""

    __tablename__ = "issue_link"
    __table_args__ = (
        UniqueConstraint("issue_id", "topic_id"),
        UniqueConstraint("issue_id", "interaction_id"),
        CheckConstraint("(topic_id IS NULL) <> (interaction_id IS NULL)", name="one_target"),
    )

    id: int = Field(default=None, primary_key=True)
    issue_id: int = Field(foreign_key="issue.id", index=True)
    topic_id: int | None = Field(default=None, foreign_key="topic.id", index=True)
    interaction_id: int | None = Field(default=None, foreign_key="interaction.id", index=True, ondelete="CASCADE")
    created_at: datetime


class Action(SQLModel, table=True):
    """What is done about an issue. `started_on` is the day it took effect, which parts before from after."""

    __tablename__ = "action"

    id: int = Field(default=None, primary_key=True)
    issue_id: int = Field(foreign_key="issue.id", index=True)
    title: str = Field(max_length=80)
    target: str = Field(default="", max_length=200, description="what shall be better afterwards, in words")
    state: ActionState = Field(default=ActionState.PLANNED, sa_type=choice(ActionState), index=True)
    undo_state: ActionState | None = Field(default=None, sa_type=choice(ActionState))
    owner_id: int = Field(foreign_key="user.id", index=True)
    due_on: date = Field(index=True, description="a day of the bank's calendar (Asia/Shanghai)")
    started_on: date | None = None
    created_by: int = Field(foreign_key="user.id")
    created_at: datetime
    version: int = 1


class FollowUp(SQLModel, table=True):
    """Asking one affected customer after the action; the answer itself is a Score of that customer."""

    __tablename__ = "follow_up"
    __table_args__ = (UniqueConstraint("action_id", "customer_id"),)

    id: int = Field(default=None, primary_key=True)
    action_id: int = Field(foreign_key="action.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    asked_on: date | None = Field(default=None, description="None until someone asked")
    outcome: Outcome = Field(default=Outcome.PENDING, sa_type=choice(Outcome))
    score_id: int | None = Field(default=None, foreign_key="score.id")
    note: str = Field(default="", max_length=200)
