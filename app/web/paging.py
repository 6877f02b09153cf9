"""Pages of a list: the number in the address, and the links around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypedDict

from fastapi import Query, Request

from app.web.render import link, link_to

PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


class Pager(TypedDict):
    """What the template's pager needs; `link(page=n)` is the same list at another page."""

    page_number: int
    pages: int
    link: Callable[..., str]


def pager(request: Request, number: int, total: int, size: int, *, path: str | None = None) -> Pager:
    """The pager of a list of `total` rows, `size` to a page, at this address; `path` where a form was answered."""
    other = partial(link_to, path) if path else partial(link, request)
    return {"page_number": number, "pages": max(1, -(-total // size)), "link": other}
