"""The demo's planned improvements: what a bank would have on its board before anyone looks at the feedback."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlmodel import Session

from app.clock import local_day
from app.people.models import User
from app.tracker.actions import add_action, move_action
from app.tracker.models import Action
from app.tracker.service import create_issue
from app.tracker.transitions import Verb

DUE_IN = timedelta(days=14)


class SampleAction(TypedDict):
    """What is read of a row of data/samples/actions.json; its theme and truth are for scoring and are not read."""

    name: str
    start: str


def plant_sample(session: Session, *, actor: User, rows: Iterable[SampleAction], now: datetime) -> list[Action]:
    """An issue with one started action for each row, without evidence: which topics they are about, a person says."""
    return [_plant(session, actor=actor, row=row, now=now) for row in rows]


def _plant(session: Session, *, actor: User, row: SampleAction, now: datetime) -> Action:
    title, due_on = row["name"], local_day(now) + DUE_IN
    issue = create_issue(session, actor=actor, title=title, due_on=due_on, now=now)
    action = add_action(session, actor=actor, issue_id=issue.id, title=title, due_on=due_on, now=now)
    return move_action(
        session,
        actor=actor,
        action_id=action.id,
        verb=Verb.START,
        version=action.version,
        now=now,
        started_on=date.fromisoformat(row["start"]),
    )
