"""Issues: open one from topics and feedback, change it, move it, find it. Every change goes into the audit chain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Interaction, InteractionState
from app.people.models import User
from app.people.roles import Permission
from app.store.audit import record
from app.topics.models import Topic
from app.tracker import checks
from app.tracker.models import Issue, IssueLink, IssueState
from app.tracker.transitions import find_move, move_between

MAX_LINKS_AT_ONCE = 500
TITLE_LENGTH = 80
DETAIL_LENGTH = 2000


def create_issue(
    session: Session,
    *,
    actor: User,
    title: str,
    due_on: date,
    now: datetime,
    detail: str = "",
    owner_id: int | None = None,
    topic_ids: Iterable[int] = (),
    interaction_ids: Iterable[int] = (),
) -> Issue:
    """A new issue, owned by the actor unless told otherwise, with its evidence."""
    checks.permit(actor, Permission.ISSUES_EDIT)
    owner = checks.owner(session, owner_id=owner_id or actor.id, permission=Permission.ISSUES_EDIT)
    issue = Issue(
        title=checks.plain(title, field="title", title="标题", longest=TITLE_LENGTH, required=True),
        detail=checks.plain(detail, field="detail", title="说明", longest=DETAIL_LENGTH),
        owner_id=owner.id,
        due_on=due_on,
        created_by=actor.id,
        created_at=now,
    )
    session.add(issue)
    session.flush()
    added = _add_links(session, issue=issue, topic_ids=topic_ids, interaction_ids=interaction_ids, now=now)
    detail_entry = {"title": issue.title, "owner": owner.login, "due_on": due_on.isoformat(), **added}
    _record(session, issue=issue, actor=actor, now=now, what="create", detail=detail_entry)
    return issue


def edit_issue(
    session: Session,
    *,
    actor: User,
    issue_id: int,
    version: int,
    now: datetime,
    title: str | None = None,
    detail: str | None = None,
    owner_id: int | None = None,
    due_on: date | None = None,
) -> Issue:
    """Change what is given. Conflict where somebody changed the issue after the actor saw `version` of it."""
    checks.permit(actor, Permission.ISSUES_EDIT)
    issue = checks.locked(session, Issue, issue_id, version=version)
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = checks.plain(title, field="title", title="标题", longest=TITLE_LENGTH, required=True)
    if detail is not None:
        changes["detail"] = checks.plain(detail, field="detail", title="说明", longest=DETAIL_LENGTH)
    if owner_id is not None:
        changes["owner_id"] = checks.owner(session, owner_id=owner_id, permission=Permission.ISSUES_EDIT).id
    if due_on is not None:
        changes["due_on"] = due_on
    changed = checks.apply(issue, changes)
    if changed:
        _record(session, issue=issue, actor=actor, now=now, what="edit", detail=changed)
    return issue


def link(
    session: Session,
    *,
    actor: User,
    issue_id: int,
    now: datetime,
    topic_ids: Iterable[int] = (),
    interaction_ids: Iterable[int] = (),
) -> None:
    """Add evidence; what is linked already stays as it is."""
    checks.permit(actor, Permission.ISSUES_EDIT)
    issue = _open(session, issue_id)
    added = _add_links(session, issue=issue, topic_ids=topic_ids, interaction_ids=interaction_ids, now=now)
    if added["topics"] or added["feedback"]:
        _record(session, issue=issue, actor=actor, now=now, what="link", detail=added)


def unlink(session: Session, *, actor: User, issue_id: int, link_id: int, now: datetime) -> None:
    """Take one piece of evidence away; a link that is gone already is no error.

    Raises Conflict for feedback that is kept only because it is evidence: it would be deleted before its time.
    """
    checks.permit(actor, Permission.ISSUES_EDIT)
    issue = _open(session, issue_id)
    row = session.get(IssueLink, link_id)
    if row is None or row.issue_id != issue_id:
        return
    feedback = session.get(Interaction, row.interaction_id) if row.interaction_id else None
    if feedback and feedback.state is InteractionState.RESTRICTED:
        raise Conflict("客户要求删除，这条反馈因为是问题的依据才依规保存，不能移除；到期由“保留期限”删除。")
    removed = {
        "topics": [row.topic_id] if row.topic_id else [],
        "feedback": [row.interaction_id] if row.interaction_id else [],
    }
    session.delete(row)
    _record(session, issue=issue, actor=actor, now=now, what="unlink", detail=removed)


def move_issue(
    session: Session, *, actor: User, issue_id: int, verb: str, version: int, now: datetime, note: str = ""
) -> Issue:
    """Make one move of the table. Conflict where the state, the condition or somebody faster stands against it."""
    issue = checks.locked(session, Issue, issue_id, version=version)
    move = find_move(issue.state, verb)
    checks.permit_move(actor, move, issue)
    note = checks.plain(note, field="note", title="备注", longest=checks.NOTE_MAX_LENGTH)
    if move.guard and (reason := move.guard(session, issue.id)):
        raise Conflict(reason)
    before = issue.state
    _settle(issue, IssueState(move.to), now=now)
    issue.undo_state = before if move.undoable else None
    detail = {"verb": move.verb.value, "from": before.value, "to": issue.state.value, "note": note}
    _record(session, issue=issue, actor=actor, now=now, what="move", detail=detail)
    return issue


def undo_issue(session: Session, *, actor: User, issue_id: int, version: int, now: datetime) -> Issue:
    """Go back one move, where the table lets the actor's role and the move do so."""
    issue = checks.locked(session, Issue, issue_id, version=version)
    if issue.undo_state is None:
        raise Conflict("没有可以撤销的上一步。")
    move = move_between(issue.undo_state, issue.state)
    checks.permit_move(actor, move, issue)
    if move.undo_guard and (reason := move.undo_guard(session, issue.id)):
        raise Conflict(reason)
    before = issue.state
    _settle(issue, issue.undo_state, now=now)
    issue.undo_state = None
    detail = {"verb": move.verb.value, "from": before.value, "to": issue.state.value}
    _record(session, issue=issue, actor=actor, now=now, what="undo", detail=detail)
    return issue


