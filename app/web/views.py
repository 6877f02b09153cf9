"""Small pieces that several pages show: the people to choose from, the history of a thing, weekly columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from app.people.models import User
from app.people.roles import Permission, allowed
from app.tracker import board
from app.tracker.history import Step
from app.tracker.models import Action, Issue, IssueState
from app.tracker.transitions import move_between
from app.web import charts
from app.web.audit_words import account, deed
from app.web.words import day

LONGEST_CHOICE = 200


def owners(session: Session, permission: Permission) -> list[tuple[int | None, str]]:
    """The active users who may own something, for a choice."""
    people = session.exec(select(User).where(col(User.active)).order_by(User.name))
    return [
        (person.id, f"{person.name}（{person.role.chinese}）") for person in people if allowed(person.role, permission)
    ]


def open_issues(session: Session, known: Collection[int]) -> list[tuple[int, str]]:
    """The issues that are not closed, without those that are known already, for a choice."""
    states = [state for state in IssueState if state is not IssueState.CLOSED]
    rows, _ = board.list_issues(session, states=states, size=LONGEST_CHOICE)
    return [(row.issue.id, row.issue.title) for row in rows if row.issue.id not in known]


def history(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps of the audit chain as people read them."""
    return [
        {
            "id": step.id,
            "at": step.at,
            "who": step.who,
            "deed": deed(step.action, step.detail),
            "detail": account(step.action, step.detail),
        }
        for step in steps
    ]


def weekly(
    counts: Sequence[tuple[date, int]], *, caption: str, start: int | None = None, partial: Collection[int] = ()
) -> dict[str, Any]:
    """Counts by week as a chart with its table.

    `start` is the index of the week in which an action began, `partial` those of weeks without seven days of data.
    """
    label = f"{caption}：" + "，".join(f"{day(first)} {count}" for first, count in counts)
    points = [(f"{first.month}/{first.day}", count) for first, count in counts]
    return {
        "svg": charts.bars(points, label=label, start=start, start_label="措施生效" if start is not None else ""),
        "caption": caption,
        "rows": [(day(first) + ("（不满一周）" if i in partial else ""), n) for i, (first, n) in enumerate(counts)],
    }


def may_work_on(user: User, action: Action) -> bool:
    """Whether the forms of an action are offered: leads work on all, an action owner on their own."""
    if not allowed(user.role, Permission.ACTIONS_EDIT):
        return False
    return allowed(user.role, Permission.ISSUES_EDIT) or action.owner_id == user.id


def may_undo(row: Issue | Action, user: User) -> bool:
    """Whether the last move can be taken back, by a role that may make it."""
    if row.undo_state is None:
        return False
    return user.role in move_between(row.undo_state, row.state).roles
