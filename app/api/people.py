"""Logging in for a bearer token, and keeping the users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.deliveries import Refusal
from app.deps import CurrentUser, ReadSession, RuntimeDep, WriteSession, current_user, require, session_token
from app.people import service
from app.people.login import log_in
from app.people.models import Role, User
from app.people.roles import Permission, allowed

router = APIRouter(prefix="/v1", tags=["people"], responses={401: {"model": Refusal}})

Editor = Annotated[User, Depends(require(Permission.USERS_EDIT))]
UserId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Credentials(BaseModel):
    """What a person logs in with."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=200)
    password: str = Field(max_length=1000, repr=False)


class UserOut(BaseModel):
    """A user, without anything that helps to log in as them."""

    id: int
    login: str
    name: str
    role: Role
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        """From the stored row."""
        return cls(**user.model_dump(include=set(cls.model_fields)))


class LoggedInOut(BaseModel):
    """A session; send its token as `Authorization: Bearer …`."""

    token: str
    expires_at: datetime
    user: UserOut


class Me(UserOut):
    """Who asks, and what their role may do."""

    permissions: list[Permission]


class NewUser(BaseModel):
    """A user to add. Their first password is handed over in person."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=200)
    name: str = Field(max_length=200)
    role: Role
    password: str = Field(max_length=1000, repr=False)


class UserChange(BaseModel):
    """What shall change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    active: bool | None = None
    password: str | None = Field(default=None, max_length=1000, repr=False)


@router.post("/login", summary="Open a session", responses={429: {"model": Refusal}})
def enter(request: Request, runtime: RuntimeDep, credentials: Credentials) -> LoggedInOut:
    """A bearer token for login and password. Too many failures of one login or address are made to wait."""
    opened = log_in(
        runtime.store,
        login=credentials.login,
        password=credentials.password,
        address=request.client.host if request.client else "unknown",
        now=runtime.clock.now(),
        hours=runtime.settings.session_hours,
    )
    return LoggedInOut(token=opened.token, expires_at=opened.expires_at, user=UserOut.of(opened.user))


@router.post("/logout", summary="End the session", status_code=204, dependencies=[Depends(current_user)])
def leave(request: Request, runtime: RuntimeDep, session: WriteSession) -> None:
    """The token that came with the request opens nothing any more."""
    service.close_session(session, token=session_token(request) or "", now=runtime.clock.now())


@router.get("/me", summary="Who asks")
def me(user: CurrentUser) -> Me:
    """The user of the session and their permissions."""
    permissions = [permission for permission in Permission if allowed(user.role, permission)]
    return Me(**UserOut.of(user).model_dump(), permissions=permissions)


@router.get("/users", summary="All users", dependencies=[Depends(require(Permission.USERS_VIEW))])
def users(session: ReadSession) -> list[UserOut]:
    """By name, those who are no longer active among them."""
    return [UserOut.of(user) for user in service.list_users(session)]


@router.post("/users", summary="Add a user", status_code=201)
def add(runtime: RuntimeDep, editor: Editor, session: WriteSession, new: NewUser) -> UserOut:
    """422 names the field that breaks a rule, 409 tells that the login is taken."""
    user = service.add_user(
        session,
        login=new.login,
        name=new.name,
        role=new.role,
        password=new.password,
        actor=f"user:{editor.login}",
        now=runtime.clock.now(),
    )
    return UserOut.of(user)


@router.patch("/users/{user_id}", summary="Change a user")
def change(runtime: RuntimeDep, editor: Editor, session: WriteSession, user_id: UserId, wanted: UserChange) -> UserOut:
    """Another role, another password (which ends the user's sessions), or no access at all."""
    actor, now = f"user:{editor.login}", runtime.clock.now()
    user = service.get_user(session, user_id=user_id)
    if wanted.role is not None:
        service.set_role(session, user_id=user_id, role=wanted.role, actor=actor, now=now)
    if wanted.password is not None:
        service.set_password(session, user_id=user_id, password=wanted.password, actor=actor, now=now)
    if wanted.active is not None:
        service.set_active(session, user_id=user_id, active=wanted.active, actor=actor, now=now)
    return UserOut.of(user)
