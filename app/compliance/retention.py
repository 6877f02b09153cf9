"""Retention 保留期限: what is due, told in advance, and deleted when the notice has run.

Every night what is due is announced; a week later it is deleted, less what somebody held or linked meanwhile. A person
may announce at once, cancel, or let it run without waiting. Nothing is deleted that was not announced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from app.clock import Clock
from app.compliance import records
from app.compliance.models import RetentionRun, RunState
from app.compliance.records import RecordClass
from app.errors import Conflict, NotFound
from app.jobs.queue import JobArgs, JobQueue
from app.people.models import User
from app.store.audit import record
from app.store.engine import Store

NIGHTLY = "compliance.retention"
RUN = "compliance.retention_run"
NOTICE = timedelta(days=7)
AT = timedelta(hours=2)  # after midnight in the bank: when the nightly task looks
PAGE = 200  # records deleted in one transaction
SYSTEM = "system:retention"
EXAMPLES = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class with how many records there are, and how many of them are due now."""

    of: RecordClass
    total: int
    due: int
    examples: list[int] = field(default_factory=list)  # ids of the oldest that are due


def overview(session: Session, *, now: datetime) -> list[ClassView]:
    """Every class; what is due is what would be announced now."""
    return [
        ClassView(
            one,
            records.count_all(session, one.name),
            records.count_due(session, one, now),
            list(session.exec(records.due(one, now).limit(EXAMPLES))),
        )
        for one in records.classes(session)
    ]


def waiting(session: Session) -> RetentionRun | None:
    """The announced deletion, if there is one."""
    announced = select(RetentionRun).where(col(RetentionRun.state) == RunState.ANNOUNCED)
    return session.exec(announced.with_for_update()).first()


def begun(run: RetentionRun) -> bool:
    """True where an announced deletion is not waiting for a night: a person let it run, or records are gone already."""
    return bool(run.deleted) or run.due_at == run.as_of


def runs(session: Session, *, limit: int = 20) -> list[RetentionRun]:
    """The latest runs, newest first."""
    return list(session.exec(select(RetentionRun).order_by(col(RetentionRun.id).desc()).limit(limit)))


def announce(session: Session, *, actor: str, now: datetime) -> RetentionRun:
    """Tell what will be deleted after NOTICE. Raises Conflict where one is waiting, or nothing is due."""
    if waiting(session) is not None:
        raise Conflict("已有一次预告的删除，请等它执行或先取消。")
    planned = {one.name: found for one in records.classes(session) if (found := records.count_due(session, one, now))}
    if not planned:
        raise Conflict("现在没有到期的档案，没有什么要删除。")
    run = RetentionRun(as_of=now, due_at=now + NOTICE, announced_by=actor, planned=planned)
    session.add(run)
    session.flush()
    _audit(session, run, actor, "retention.announce", at=now)
    return run


def cancel(session: Session, *, actor: User, run_id: int, now: datetime) -> RetentionRun:
    """Call an announced deletion off; the next night announces anew. Raises NotFound, Conflict once it has begun."""
    run = _announced(session, run_id)
    if run.deleted:
        raise Conflict("已经开始删除，不能取消。")
    run.state, run.ended_at = RunState.CANCELLED, now
    session.add(run)
    _audit(session, run, f"user:{actor.login}", "retention.cancel", at=now)
    return run


def hurry(session: Session, *, actor: User, run_id: int, now: datetime, queue: JobQueue) -> RetentionRun:
    """Let an announced deletion run now. Raises NotFound, Conflict."""
    run = _announced(session, run_id)
    run.due_at = run.as_of  # no notice any more
    session.add(run)
    _audit(session, run, f"user:{actor.login}", "retention.hurry", at=now)
    queue.defer(session, RUN, key=str(run.id), run_id=run.id)
    return run


def execute(jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Delete what the runs of the jobs announced, and is due still; in short transactions, so it may be interrupted."""
    for job in jobs:
        _execute(store, int(job["run_id"]), clock=clock)


def nightly(_jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Run what has waited long enough, and announce what has become due."""
    now = clock.now()
    with store.read() as session:
        ready = session.exec(
            select(RetentionRun.id).where(
                col(RetentionRun.state) == RunState.ANNOUNCED, col(RetentionRun.due_at) <= now
            )
        ).all()
    for run_id in ready:
        _execute(store, run_id or 0, clock=clock)
    with store.write() as session:
        try:
            announce(session, actor=SYSTEM, now=now)
        except Conflict as nothing:
            log.info("no deletion announced", reason=nothing.code)


def _execute(store: Store, run_id: int, *, clock: Clock) -> None:
    """Class by class. Customers come first: one who is left without records by this run was not announced."""
    with store.read() as session:
        run = session.get(RetentionRun, run_id)
        kinds = {one.name: one for one in records.classes(session)}
    if run is None or run.state is not RunState.ANNOUNCED:
        return
    order = sorted(run.planned, key=lambda name: name != "customer")
    begun = [place for place, name in enumerate(order) if name in run.deleted]
    for name in order[max(begun, default=0) :]:  # an interrupted run goes on with the class it was at
        while _delete_page(store, run_id, kinds[name], now=clock.now()):
            pass
    with store.write() as session:
        run = _announced(session, run_id)
        run.state, run.ended_at = RunState.DONE, clock.now()
        session.add(run)
        _audit(session, run, SYSTEM, "retention.run", at=clock.now())


def _delete_page(store: Store, run_id: int, one: RecordClass, *, now: datetime) -> bool:
    """False when nothing of the class is left to delete, or the run was cancelled."""
    with store.write() as session:
        run = session.get(RetentionRun, run_id, with_for_update=True)
        if run is None or run.state is not RunState.ANNOUNCED:
            return False
        page = list(session.exec(records.due(one, run.as_of).limit(PAGE)))
        run.deleted = run.deleted | {
            one.name: run.deleted.get(one.name, 0) + records.remove(session, one.name, page, now=now)
        }
        session.add(run)
        return bool(page)


def _announced(session: Session, run_id: int) -> RetentionRun:
    run = session.get(RetentionRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound("没有这次删除预告。")
    if run.state is not RunState.ANNOUNCED:
        raise Conflict(f"这次删除{run.state.chinese}，不能再改。")
    return run


def _audit(session: Session, run: RetentionRun, actor: str, action: str, *, at: datetime) -> None:
    counts = run.deleted if run.state is RunState.DONE else run.planned
    detail = {"counts": counts, "as_of": run.as_of.isoformat()}
    record(session, at=at, actor=actor, action=action, subject=f"retention:{run.id}", detail=detail)
