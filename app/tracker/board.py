"""Reading issues: the list with what a card shows, and one issue with its evidence and actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from app.errors import NotFound
from app.people.models import User
from app.topics.models import Topic
from app.tracker.models import Action, ActionState, Issue, IssueLink, IssueState


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue as a list shows it: its owner, its evidence counted, its actions by state."""

    issue: Issue
    owner_name: str
    topics: int
    feedback: int
    actions: Counter[ActionState]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action and who owns it."""

    action: Action
    owner_name: str


@dataclass(frozen=True, slots=True)
class IssueDetail:
    """One issue: links in the order they were made, actions in the order they were added."""

    issue: Issue
    owner_name: str
    creator_name: str
    links: tuple[IssueLink, ...]
    actions: tuple[ActionRow, ...]


def list_issues(
    session: Session,
    *,
    states: Iterable[IssueState] = (),
    owner_id: int | None = None,
    topic_id: int | None = None,
    due_before: date | None = None,
    page: int = 1,
    size: int = 50,
) -> tuple[list[IssueRow], int]:
    """One page (from 1) of issues, and how many there are in all; no `states` means all.

    What is due comes first; where only closed ones are wanted, what was closed last.
    """
    chosen: list[ColumnElement[bool]] = []
    if states := tuple(states):
        chosen.append(col(Issue.state).in_(states))
    if owner_id is not None:
        chosen.append(col(Issue.owner_id) == owner_id)
    if due_before is not None:
        chosen.append(col(Issue.due_on) < due_before)
    if topic_id is not None:
        chosen.append(_about(session, topic_id))
    total = session.exec(select(func.count()).select_from(Issue).where(*chosen)).one()
    query = select(Issue, User.name).join(User, col(User.id) == col(Issue.owner_id)).where(*chosen)
    first = col(Issue.closed_at).desc() if states == (IssueState.CLOSED,) else col(Issue.due_on)
    query = query.order_by(first, col(Issue.id)).offset((page - 1) * size).limit(size)
    found = session.exec(query).all()
    ids = [issue.id for issue, _ in found]
    evidence, actions = _evidence(session, ids), _actions(session, ids)
    rows = [
        IssueRow(issue, name, *evidence.get(issue.id, (0, 0)), actions=actions.get(issue.id, Counter()))
        for issue, name in found
    ]
    return rows, total


def count_issues(session: Session, *, owner_id: int | None = None) -> dict[IssueState, int]:
    """How many issues stand in each state; every state is there."""
    query = select(Issue.state, func.count()).group_by(col(Issue.state))
    if owner_id is not None:
        query = query.where(Issue.owner_id == owner_id)
    counts = dict(session.exec(query).all())
    return {state: counts.get(state, 0) for state in IssueState}


def get_issue(session: Session, *, issue_id: int) -> Issue:
    """The issue; NotFound where there is none."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise NotFound("没有这个问题，可能网址有误，请回到问题列表。")
    return issue


def issue_detail(session: Session, *, issue_id: int) -> IssueDetail:
    """Everything the page of an issue shows apart from its history; NotFound where there is none."""
    issue = get_issue(session, issue_id=issue_id)
    people = select(User.id, User.name).where(col(User.id).in_([issue.owner_id, issue.created_by]))
    names = dict(session.exec(people).all())
    links = session.exec(select(IssueLink).where(IssueLink.issue_id == issue_id).order_by(col(IssueLink.id)))
    actions = select(Action, User.name).join(User, col(User.id) == col(Action.owner_id))
    rows = session.exec(actions.where(Action.issue_id == issue_id).order_by(col(Action.id)))
    return IssueDetail(
        issue=issue,
        owner_name=names[issue.owner_id],
        creator_name=names[issue.created_by],
        links=tuple(links),
        actions=tuple(ActionRow(action, name) for action, name in rows),
    )


def _about(session: Session, topic_id: int) -> ColumnElement[bool]:
    """Condition on Issue: the topic is evidence of it, or another that a merge made one with it."""
    asked = session.get(Topic, topic_id)
    whole = (asked.merged_into_id if asked else None) or topic_id
    part_of = func.coalesce(Topic.merged_into_id, Topic.id)
    linked = select(IssueLink.issue_id).join(Topic, col(Topic.id) == col(IssueLink.topic_id)).where(part_of == whole)
    return col(Issue.id).in_(linked)


def _evidence(session: Session, issue_ids: list[int]) -> dict[int, tuple[int, int]]:
    """Linked topics and linked feedback of each issue that has any."""
    query = (
        select(IssueLink.issue_id, func.count(col(IssueLink.topic_id)), func.count(col(IssueLink.interaction_id)))
        .where(col(IssueLink.issue_id).in_(issue_ids))
        .group_by(col(IssueLink.issue_id))
    )
    return {issue_id: (topics, feedback) for issue_id, topics, feedback in session.exec(query)}


def _actions(session: Session, issue_ids: list[int]) -> dict[int, Counter[ActionState]]:
    """How many actions of each issue stand in each state."""
    query = (
        select(Action.issue_id, Action.state, func.count())
        .where(col(Action.issue_id).in_(issue_ids))
        .group_by(col(Action.issue_id), col(Action.state))
    )
    counts: dict[int, Counter[ActionState]] = {}
    for issue_id, state, count in session.exec(query):
        counts.setdefault(issue_id, Counter())[ActionState(state)] = count
    return counts
