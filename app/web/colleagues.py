"""What colleagues did lately, told from the audit chain: one line per person and thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from app.people.models import User
from app.store.audit import AuditEntry
from app.topics.models import Topic
from app.tracker.models import Action, Issue
from app.web.audit_words import account, deed

DOMAINS = ("issue", "action", "followup", "topic")
TITLES: dict[str, Callable[[int], SelectOfScalar[str]]] = {
    "issue": lambda id_: select(Issue.title).where(Issue.id == id_),
    "action": lambda id_: select(Action.title).where(Action.id == id_),
    "topic": lambda id_: select(Topic.name).where(Topic.id == id_),
}
LONGEST = 500  # entries read
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """What one person did with one thing; deeds are counted from the latest back."""

    who: str
    latest: AuditEntry
    deeds: Counter[str] = field(default_factory=Counter)


def deeds_since(session: Session, *, since: datetime, apart_from: User) -> dict[str, Any]:
    """Lines of what others did with issues, actions and topics, newest first, and how many lines there are."""
    chosen = select(AuditEntry).where(
        col(AuditEntry.at) >= since,
        col(AuditEntry.actor) != f"user:{apart_from.login}",
        or_(*(col(AuditEntry.action).startswith(f"{domain}.") for domain in DOMAINS)),
    )
    entries = session.exec(chosen.order_by(col(AuditEntry.id).desc()).limit(LONGEST)).all()
    names = {f"user:{user.login}": user.name for user in session.exec(select(User))}
    lines: dict[tuple[str, str], Line] = {}
    for entry in entries:
        line = lines.setdefault((entry.actor, entry.subject), Line(names.get(entry.actor, entry.actor), entry))
        line.deeds[deed(entry.action, entry.detail)] += 1
    shown = list(lines.values())[:SHOWN]
    return {"rows": [_view(line) | _thing(session, line.latest.subject) for line in shown], "total": len(lines)}


def _view(line: Line) -> dict[str, Any]:
    """The deeds in the order they were done, and what the latest move led to."""
    deeds = [words if times == 1 else f"{words} {times} 次" for words, times in reversed(line.deeds.items())]
    latest = line.latest
    told = account(latest.action, latest.detail) if latest.action.endswith((".move", ".undo")) else ""
    return {"who": line.who, "deeds": "、".join(deeds), "told": told, "at": latest.at}


def _thing(session: Session, subject: str) -> dict[str, str]:
    """The name and page of what was worked on; neither where it is gone."""
    kind, _, number = subject.partition(":")
    if kind not in TITLES or not number.isdecimal():
        return {"title": "", "link": ""}
    title = session.exec(TITLES[kind](int(number))).first()
    return {"title": title or "", "link": f"/{kind}s/{number}" if title else ""}
