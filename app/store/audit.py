"""The audit chain: who did what to which thing, each entry holding the hash of the one before.

An entry that is changed, removed or inserted later breaks the chain at that place. A chain that was cut at its end, or
written anew from some entry on, is whole in itself: it differs from what an earlier check noted (`AuditCheck`), or from
an `AuditReport.head` that was copied to somewhere else. Details hold ids, never personal data.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, text
from sqlmodel import Field, SQLModel, col, select

from app.store.base import choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


class Scope(StrEnum):
    """What a check reads: the whole chain, or what came after the furthest check."""

    WHOLE = "whole"
    NEW = "new"


class AuditCheck(SQLModel, table=True):
    """The newest check of each scope: when, by whom, and with `broken_id` what it found.

    `entries` and `head` tell up to where the chain was ever found whole, so they only grow: what a check found broken
    is measured by them again.
    """

    __tablename__ = "audit_check"

    scope: Scope = Field(primary_key=True, sa_type=choice(Scope))
    at: datetime
    actor: str
    entries: int = 0
    head: str = Field(default=FIRST, max_length=64)
    broken_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check found: `broken_id` is the first entry that does not fit, `head` the last good hash.

    The entries after number `after`, up to number `entries`, are good.
    """

    ok: bool
    entries: int
    broken_id: int | None
    head: str
    after: int = 0


def record(
    session: Session, *, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Append an entry in the caller's transaction (`Store.write()`), so that deed and entry stand or fall together.

    `detail` must be JSON without NaN and hold no personal data. The chain is locked until the transaction ends:
    on SQLite by its one writer, on PostgreSQL by an advisory lock.
    """
    _lock(session)
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
    """Walk the whole chain in constant memory, up to the first entry that does not fit it or what was noted of it."""
    noted = _noted(session)
    report = _walk(session, after=0, noted=noted)
    cut = report.ok and report.entries < max(noted)
    return replace(report, ok=False, broken_id=report.entries + 1) if cut else report


def verify_new(session: Session, *, most: int) -> AuditReport:
    """Check up to `most` entries after the furthest one that was noted, and that this one still is what it was."""
    noted = _noted(session)
    return _walk(session, after=max(noted), noted=noted, most=most)


def verify_some(session: Session, entries: Sequence[AuditEntry]) -> AuditReport:
    """Check these entries, which follow one another, and that the first follows the one before it."""
    after = entries[0].id - 1 if entries else 0
    return _fit(entries, after=after, head=_hash_at(session, after) or "", noted={})


def note(session: Session, report: AuditReport, *, scope: Scope, at: datetime, actor: str) -> None:
    """Keep what a check found, in the caller's transaction. What was good before stays noted."""
    _lock(session)
    check = session.get(AuditCheck, scope) or AuditCheck(scope=scope, at=at, actor=actor)
    check.at, check.actor, check.broken_id = at, actor, report.broken_id
    if report.ok and report.entries > check.entries:
        check.entries, check.head = report.entries, report.head
    session.add(check)


def _noted(session: Session) -> dict[int, str]:
    """Entries up to which the chain was found whole, with their hashes; before the first one it always is."""
    return {0: FIRST, **{check.entries: check.head for check in session.exec(select(AuditCheck))}}


def _walk(session: Session, *, after: int, noted: Mapping[int, str], most: int | None = None) -> AuditReport:
    head = noted[after]
    if _hash_at(session, after) != head:
        return AuditReport(ok=False, entries=after, broken_id=after, head=head, after=after)
    walk = select(AuditEntry).order_by(col(AuditEntry.id)).limit(most).execution_options(yield_per=1000)
    if after:
        walk = walk.where(col(AuditEntry.id) > after)
    with closing(session.exec(walk)) as entries:
        return _fit(entries, after=after, head=head, noted=noted)


def _fit(entries: Iterable[AuditEntry], *, after: int, head: str, noted: Mapping[int, str]) -> AuditReport:
    last = after
    for entry in entries:
        follows = entry.id == last + 1 and entry.previous_hash == head and entry.hash == entry_hash(entry)
        if not follows or noted.get(entry.id, entry.hash) != entry.hash:
            return AuditReport(ok=False, entries=last, broken_id=entry.id, head=head, after=after)
        head, last = entry.hash, entry.id
    return AuditReport(ok=True, entries=last, broken_id=None, head=head, after=after)


def _hash_at(session: Session, number: int) -> str | None:
    """The hash of an entry as it is stored; of none what the first one names."""
    return session.exec(select(AuditEntry.hash).where(AuditEntry.id == number)).first() if number else FIRST


def _lock(session: Session) -> None:
    """One after the other until the transaction ends; SQLite has one writer anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256, in hex, of everything the entry says and of its predecessor's hash."""
    at = entry.at.astimezone(UTC).isoformat()
    said = [entry.id, at, entry.actor, entry.action, entry.subject, entry.detail, entry.previous_hash]
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
