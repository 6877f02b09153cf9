"""审计: the chain as it is, newest first, and whether it still fits together."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import col, func, select

from app.deps import require
from app.people.models import User
from app.people.roles import Permission
from app.store.audit import AuditEntry, verify
from app.web.audit_words import account, deed
from app.web.forms import store_of
from app.web.paging import PageNumber, pager
from app.web.render import page

router = APIRouter()

LONGEST = 120  # characters of a detail that is shown as stored

SIZE = 50


@router.get("/audit")
def audit_page(
    request: Request,
    user: Annotated[User, Depends(require(Permission.AUDIT_VIEW))],
    page_number: PageNumber = 1,
) -> Response:
    """One page of entries; the whole chain is verified each time."""
    with store_of(request).read() as session:
        report = verify(session)
        total = session.exec(select(func.count()).select_from(AuditEntry)).one()
        chosen = select(AuditEntry).order_by(col(AuditEntry.id).desc())
        entries = session.exec(chosen.offset((page_number - 1) * SIZE).limit(SIZE)).all()
    rows = [
        {
            "id": entry.id,
            "at": entry.at,
            "actor": entry.actor.removeprefix("user:"),
            "deed": deed(entry.action, entry.detail),
            "subject": entry.subject,
            "detail": account(entry.action, entry.detail) or _plain(entry),
        }
        for entry in entries
    ]
    return page(
        request, "audit.html", user, report=report, rows=rows, total=total, **pager(request, page_number, total, SIZE)
    )


def _plain(entry: AuditEntry) -> str:
    """The detail as it is stored, where there are no words for it; long lists are cut."""
    text = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
