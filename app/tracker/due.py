"""What is due: issues and actions that are late or soon will be, for the page 今日."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlmodel import Session, col, select

from app.people.models import User
from app.tracker.models import Action, ActionState, Issue, IssueState

SOON_DAYS = 7
UNFINISHED = (ActionState.PLANNED, ActionState.STARTED)


@dataclass(frozen=True, slots=True)
class DueItem:
    """One issue or action; `days_left` is below 0 when it is late, 0 on its last day."""

    kind: Literal["issue", "action"]
    id: int
    issue_id: int
    title: str
    state: IssueState | ActionState
    owner_id: int
    owner_name: str
    due_on: date
    days_left: int


@dataclass(frozen=True, slots=True)
class Due:
    """Both lists begin with what is due first."""

    overdue: tuple[DueItem, ...]
    soon: tuple[DueItem, ...]


def due(session: Session, *, on: date, owner_id: int | None = None) -> Due:
    """Issues not closed and actions not finished that were due before `on`, or are within 7 days from it.

    `owner_id` narrows both lists to what one user owns.
    """
    until = on + timedelta(days=SOON_DAYS)
    issues = (
        select(Issue, User.name)
        .join(User, col(User.id) == col(Issue.owner_id))
        .where(Issue.state != IssueState.CLOSED, Issue.due_on <= until)
    )
    actions = (
        select(Action, User.name)
        .join(User, col(User.id) == col(Action.owner_id))
        .where(col(Action.state).in_(UNFINISHED), Action.due_on <= until)
    )
    if owner_id is not None:
        issues = issues.where(Issue.owner_id == owner_id)
        actions = actions.where(Action.owner_id == owner_id)
    items = [_item(row, name, on) for row, name in session.exec(issues)]
    items += [_item(row, name, on) for row, name in session.exec(actions)]
    items.sort(key=lambda item: (item.due_on, item.kind == "action", item.id))
    return Due(
        overdue=tuple(item for item in items if item.days_left < 0),
        soon=tuple(item for item in items if item.days_left >= 0),
    )


def _item(row: Issue | Action, owner_name: str, on: date) -> DueItem:
    is_issue = isinstance(row, Issue)
    return DueItem(
        kind="issue" if is_issue else "action",
        id=row.id,
        issue_id=row.id if isinstance(row, Issue) else row.issue_id,
        title=row.title,
        state=row.state,
        owner_id=row.owner_id,
        owner_name=owner_name,
        due_on=row.due_on,
        days_left=(row.due_on - on).days,
    )
