"""The audit chain: who did what to which thing, each entry holding the hash of the one before.

An entry that is changed, removed or inserted later breaks the chain at that place; a chain cut at its end is
noticed by comparing `AuditReport.head` with the value noted at an earlier check. Details hold ids, never personal data.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, text
from sqlmodel import Field, SQLModel, col, select

from app.store import base  # noqa: F401 - constraint names come before the first table

if TYPE_CHECKING:
    from sqlmodel import Session

AUDIT_LOCK = 0x4853_0002  # PostgreSQL advisory lock: entries are appended one after the other
FIRST = "0" * 64  # what the first entry names as its predecessor


class AuditEntry(SQLModel, table=True):
    """One entry; `id` counts from 1 without gaps.

    The migration adds triggers that refuse to change or delete a row.
    """

    __tablename__ = "audit_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    actor: str = Field(index=True, description="user:<login> or system:<part>")
    action: str = Field(description="what was done, e.g. issue.create")
    subject: str = Field(index=True, description="the thing, e.g. issue:12")
    detail: dict[str, Any] = Field(sa_type=JSON)
    previous_hash: str = Field(max_length=64, unique=True)  # unique: the chain cannot fork
    hash: str = Field(max_length=64)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify` found: `broken_id` is the first entry that does not fit, `head` the last good hash."""

    ok: bool
    entries: int
    broken_id: int | None
    head: str


def record(
    session: Session, *, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Append an entry in the caller's transaction (`Store.write()`), so that deed and entry stand or fall together.

    `detail` must be JSON without NaN and hold no personal data. The chain is locked until the transaction ends:
    on SQLite by its one writer, on PostgreSQL by an advisory lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})
    last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(1)).first()
    entry = AuditEntry(
        id=last.id + 1 if last else 1,
        at=at.astimezone(UTC),
        actor=actor,
        action=action,
        subject=subject,
        detail=json.loads(_canonical(detail or {})),  # as it will be read back: tuples become lists
        previous_hash=last.hash if last else FIRST,
        hash="",
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()
    return entry


def verify(session: Session) -> AuditReport:
    """Walk the whole chain in constant memory, up to the first entry that does not fit."""
    head, count = FIRST, 0
    walk = select(AuditEntry).order_by(col(AuditEntry.id)).execution_options(yield_per=1000)
    with closing(session.exec(walk)) as entries:
        for entry in entries:
            fits = entry.id == count + 1 and entry.previous_hash == head and entry.hash == entry_hash(entry)
            if not fits:
                return AuditReport(ok=False, entries=count, broken_id=entry.id, head=head)
            head, count = entry.hash, count + 1
    return AuditReport(ok=True, entries=count, broken_id=None, head=head)


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256, in hex, of everything the entry says and of its predecessor's hash."""
    at = entry.at.astimezone(UTC).isoformat()
    said = [entry.id, at, entry.actor, entry.action, entry.subject, entry.detail, entry.previous_hash]
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
