"""问题与措施: the board, one issue with its evidence, actions and history, and its moves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlmodel import Session

from app.deps import require
from app.feedback.query import rows_by_id
from app.people.models import User
from app.people.roles import Permission, allowed
from app.topics.models import Topic
from app.tracker import board
from app.tracker import service as tracker
from app.tracker.history import issue_history
from app.tracker.models import ActionState, IssueLink, IssueState
from app.tracker.transitions import moves_from
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import quote
from app.web.render import link_to, page, today
from app.web.views import history, may_undo

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.ISSUES_VIEW))]
Editor = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
Word = Annotated[str, Form(max_length=200)]
ON_BOARD = 200  # cards of one column; the column still tells its total
RUNNING = (ActionState.PLANNED, ActionState.STARTED)


@router.get("/issues")
def board_page(
    request: Request, user: Viewer, view: Annotated[str, Query(pattern="^(all|mine|overdue)$")] = "all"
) -> Response:
    """Issues by state; `view` narrows them to one's own, or to those that are late."""
    day = today(request)
    with store_of(request).read() as session:
        own = user.id if view == "mine" else None
        late = day if view == "overdue" else None
        columns = [
            _column(state, *board.list_issues(session, states=[state], owner_id=own, due_before=late, size=ON_BOARD))
            for state in IssueState
            if not (late and state is IssueState.CLOSED)
        ]
        counts = {
            "all": sum(board.count_issues(session).values()),
            "mine": sum(board.count_issues(session, owner_id=user.id).values()),
            "overdue": board.list_issues(session, states=OPEN_STATES, due_before=day, size=1)[1],
        }
    return page(
        request,
        "issues.html",
        user,
        may_create=allowed(user.role, Permission.ISSUES_EDIT),
        views=[
            {"title": title, "count": counts[key], "link": link_to("/issues", view=key), "current": key == view}
            for key, title in (("all", "全部"), ("mine", "我负责的"), ("overdue", "已逾期"))
        ],
        columns=columns,
        total=sum(column["total"] for column in columns),
        nothing=NOTHING[view] + (HOW if view == "all" and allowed(user.role, Permission.ISSUES_EDIT) else ""),
    )


OPEN_STATES = [state for state in IssueState if state is not IssueState.CLOSED]
NOTHING = {
    "all": "还没有问题。",
    "mine": "没有由您负责的问题。",
    "overdue": "没有逾期的问题。",
}
HOW = "到“主题”页选一个上升的主题，点“据此建问题”。"


@router.get("/issues/{issue_id}")
def issue_page(request: Request, user: Viewer, issue_id: Id) -> Response:
    """One issue with everything that belongs to it."""
    with store_of(request).read() as session:
        found = board.issue_detail(session, issue_id=issue_id)
        links = _links(session, found.links)
        steps = history(issue_history(session, issue_id=issue_id))
    issue = found.issue
    editable = allowed(user.role, Permission.ISSUES_EDIT)
    changeable = editable and issue.state is not IssueState.CLOSED
    return page(
        request,
        "issue.html",
        user,
        issue=issue,
        owner=found.owner_name,
        creator=found.creator_name,
        open=issue.state is not IssueState.CLOSED,
        moves=moves_from(issue.state, user.role),
        may_undo=may_undo(issue, user),
        may_edit=editable,
        may_add=changeable,
        may_unlink=changeable,
        links=links,
        actions=[
            {"row": row.action, "owner": row.owner_name, "open": row.action.state in RUNNING} for row in found.actions
        ],
        history=steps,
    )


@router.post("/issues/{issue_id}/move")
def move(request: Request, user: Viewer, issue_id: Id, verb: Word, version: Annotated[int, Form()]) -> Response:
    """One move of the transition table, which says who may make it."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        issue = tracker.move_issue(session, actor=user, issue_id=issue_id, verb=verb, version=version, now=now)
        undo = Undo(f"/issues/{issue_id}/undo", {"version": str(issue.version)}) if issue.undo_state else None
        return Flash(f"问题现在是“{issue.state.chinese}”。", undo=undo)

    return change(request, deed, to=f"/issues/{issue_id}")


@router.post("/issues/{issue_id}/undo")
def undo(request: Request, user: Viewer, issue_id: Id, version: Annotated[int, Form()]) -> Response:
    """Take the last move back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        issue = tracker.undo_issue(session, actor=user, issue_id=issue_id, version=version, now=now)
        return Flash(f"已撤销，问题恢复为“{issue.state.chinese}”。")

    return change(request, deed, to=f"/issues/{issue_id}")


@router.post("/issues/{issue_id}/unlink")
def unlink(request: Request, user: Editor, issue_id: Id, link_id: Annotated[int, Form()]) -> Response:
    """Take one piece of evidence away; it can be put back from the sentence that says so."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        link = session.get(IssueLink, link_id)
        tracker.unlink(session, actor=user, issue_id=issue_id, link_id=link_id, now=now)
        if link is None:
            return Flash("这项依据已经不在了。")
        name, value = ("topic_id", link.topic_id) if link.topic_id else ("interaction_id", link.interaction_id)
        return Flash("已移除一项依据。", undo=Undo(f"/issues/{issue_id}/link", {name: str(value)}))

    return change(request, deed, to=f"/issues/{issue_id}")


@router.post("/issues/{issue_id}/link")
def link(
    request: Request,
    user: Editor,
    issue_id: Id,
    topic_id: Annotated[int | None, Form()] = None,
    interaction_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Put a piece of evidence back."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        topics, feedback = [topic_id] if topic_id else [], [interaction_id] if interaction_id else []
        tracker.link(session, actor=user, issue_id=issue_id, now=now, topic_ids=topics, interaction_ids=feedback)
        return Flash("依据已恢复。")

    return change(request, deed, to=f"/issues/{issue_id}")


def _column(state: IssueState, rows: list[board.IssueRow], total: int) -> dict[str, Any]:
    cards = [
        {
            "id": row.issue.id,
            "title": row.issue.title,
            "owner": row.owner_name,
            "due_on": row.issue.due_on,
            "open": state is not IssueState.CLOSED,
            "evidence": f"{row.topics} 个主题、{row.feedback} 条反馈",
            "actions": _actions(row),
        }
        for row in rows
    ]
    return {"key": state.value, "title": state.chinese, "cards": cards, "total": total}


def _actions(row: board.IssueRow) -> str:
    running = sum(row.actions[state] for state in RUNNING)
    total = sum(row.actions.values())
    return f"{total} 项措施，{running} 项未完成" if running else f"{total} 项措施" if total else "没有措施"


def _links(session: Session, links: tuple[IssueLink, ...]) -> list[dict[str, Any]]:
    """The evidence with names: topics first, then feedback in masked words."""
    feedback = {
        row.interaction.id: row
        for row in rows_by_id(session, [one.interaction_id for one in links if one.interaction_id])
    }
    shown = []
    for one in sorted(links, key=lambda one: one.topic_id is None):
        if one.topic_id:
            topic = session.get_one(Topic, one.topic_id)
            shown.append({"id": one.id, "kind": "主题", "title": topic.name, "link": f"/topics/{topic.id}"})
        elif one.interaction_id in feedback:
            words = quote(feedback[one.interaction_id])
            shown.append({"id": one.id, "kind": "反馈", "title": words, "link": f"/feedback/{one.interaction_id}"})
    return shown
