"""审计: the chain as it is, newest first, and what is known of its being whole."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import col, func, select

from app.deps import require
from app.people.models import User
from app.people.roles import Permission
from app.store import audit
from app.store.audit import AuditCheck, AuditEntry, Scope
from app.web.audit_words import account, deed
from app.web.forms import store_of
from app.web.paging import PageNumber, pager
from app.web.render import page

router = APIRouter()

LONGEST = 120  # characters of a detail that is shown as stored

SIZE = 50
MOST = 5_000  # new entries that are checked for one view: a fifth of a second


@router.get("/audit")
def audit_page(
    request: Request,
    user: Annotated[User, Depends(require(Permission.AUDIT_VIEW))],
    page_number: PageNumber = 1,
) -> Response:
    """One page of entries. They are checked, and so is what is new; the rest was, by whom and when the page tells."""
    store, now = store_of(request), request.app.state.runtime.clock.now()
    with store.read() as session:
        total = session.exec(select(func.count()).select_from(AuditEntry)).one()
        chosen = select(AuditEntry).order_by(col(AuditEntry.id).desc())
        entries = session.exec(chosen.offset((page_number - 1) * SIZE).limit(SIZE)).all()
        shown = audit.verify_some(session, entries[::-1])
        new = audit.verify_new(session, most=MOST)
        whole = session.get(AuditCheck, Scope.WHOLE)
    if new.ok and new.entries > new.after:
        with store.write() as session:
            audit.note(session, new, scope=Scope.NEW, at=now, actor=f"user:{user.login}")
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
        request,
        "audit.html",
        user,
        broken_id=next((one.broken_id for one in (shown, new, whole) if one and one.broken_id is not None), None),
        new=new,
        unread=max(0, total - new.entries),
        whole=whole,
        rows=rows,
        total=total,
        **pager(request, page_number, total, SIZE),
    )


def _plain(entry: AuditEntry) -> str:
    """The detail as it is stored, where there are no words for it; long lists are cut."""
    text = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
