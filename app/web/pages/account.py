"""登录: opening and ending a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from app.deps import SESSION_COOKIE, same_origin
from app.errors import Unauthorised
from app.people import service as people
from app.people.login import TooManyLogins, log_in
from app.web.forms import safe_next, store_of
from app.web.render import page, redirect

router = APIRouter()


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form; the page that was wanted is kept for afterwards."""
    return page(request, "login.html", None, next=safe_next(next), login="", error=None)


@router.post("/login", dependencies=[Depends(same_origin)])
def enter(
    request: Request,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Open a session and go where the person wanted to go."""
    runtime = request.app.state.runtime
    address = request.client.host if request.client else "unknown"
    hours = runtime.settings.session_hours
    try:
        opened = log_in(
            runtime.store, login=login, password=password, address=address, now=runtime.clock.now(), hours=hours
        )
    except (Unauthorised, TooManyLogins) as error:
        return page(
            request, "login.html", None, status=error.status, next=safe_next(next), login=login, error=error.message
        )
    response = redirect(request, safe_next(next))
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        max_age=hours * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout", dependencies=[Depends(same_origin)])
def leave(request: Request) -> Response:
    """End the session; without one there is nothing to end."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with store_of(request).write() as session:
            people.close_session(session, token=token, now=request.app.state.runtime.clock.now())
    response = redirect(request, "/login")
    response.delete_cookie(SESSION_COOKIE)
    return response
