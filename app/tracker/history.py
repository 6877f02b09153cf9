"""What happened to an issue or an action, read from the audit chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.people.models import User
from app.store.audit import AuditEntry
from app.tracker.actions import get_action
from app.tracker.board import get_issue
from app.tracker.models import Action

LONGEST = 1000  # entries told of one thing, the newest ones


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the audit chain; `who` is the person's name, or the part of the system that acted."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


def issue_history(session: Session, *, issue_id: int) -> list[Step]:
    """What happened to an issue and to its actions, newest first."""
    get_issue(session, issue_id=issue_id)
    actions = session.exec(select(Action.id).where(Action.issue_id == issue_id))
    return _steps(session, [f"issue:{issue_id}", *(f"action:{action_id}" for action_id in actions)])


def action_history(session: Session, *, action_id: int) -> list[Step]:
    """What happened to one action and its follow-ups, newest first."""
    get_action(session, action_id=action_id)
    return _steps(session, [f"action:{action_id}"])


def _steps(session: Session, subjects: list[str]) -> list[Step]:
    newest_first = select(AuditEntry).where(col(AuditEntry.subject).in_(subjects)).order_by(col(AuditEntry.id).desc())
    entries = session.exec(newest_first.limit(LONGEST)).all()
    logins = {entry.actor.removeprefix("user:") for entry in entries}
    names = dict(session.exec(select(User.login, User.name).where(col(User.login).in_(logins))).all())
    return [
        Step(
            id=entry.id,
            at=entry.at,
            who=names.get(entry.actor.removeprefix("user:"), entry.actor),
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
        )
        for entry in entries
    ]
