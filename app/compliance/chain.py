"""The whole audit chain, read from its first entry every night or when somebody asks; the page 审计 tells of it."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from app.clock import Clock
from app.jobs.queue import JobArgs
from app.store import audit
from app.store.audit import AuditReport, Scope
from app.store.engine import Store

NIGHTLY = "compliance.audit_check"
AT = timedelta(hours=5)  # after the deletions and the topics of the night, before people come
SYSTEM = "system:audit"

log = structlog.get_logger(__name__)


def check(store: Store, *, clock: Clock, actor: str) -> AuditReport:
    """Verify all of it and note what was found; nothing is locked while it is read."""
    with store.read() as session:
        report = audit.verify(session)
    with store.write() as session:
        audit.note(session, report, scope=Scope.WHOLE, at=clock.now(), actor=actor)
    return report


def nightly(_jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Check the chain once a day, whoever forgot to."""
    report = check(store, clock=clock, actor=SYSTEM)
    if not report.ok:
        log.error("audit chain broken", entry=report.broken_id)
