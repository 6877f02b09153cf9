"""Actions on an issue: add one, change it, move it through the table."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from app.clock import local_day
from app.errors import Conflict, Invalid, NotFound
from app.people.models import User
from app.people.roles import Permission
from app.store.audit import record
from app.tracker import checks
from app.tracker.models import Action, ActionState, Issue, IssueState
from app.tracker.transitions import Verb, find_move, move_between

TITLE_LENGTH = 80
TARGET_LENGTH = 200


def add_action(
    session: Session,
    *,
    actor: User,
    issue_id: int,
    title: str,
    due_on: date,
    now: datetime,
    owner_id: int | None = None,
    target: str = "",
) -> Action:
    """A planned action on an issue that is not closed, owned by the issue's owner unless told otherwise."""
    checks.permit(actor, Permission.ISSUES_EDIT)
    issue = _open_issue(session, issue_id)
    owner = checks.owner(session, owner_id=owner_id or issue.owner_id, permission=Permission.ACTIONS_EDIT)
    action = Action(
        issue_id=issue_id,
        title=checks.plain(title, field="title", title="标题", longest=TITLE_LENGTH, required=True),
        target=checks.plain(target, field="target", title="目标", longest=TARGET_LENGTH),
        owner_id=owner.id,
        due_on=due_on,
        created_by=actor.id,
        created_at=now,
    )
    session.add(action)
    session.flush()
    detail = {"issue": issue_id, "title": action.title, "owner": owner.login, "due_on": due_on.isoformat()}
    _record(session, action=action, actor=actor, now=now, what="create", detail=detail)
    return action


def edit_action(
    session: Session,
    *,
    actor: User,
    action_id: int,
    version: int,
    now: datetime,
    title: str | None = None,
    target: str | None = None,
    owner_id: int | None = None,
    due_on: date | None = None,
) -> Action:
    """Change what is given. Conflict where somebody changed the action after the actor saw `version` of it."""
    checks.permit(actor, Permission.ISSUES_EDIT)
    action = open_action(session, action_id=action_id, version=version)
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = checks.plain(title, field="title", title="标题", longest=TITLE_LENGTH, required=True)
    if target is not None:
        changes["target"] = checks.plain(target, field="target", title="目标", longest=TARGET_LENGTH)
    if owner_id is not None:
        changes["owner_id"] = checks.owner(session, owner_id=owner_id, permission=Permission.ACTIONS_EDIT).id
    if due_on is not None:
        changes["due_on"] = due_on
    changed = checks.apply(action, changes)
    if changed:
        _record(session, action=action, actor=actor, now=now, what="edit", detail=changed)
    return action


def move_action(
    session: Session,
    *,
    actor: User,
    action_id: int,
    verb: str,
    version: int,
    now: datetime,
    note: str = "",
    started_on: date | None = None,
) -> Action:
    """Make one move of the table; starting takes the day it took effect, today unless told otherwise.

    Conflict where the state, the condition, a closed issue or somebody faster stands against it.
    """
    action = open_action(session, action_id=action_id, version=version)
    move = find_move(action.state, verb)
    checks.permit_move(actor, move, action)
    note = checks.plain(note, field="note", title="备注", longest=checks.NOTE_MAX_LENGTH)
    if move.guard and (reason := move.guard(session, action.id)):
        raise Conflict(reason)
    before = action.state
    detail = {"verb": move.verb.value, "from": before.value, "to": move.to.value, "note": note}
    if move.verb is Verb.START:
        action.started_on = _start_day(started_on, today=local_day(now))
        detail["started_on"] = action.started_on.isoformat()
    action.state = ActionState(move.to)
    action.undo_state = before if move.undoable else None
    action.version += 1
    _record(session, action=action, actor=actor, now=now, what="move", detail=detail)
    return action


def undo_action(session: Session, *, actor: User, action_id: int, version: int, now: datetime) -> Action:
    """Go back one move, where the table lets the actor's role and the move do so."""
    action = open_action(session, action_id=action_id, version=version)
    if action.undo_state is None:
        raise Conflict("没有可以撤销的上一步。")
    move = move_between(action.undo_state, action.state)
    checks.permit_move(actor, move, action)
    if move.undo_guard and (reason := move.undo_guard(session, action.id)):
        raise Conflict(reason)
    detail = {"verb": move.verb.value, "from": action.state.value, "to": action.undo_state.value}
    action.state, action.undo_state = action.undo_state, None
    if action.state is ActionState.PLANNED:
        action.started_on = None
    action.version += 1
    _record(session, action=action, actor=actor, now=now, what="undo", detail=detail)
    return action


def get_action(session: Session, *, action_id: int) -> Action:
    """The action; NotFound where there is none."""
    action = session.get(Action, action_id)
    if action is None:
        raise NotFound("没有这条措施，可能网址有误，请回到问题列表。")
    return action


def open_action(session: Session, *, action_id: int, version: int | None = None) -> Action:
    """The action for a change, locked after its issue so that nobody closes the issue meanwhile.

    Conflict where the issue is closed.
    """
    _open_issue(session, get_action(session, action_id=action_id).issue_id)
    return checks.locked(session, Action, action_id, version=version)


def _open_issue(session: Session, issue_id: int) -> Issue:
    issue = checks.locked(session, Issue, issue_id)
    if issue.state is IssueState.CLOSED:
        raise Conflict("问题已关闭，措施不能再改；请先重新打开问题。")
    return issue


def _start_day(started_on: date | None, *, today: date) -> date:
    if started_on is not None and started_on > today:
        raise Invalid("开始日期不能晚于今天。", field="started_on")
    return started_on or today


def _record(session: Session, *, action: Action, actor: User, now: datetime, what: str, detail: dict[str, Any]) -> None:
    subject = f"action:{action.id}"
    record(session, at=now, actor=f"user:{actor.login}", action=f"action.{what}", subject=subject, detail=detail)
