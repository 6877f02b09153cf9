"""What a request needs: the runtime, a session of the store, the person asking, and their right to ask.

Store sessions are function-scoped: FastAPI ends them before the answer is sent, so that a failed commit is a
500 and not a 200.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlmodel import Session

from app.errors import Forbidden, Unauthorised
from app.people.models import User
from app.people.roles import Permission, allowed
from app.people.service import session_user
from app.runtime import Runtime

SESSION_COOKIE = "huisheng_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OUR_SITES = frozenset({"same-origin", "none"})  # none: typed or bookmarked by the person themself


def get_runtime(request: Request) -> Runtime:
    """The runtime that `create_app` put on the application."""
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(get_runtime)]


def read_session(runtime: RuntimeDep) -> Iterator[Session]:
    """A session to read with."""
    with runtime.store.read() as session:
        yield session


def write_session(runtime: RuntimeDep) -> Iterator[Session]:
    """A session that commits when the endpoint returns and rolls back when it raises."""
    with runtime.store.write() as session:
        yield session


ReadSession = Annotated[Session, Depends(read_session, scope="function")]
WriteSession = Annotated[Session, Depends(write_session, scope="function")]


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def session_token(request: Request) -> str | None:
    """The token that says who asks: the bearer's, else the console's cookie.

    Forbidden where a cookie would let another site's page change something in the person's name.
    """
    token = bearer_token(request)
    if token is None and (token := request.cookies.get(SESSION_COOKIE)):
        same_origin(request)
    return token


def same_origin(request: Request) -> None:
    """Forbidden for a changing request that another site's page sent.

    By Sec-Fetch-Site, which every present browser sends and no page can forge; browsers on plain http leave it
    out, so then the Origin must be our own host. A request with neither comes from no browser form of ours.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = site in OUR_SITES if site else origin is not None and urlsplit(origin).netloc == request.headers.get("Host")
    if not ours:
        raise Forbidden("这个请求来自别的网站，没有执行。请在回声的页面上重新操作。", code="cross_origin")


def current_user(request: Request, runtime: RuntimeDep) -> User:
    """Who asks. Unauthorised without a session that is still open."""
    token = session_token(request)
    if token is not None:
        with runtime.store.read() as session:
            user = session_user(session, token=token, now=runtime.clock.now())
        if user is not None:
            return user
    raise Unauthorised("请先登录；登录可能已过期。")


CurrentUser = Annotated[User, Depends(current_user)]


def require(permission: Permission) -> Callable[[User], User]:
    """A dependency: the user who asks, if the matrix of roles gives them `permission`; else Forbidden."""

    def permitted(user: CurrentUser) -> User:
        if not allowed(user.role, permission):
            raise Forbidden(f"“{user.role.chinese}”没有“{permission.chinese}”的权限，请找系统管理员开通。")
        return user

    return permitted
