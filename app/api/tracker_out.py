"""What the tracker's endpoints answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from app.tracker.affected import Reach
from app.tracker.board import IssueDetail, IssueRow
from app.tracker.effect import BeforeAfter
from app.tracker.followups import FollowUpRow
from app.tracker.models import Action, ActionState, IssueState, Outcome
from app.tracker.transitions import Verb


class ActionOut(BaseModel):
    """An action; `moves` are the verbs that the asker's role may try from its state."""

    id: int
    issue_id: int
    title: str
    target: str
    state: ActionState
    owner_id: int
    due_on: date
    started_on: date | None
    version: int
    can_undo: bool
    moves: list[Verb]

    @classmethod
    def of(cls, action: Action, *, moves: list[Verb]) -> Self:
        """From the stored row."""
        stored = action.model_dump(include=set(cls.model_fields))
        return cls(**stored, can_undo=action.undo_state is not None, moves=moves)


class LinkOut(BaseModel):
    """One piece of evidence: a topic or a feedback."""

    id: int
    topic_id: int | None
    interaction_id: int | None


class IssueItem(BaseModel):
    """An issue in a list."""

    id: int
    title: str
    state: IssueState
    owner_id: int
    owner_name: str
    due_on: date
    topics: int
    feedback: int
    actions: dict[ActionState, int]

    @classmethod
    def of(cls, row: IssueRow) -> Self:
        """From a row of the board."""
        stored = row.issue.model_dump(include={"id", "title", "state", "owner_id", "due_on"})
        return cls(
            **stored, owner_name=row.owner_name, topics=row.topics, feedback=row.feedback, actions=dict(row.actions)
        )


class IssuePage(BaseModel):
    """A page of issues."""

    total: int = Field(description="all that match, not only this page")
    page: int
    size: int
    items: list[IssueItem]


class IssueOut(BaseModel):
    """One issue; `moves` are the verbs that the asker's role may try from its state."""

    id: int
    title: str
    detail: str
    state: IssueState
    owner_id: int
    owner_name: str
    due_on: date
    created_by: int
    created_at: datetime
    closed_at: datetime | None
    version: int
    can_undo: bool
    moves: list[Verb]
    links: list[LinkOut]
    actions: list[ActionOut]

    @classmethod
    def of(cls, detail: IssueDetail, *, moves: list[Verb], actions: list[ActionOut]) -> Self:
        """From everything that is known of an issue."""
        issue = detail.issue
        return cls(
            **issue.model_dump(include=set(cls.model_fields)),
            owner_name=detail.owner_name,
            can_undo=issue.undo_state is not None,
            moves=moves,
            links=[LinkOut(**link.model_dump(include=set(LinkOut.model_fields))) for link in detail.links],
            actions=actions,
        )


class StepOut(BaseModel):
    """An entry of the audit chain."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


class DueOut(BaseModel):
    """An issue or an action that is due."""

    kind: str
    id: int
    issue_id: int
    title: str
    state: str
    owner_id: int
    owner_name: str
    due_on: date
    days_left: int = Field(description="below 0: late")


class DueLists(BaseModel):
    """What is late, and what is due within seven days."""

    overdue: list[DueOut]
    soon: list[DueOut]


class FollowUpOut(BaseModel):
    """A follow-up with one customer."""

    id: int
    customer_ref: str
    outcome: Outcome
    score: int | None
    answered_at: datetime | None
    asked_on: date | None
    note: str

    @classmethod
    def of(cls, row: FollowUpRow) -> Self:
        """From a row of the list."""
        kept = row.follow_up.model_dump(include={"id", "outcome", "asked_on", "note"})
        return cls(**kept, customer_ref=row.customer_ref, score=row.score, answered_at=row.answered_at)


class FollowUpPage(BaseModel):
    """A page of follow-ups."""

    total: int
    page: int
    size: int
    items: list[FollowUpOut]


class PlanOut(BaseModel):
    """How many joined the list, of how many affected customers, and why others did not."""

    added: int
    affected: int
    without_consent: int
    unknown: int = Field(description="feedback that names no customer")

    @classmethod
    def of(cls, added: int, reach: Reach) -> Self:
        """From the domain's answer."""
        return cls(added=added, affected=reach.affected, without_consent=reach.without_consent, unknown=reach.unknown)


class LineErrorOut(BaseModel):
    """A line that was not taken."""

    line: int
    field: str
    message: str


class ImportOut(BaseModel):
    """What became of the lines of a file."""

    answered: int
    no_answer: int
    unchanged: int
    errors: list[LineErrorOut]


class ChangeOut(BaseModel):
    """The paired difference with its 95% interval and the words for it."""

    n: int
    mean_before: float | None
    mean_after: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: str
    wording: str


class RateOut(BaseModel):
    """k of n with Wilson's 95% interval."""

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None


class WeekOut(BaseModel):
    """Feedback in the linked topics in seven days; week 0 begins with the start."""

    week: int
    first_day: date
    count: int
    complete: bool


class BeforeAfterOut(BaseModel):
    """What can be said about an action."""

    action_id: int
    started_on: date | None
    change: ChangeOut
    response: RateOut
    no_answer: int
    pending: int
    without_before: int
    weeks: list[WeekOut]
    counts_wording: str
    caveat: str

    @classmethod
    def of(cls, told: BeforeAfter) -> Self:
        """From the domain's answer, its words included."""
        return cls.model_validate(told, from_attributes=True)
