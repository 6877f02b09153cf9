"""What console forms share: one change per POST, days as people type them, and where to go afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.clock import FIRST_DAY, LAST_DAY
from app.errors import Conflict, Forbidden, Invalid
from app.store.engine import Store
from app.web.flash import Flash
from app.web.render import redirect

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A row's id in an address; anything else is a page that does not exist."""
Deed = Callable[[Session], Flash | None]
"""One change in a write transaction; answers the sentence to show afterwards."""


def store_of(request: Request) -> Store:
    """The service's store."""
    store: Store = request.app.state.runtime.store
    return store


def change(request: Request, deed: Deed, *, to: str, refused: str | None = None) -> RedirectResponse:
    """Commit the deed and go to `to`; a refusal changes nothing and is told there, or at `refused`."""
    try:
        with store_of(request).write() as session:
            flash = deed(session)
    except (Conflict, Forbidden, Invalid) as error:
        return redirect(request, refused or to, Flash(error.message, "bad"))
    return redirect(request, to, flash)


def parse_day(text: str, *, field: str, title: str) -> date:
    """A day from a date field; browsers without one send what was typed. Raises Invalid."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"{title}要写成 2026-11-06 这样的日期，请重新填写。", field=field) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(f"{title}要在 {FIRST_DAY.year} 年到 {LAST_DAY.year} 年之间，请检查年份。", field=field)
    return day


def safe_next(path: str) -> str:
    """Where a log-in leads: a page of ours, never another site."""
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if inside else "/"
