"""Issues and what is due. A 409 tells in Chinese what stands against a change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlmodel import Session

from app.api.deliveries import Refusal
from app.api.tracker_in import Id, IssueChange, IssueQuery, Links, Move, NewAction, NewIssue, Undo
from app.api.tracker_out import ActionOut, DueLists, IssueItem, IssueOut, IssuePage, StepOut
from app.clock import local_day
from app.deps import ReadSession, RuntimeDep, WriteSession, require
from app.people.models import User
from app.people.roles import Permission
from app.tracker import actions, board, history, service
from app.tracker import due as due_list
from app.tracker.transitions import State, Verb, moves_from

Viewer = Annotated[User, Depends(require(Permission.ISSUES_VIEW))]
Editor = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
PathId = Annotated[int, Path(ge=1, le=2**31 - 1)]

router = APIRouter(prefix="/v1", tags=["issues"], responses={code: {"model": Refusal} for code in (401, 403, 404)})


def verbs(state: State, user: User) -> list[Verb]:
    """What the user's role may try."""
    return [move.verb for move in moves_from(state, user.role)]


def told(session: Session, issue_id: int, user: User) -> IssueOut:
    """The issue as it is now."""
    detail = board.issue_detail(session, issue_id=issue_id)
    rows = [ActionOut.of(row.action, moves=verbs(row.action.state, user)) for row in detail.actions]
    return IssueOut.of(detail, moves=verbs(detail.issue.state, user), actions=rows)


@router.get("/due", summary="What is due", dependencies=[Depends(require(Permission.ISSUES_VIEW))])
def due(runtime: RuntimeDep, session: ReadSession, owner_id: Id | None = None) -> DueLists:
    """Issues and actions that are late, and those due within seven days."""
    lists = due_list.due(session, on=local_day(runtime.clock.now()), owner_id=owner_id)
    return DueLists.model_validate(asdict(lists))


@router.get("/issues", summary="List issues", dependencies=[Depends(require(Permission.ISSUES_VIEW))])
def issues(session: ReadSession, wanted: Annotated[IssueQuery, Query()]) -> IssuePage:
    """What is due first comes first; without a state, all of them."""
    rows, total = board.list_issues(
        session,
        states=wanted.state,
        owner_id=wanted.owner_id,
        topic_id=wanted.topic_id,
        page=wanted.page,
        size=wanted.size,
    )
    return IssuePage(total=total, page=wanted.page, size=wanted.size, items=[IssueItem.of(row) for row in rows])


@router.post("/issues", summary="Open an issue", status_code=201)
def create(runtime: RuntimeDep, user: Editor, session: WriteSession, new: NewIssue) -> IssueOut:
    """With the topics and the feedback that are its evidence."""
    issue = service.create_issue(session, actor=user, now=runtime.clock.now(), **new.model_dump())
    return told(session, issue.id, user)


@router.get("/issues/{issue_id}", summary="One issue")
def one(user: Viewer, session: ReadSession, issue_id: PathId) -> IssueOut:
    """With its evidence and its actions."""
    return told(session, issue_id, user)


@router.patch("/issues/{issue_id}", summary="Change an issue", responses={409: {"model": Refusal}})
def change(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, wanted: IssueChange) -> IssueOut:
    """Title, detail, owner or due date; its state changes by moves alone."""
    service.edit_issue(session, actor=user, issue_id=issue_id, now=runtime.clock.now(), **wanted.model_dump())
    return told(session, issue_id, user)


@router.post("/issues/{issue_id}/moves", summary="Move an issue", responses={409: {"model": Refusal}})
def move(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, wanted: Move) -> IssueOut:
    """One move of the transition table."""
    service.move_issue(session, actor=user, issue_id=issue_id, now=runtime.clock.now(), **wanted.model_dump())
    return told(session, issue_id, user)


@router.post("/issues/{issue_id}/undo", summary="Take the last move back", responses={409: {"model": Refusal}})
def undo(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, wanted: Undo) -> IssueOut:
    """Where the table allows it."""
    service.undo_issue(session, actor=user, issue_id=issue_id, now=runtime.clock.now(), version=wanted.version)
    return told(session, issue_id, user)


@router.post("/issues/{issue_id}/links", summary="Add evidence", responses={409: {"model": Refusal}})
def link(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, wanted: Links) -> IssueOut:
    """What is linked already stays as it is."""
    service.link(session, actor=user, issue_id=issue_id, now=runtime.clock.now(), **wanted.model_dump())
    return told(session, issue_id, user)


@router.delete("/issues/{issue_id}/links/{link_id}", summary="Take evidence away", status_code=204)
def unlink(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, link_id: PathId) -> None:
    """A link that is gone already is no error."""
    service.unlink(session, actor=user, issue_id=issue_id, link_id=link_id, now=runtime.clock.now())


@router.get(
    "/issues/{issue_id}/history", summary="What happened", dependencies=[Depends(require(Permission.ISSUES_VIEW))]
)
def steps(session: ReadSession, issue_id: PathId) -> list[StepOut]:
    """Entries of the audit chain about the issue and its actions, newest first."""
    return [StepOut(**asdict(step)) for step in history.issue_history(session, issue_id=issue_id)]


@router.post(
    "/issues/{issue_id}/actions", summary="Plan an action", status_code=201, responses={409: {"model": Refusal}}
)
def add_action(runtime: RuntimeDep, user: Editor, session: WriteSession, issue_id: PathId, new: NewAction) -> ActionOut:
    """On an issue that is not closed."""
    action = actions.add_action(session, actor=user, issue_id=issue_id, now=runtime.clock.now(), **new.model_dump())
    return ActionOut.of(action, moves=verbs(action.state, user))
