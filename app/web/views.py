"""Small pieces that several pages show: the people to choose from, the history of a thing, weekly columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from app.clock import local_day
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
FOLDED = frozenset({"followup.answer", "followup.no_answer", "followup.withdraw"})


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
    """Steps of the audit chain, newest first, as people read them: a run of the same follow-up work is one line."""
    return [_run(list(run)) for _, run in groupby(steps, key=_folding)]


def _folding(step: Step) -> tuple[object, ...]:
    """Equal for steps that may share a line; moves and edits keep one each."""
    if step.action in FOLDED:
        return step.who, step.action, step.subject, local_day(step.at)
    return (step.id,)


def _run(run: list[Step]) -> dict[str, Any]:
    """One line for steps of one kind, which are told in full where there is one alone."""
    latest, earliest = run[0], run[-1]
    words = deed(latest.action, latest.detail)
    alone = len(run) == 1
    return {
        "ids": str(latest.id) if alone else f"{earliest.id}–{latest.id}",
        "at": latest.at,
        "who": latest.who,
        "deed": words if alone else f"{words}，共 {len(run)} 次",
        "detail": account(latest.action, latest.detail) if alone else "",
    }


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
