"""Pages from templates: the one Jinja environment, and what every page knows (who, where to go, what just happened)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.clock import local_day
from app.deps import SESSION_COOKIE
from app.people.models import User
from app.people.roles import Permission, allowed
from app.web import flash as flashes
from app.web.flash import Flash
from app.web.words import FILTERS, due

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """One line of PAGES: where the page is, who may see it, and where the navigation shows it.

    `group` is the heading above it in the navigation; None keeps it out.
    """

    title: str
    path: str
    permission: Permission | None
    router: APIRouter
    group: str | None = ""


def page(
    request: Request,
    template: str,
    user: User | None,
    *,
    status: int = 200,
    said: Flash | None = None,
    **context: object,
) -> HTMLResponse:
    """The template as an answer; `said`, or the flash that waits from the last page, is shown once."""
    waiting = flashes.unpack(request.cookies.get(flashes.COOKIE), request.cookies.get(SESSION_COOKIE))
    html = (
        environment()
        .get_template(template)
        .render(user=user, nav=navigation(request, user), flash=said or waiting, today=today(request), **context)
    )
    response = HTMLResponse(html, status_code=status)
    if flashes.COOKIE in request.cookies:
        response.delete_cookie(flashes.COOKIE)
    return response


def redirect(request: Request, path: str, flash: Flash | None = None) -> RedirectResponse:
    """303 to a page of ours after a POST, with a sentence for it to show."""
    response = RedirectResponse(path, status_code=303)
    token = request.cookies.get(SESSION_COOKIE)
    if flash is not None and token:
        response.set_cookie(
            flashes.COOKIE,
            flashes.pack(flash, token),
            max_age=flashes.SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


def navigation(request: Request, user: User | None) -> list[dict[str, object]]:
    """The entries of PAGES that the role may see, in their order."""
    if user is None:
        return []
    here = request.url.path
    return [
        {"title": p.title, "path": p.path, "group": p.group, "current": _holds(p.path, here)}
        for p in request.app.state.pages.values()
        if p.group is not None and (p.permission is None or allowed(user.role, p.permission))
    ]


def today(request: Request) -> date:
    """The bank's day by the service's clock."""
    return local_day(request.app.state.runtime.clock.now())


def link(request: Request, **changes: object) -> str:
    """The page's own address with other filters; a filter set to None or "" is dropped."""
    return link_to(request.url.path, **{**request.query_params, **changes})


def link_to(path: str, /, **params: object) -> str:
    """`path` with query parameters in their order, those that are None or "" dropped."""
    query = urlencode({key: str(value) for key, value in params.items() if value is not None and value != ""})
    return f"{path}?{query}" if query else path


@lru_cache
def environment() -> Environment:
    """The Jinja environment: escaping always on, an unknown name is an error, no clock and no network."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(FILTERS)
    env.globals.update(static=static, due=due, link_to=link_to)
    return env


@lru_cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


def _holds(path: str, here: str) -> bool:
    return here == path if path == "/" else here == path or here.startswith(path + "/")
