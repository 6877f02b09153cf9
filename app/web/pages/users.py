"""用户: who may log in, under which role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlmodel import Session

from app.deps import require
from app.errors import Conflict, Invalid
from app.people import service as people
from app.people.models import Role, User
from app.people.roles import Permission, allowed
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.render import page, redirect

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.USERS_VIEW))]
Editor = Annotated[User, Depends(require(Permission.USERS_EDIT))]
Word = Annotated[str, Form(max_length=200)]
BLANK = {"login": "", "name": "", "role": Role.ANALYST.value, "user_id": ""}


@router.get("/users")
def users_page(request: Request, user: Viewer) -> Response:
    """All users; with the forms where the role may change them."""
    return _page(request, user)


@router.post("/users")
def add(
    request: Request, user: Editor, login: Word = "", name: Word = "", role: Word = "", password: Word = ""
) -> Response:
    """A new user; a value that breaks a rule comes back beside its field."""
    try:
        with store_of(request).write() as session:
            added = people.add_user(
                session, login=login, name=name, role=_role(role), password=password, **_by(request, user)
            )
    except Invalid as error:
        values = {"login": login, "name": name, "role": role}
        return _page(request, user, values=values, errors={error.field: error.message}, status=error.status)
    except Conflict as error:
        values = {"login": login, "name": name, "role": role}
        return _page(request, user, values=values, errors={"login": error.message}, status=error.status)
    return redirect(
        request, "/users", Flash(f"已新增 {added.name}（{added.role.chinese}），请把用户名和初始密码交给本人。")
    )


@router.post("/users/password")
def reset(request: Request, user: Editor, user_id: Annotated[int, Form()], password: Word = "") -> Response:
    """Another password; the user's open sessions end. After one that breaks a rule the same person stays chosen."""
    try:
        with store_of(request).write() as session:
            people.set_password(session, user_id=user_id, password=password, **_by(request, user))
            person = people.get_user(session, user_id=user_id)
    except Invalid as error:
        values = {"user_id": str(user_id)}
        return _page(request, user, values=values, errors={"new": error.message}, status=error.status)
    return redirect(request, "/users", Flash(f"已重设 {person.name}（{person.login}）的密码，该用户需要重新登录。"))


@router.post("/users/{user_id}/role")
def give_role(request: Request, user: Editor, user_id: Id, role: Word = "") -> Response:
    """Another role; it counts from the user's next page."""

    def deed(session: Session) -> Flash:
        before = people.get_user(session, user_id=user_id).role
        if user_id == user.id:
            raise Conflict("不能改自己的角色，请找另一位系统管理员。")
        person = people.set_role(session, user_id=user_id, role=_role(role), **_by(request, user))
        undo = Undo(f"/users/{user_id}/role", {"role": before.value}) if before is not person.role else None
        return Flash(f"{person.name} 的角色是“{person.role.chinese}”。", undo=undo)

    return change(request, deed, to="/users")


@router.post("/users/{user_id}/active")
def set_active(request: Request, user: Editor, user_id: Id, active: Word = "") -> Response:
    """Let a user log in or not; nobody locks themselves out."""
    wanted = active == "yes"

    def deed(session: Session) -> Flash:
        if user_id == user.id:
            raise Conflict("不能停用自己，请找另一位系统管理员。")
        person = people.set_active(session, user_id=user_id, active=wanted, **_by(request, user))
        undo = Undo(f"/users/{user_id}/active", {"active": "no" if wanted else "yes"})
        return Flash(f"{person.name} 已{'启用' if wanted else '停用，打开的登录已全部结束'}。", undo=undo)

    return change(request, deed, to="/users")


def _page(
    request: Request,
    user: User,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    with store_of(request).read() as session:
        everyone = people.list_users(session)
    return page(
        request,
        "users.html",
        user,
        status=status,
        users=everyone,
        people=[(person.id, f"{person.name}（{person.login}）") for person in everyone],
        roles=list(Role),
        role_options=[(role.value, role.chinese) for role in Role],
        may_edit=allowed(user.role, Permission.USERS_EDIT),
        values={**BLANK, **(values or {})},
        errors=errors or {},
    )


def _role(value: str) -> Role:
    try:
        return Role(value)
    except ValueError:
        raise Invalid("没有这个角色，请从列表中选择。", field="role") from None


class By(TypedDict):
    """Who does something, and when, as the audit chain names it."""

    actor: str
    now: datetime


def _by(request: Request, user: User) -> By:
    return {"actor": f"user:{user.login}", "now": request.app.state.runtime.clock.now()}
