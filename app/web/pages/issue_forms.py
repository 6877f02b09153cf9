"""Forms that open or change an issue, or add an action: what was typed comes back beside what was wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import Field

from app.deps import require
from app.errors import Conflict, Invalid
from app.people.models import User
from app.people.roles import Permission
from app.tracker import board
from app.tracker import service as tracker
from app.tracker.actions import add_action
from app.web.flash import Flash
from app.web.forms import Id, parse_day, store_of
from app.web.render import page, redirect, today
from app.web.views import owners

router = APIRouter()

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)] | None
Editor = Annotated[User, Depends(require(Permission.ISSUES_EDIT))]
DUE_IN = timedelta(days=14)  # offered, to be changed


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person put into the form; `text` is an issue's detail or an action's target."""

    title: str
    text: str
    owner_id: int
    due_on: str
    hidden: Mapping[str, str] = field(default_factory=dict)


def typed(
    title: Annotated[str, Form(max_length=400)] = "",
    detail: Annotated[str, Form(max_length=8000)] = "",
    target: Annotated[str, Form(max_length=800)] = "",
    owner_id: Annotated[int, Form()] = 0,
    due_on: Annotated[str, Form(max_length=20)] = "",
    version: Annotated[str, Form(max_length=12)] = "",
    topic_id: Annotated[str, Form(max_length=12)] = "",
    interaction_id: Annotated[str, Form(max_length=12)] = "",
) -> Typed:
    """The form of all three pages; hidden fields travel along."""
    hidden = {"version": version, "topic_id": topic_id, "interaction_id": interaction_id}
    return Typed(title, detail or target, owner_id, due_on, {name: value for name, value in hidden.items() if value})


Posted = Annotated[Typed, Depends(typed)]


@router.get("/issues/new")
def new_issue(
    request: Request,
    user: Editor,
    interaction: Annotated[RowId, Query()] = None,
    topic: Annotated[RowId, Query()] = None,
) -> Response:
    """An empty form; with the feedback or the topic that it is opened for."""
    hidden = {"interaction_id": interaction, "topic_id": topic}
    kept = {name: str(value) for name, value in hidden.items() if value}
    due_on = (today(request) + DUE_IN).isoformat()
    return _issue_form(request, user, Typed("", "", user.id or 0, due_on, kept))


@router.post("/issues")
def create_issue(request: Request, user: Editor, posted: Posted) -> Response:
    """Open an issue."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            issue = tracker.create_issue(
                session,
                actor=user,
                title=posted.title,
                detail=posted.text,
                due_on=parse_day(posted.due_on, field="due_on", title="期限"),
                owner_id=posted.owner_id or None,
                interaction_ids=_ids(posted, "interaction_id"),
                topic_ids=_ids(posted, "topic_id"),
                now=now,
            )
    except Invalid as error:
        return _issue_form(request, user, posted, error=error)
    return redirect(request, f"/issues/{issue.id}", Flash("问题已建立。接着加一项措施，写明谁在什么时候之前做完。"))


@router.get("/issues/{issue_id}/edit")
def edit_page(request: Request, user: Editor, issue_id: Id) -> Response:
    """The form with what the issue says now."""
    with store_of(request).read() as session:
        issue = board.get_issue(session, issue_id=issue_id)
    now = Typed(issue.title, issue.detail, issue.owner_id, issue.due_on.isoformat(), {"version": str(issue.version)})
    return _issue_form(request, user, now, issue_id=issue_id)


@router.post("/issues/{issue_id}/edit")
def edit_issue(request: Request, user: Editor, issue_id: Id, posted: Posted) -> Response:
    """Change an issue; refused where somebody was faster, with what was typed kept."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            tracker.edit_issue(
                session,
                actor=user,
                issue_id=issue_id,
                version=next(iter(_ids(posted, "version")), 0),
                title=posted.title,
                detail=posted.text,
                owner_id=posted.owner_id,
                due_on=parse_day(posted.due_on, field="due_on", title="期限"),
                now=now,
            )
    except (Invalid, Conflict) as error:
        return _issue_form(request, user, posted, issue_id=issue_id, error=error)
    return redirect(request, f"/issues/{issue_id}", Flash("已保存。"))


@router.get("/issues/{issue_id}/actions/new")
def new_action(request: Request, user: Editor, issue_id: Id) -> Response:
    """An empty form, owned by the issue's owner, if they may own actions, until somebody else is chosen."""
    with store_of(request).read() as session:
        issue = board.get_issue(session, issue_id=issue_id)
    return _action_form(request, user, issue_id, Typed("", "", issue.owner_id, (today(request) + DUE_IN).isoformat()))


@router.post("/issues/{issue_id}/actions")
def create_action(request: Request, user: Editor, issue_id: Id, posted: Posted) -> Response:
    """Add an action to the issue."""
    now = request.app.state.runtime.clock.now()
    try:
        with store_of(request).write() as session:
            action = add_action(
                session,
                actor=user,
                issue_id=issue_id,
                title=posted.title,
                target=posted.text,
                owner_id=posted.owner_id or None,
                due_on=parse_day(posted.due_on, field="due_on", title="期限"),
                now=now,
            )
    except (Invalid, Conflict) as error:
        return _action_form(request, user, issue_id, posted, error=error)
    return redirect(request, f"/actions/{action.id}", Flash("措施已加上。措施生效那天点“开始执行”并填生效日期。"))


def _issue_form(
    request: Request, user: User, values: Typed, *, issue_id: int | None = None, error: Invalid | Conflict | None = None
) -> Response:
    with store_of(request).read() as session:
        people = owners(session, Permission.ISSUES_EDIT)
    return _form(
        request,
        user,
        values,
        error,
        heading="修改问题" if issue_id else "新建问题",
        action=f"/issues/{issue_id}/edit" if issue_id else "/issues",
        back=(f"/issues/{issue_id}", "问题") if issue_id else ("/issues", "问题与措施"),
        lede="写银行要解决的事，不写客户的个人信息。",
        title_label="问题",
        text={"name": "detail", "label": "说明（可不填）", "type": "textarea", "limit": 2000},
        owners=people,
    )


def _action_form(
    request: Request, user: User, issue_id: int, values: Typed, *, error: Invalid | Conflict | None = None
) -> Response:
    with store_of(request).read() as session:
        issue = board.get_issue(session, issue_id=issue_id)
        people = owners(session, Permission.ACTIONS_EDIT)
    return _form(
        request,
        user,
        values,
        error,
        heading="加一项措施",
        action=f"/issues/{issue_id}/actions",
        back=(f"/issues/{issue_id}", issue.title),
        lede="写具体做什么、谁做、什么时候做完。",
        title_label="措施",
        text={"name": "target", "label": "目标（做完后什么会更好，可不填）", "type": "text", "limit": 200},
        owners=people,
    )


def _form(
    request: Request,
    user: User,
    values: Typed,
    error: Invalid | Conflict | None,
    **context: Any,  # noqa: ANN401 - what a template needs has no common type
) -> Response:
    field_errors = {error.field: error.message} if isinstance(error, Invalid) else {}
    return page(
        request,
        "issue_form.html",
        user,
        status=error.status if error else 200,
        values=values,
        errors=field_errors,
        problem=error.message if error and not field_errors else None,
        **context,
    )


def _ids(posted: Typed, name: str) -> list[int]:
    """The id in a hidden field, if it is one."""
    value = posted.hidden.get(name, "")
    return [int(value)] if re.fullmatch(r"[0-9]{1,9}", value) else []