def _open(session: Session, issue_id: int) -> Issue:
    issue = checks.locked(session, Issue, issue_id)
    if issue.state is IssueState.CLOSED:
        raise Conflict("问题已关闭，请先重新打开。")
    return issue


def _settle(issue: Issue, state: IssueState, *, now: datetime) -> None:
    """Put the issue into a state, with the fields that follow from it."""
    issue.state = state
    issue.closed_at = now if state is IssueState.CLOSED else None
    issue.version += 1


def _add_links(
    session: Session, *, issue: Issue, topic_ids: Iterable[int], interaction_ids: Iterable[int], now: datetime
) -> dict[str, list[int]]:
    """Link what is not linked yet and tell its ids; NotFound where a topic or a feedback does not exist."""
    topics, feedback = set(topic_ids), set(interaction_ids)
    if len(topics) + len(feedback) > MAX_LINKS_AT_ONCE:
        raise Invalid(f"一次最多关联 {MAX_LINKS_AT_ONCE} 条，请分几次关联。", field="interaction_ids")
    if len(session.exec(select(Topic.id).where(col(Topic.id).in_(topics))).all()) < len(topics):
        raise NotFound("要关联的主题不存在，请刷新主题列表后再试。")
    if len(session.exec(select(Interaction.id).where(col(Interaction.id).in_(feedback))).all()) < len(feedback):
        raise NotFound("要关联的反馈不存在，请刷新反馈列表后再试。")
    present = session.exec(select(IssueLink).where(IssueLink.issue_id == issue.id)).all()
    topics -= {row.topic_id for row in present if row.topic_id}
    feedback -= {row.interaction_id for row in present if row.interaction_id}
    session.add_all(IssueLink(issue_id=issue.id, topic_id=topic_id, created_at=now) for topic_id in sorted(topics))
    session.add_all(IssueLink(issue_id=issue.id, interaction_id=id_, created_at=now) for id_ in sorted(feedback))
    session.flush()
    return {"topics": sorted(topics), "feedback": sorted(feedback)}


def _record(session: Session, *, issue: Issue, actor: User, now: datetime, what: str, detail: dict[str, Any]) -> None:
    subject = f"issue:{issue.id}"
    record(session, at=now, actor=f"user:{actor.login}", action=f"issue.{what}", subject=subject, detail=detail)
