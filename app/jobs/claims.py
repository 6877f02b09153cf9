"""The statements of the embedded queue: claim with a lease, settle, renew.

Each is one short transaction's work, the same on both databases. Only the owner of a running job can settle it:
a worker that slept through its lease changes nothing when it wakes.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, and_, case, exists, func, or_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, select, update

from app.jobs.models import WAITS, Job, JobState, WorkerBeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

MAX_ATTEMPTS = 5
BACKOFF_FIRST = timedelta(seconds=10)
BACKOFF_MOST = timedelta(hours=1)
KEEP_DONE = timedelta(days=7)  # finished jobs stay visible this long


def insert_once(session: Session, *, values: dict[str, Any]) -> None:
    """Insert a queued job; where one with the same task and key waits, keep that and take the earlier `run_at`.

    The conflicting row is updated, not just left: the row lock keeps a worker from claiming it before the caller's
    data is committed, which would lose the wake-up on PostgreSQL.
    """
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(Job).values(**values)
    earlier = case((col(Job.run_at) > statement.excluded.run_at, statement.excluded.run_at), else_=col(Job.run_at))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["task", "key"],
            index_where=WAITS,
            set_={"run_at": earlier},
        )
    )


def is_claimable(session: Session, *, task: str, now: datetime) -> bool:
    """True when `claim` would find something; a read, so that an idle worker never takes the write lock."""
    return session.exec(select(col(Job.id)).where(_claimable(task, now)).limit(1)).first() is not None


def claim(session: Session, *, task: str, limit: int, owner: str, now: datetime, lease: timedelta) -> list[Job]:
    """Take up to `limit` due jobs of a task, oldest first.

    A job whose lease expired may be what killed its worker: it is taken alone, and buried after its last attempt.
    """
    _bury_expired(session, task=task, now=now)
    expired = _take(session, where=_expired(task, now), limit=1, owner=owner, until=now + lease)
    return expired or _take(session, where=_due(task, now), limit=limit, owner=owner, until=now + lease)


def finish(session: Session, *, jobs: Sequence[Job], owner: str, now: datetime) -> int:
    """Mark done what the owner still holds; returns how many."""
    statement = (
        update(Job)
        .where(_held(jobs, owner))
        .values(state=JobState.DONE, finished_at=now, lease_until=None, owner=None, error=None)
    )
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def fail(session: Session, *, job: Job, owner: str, now: datetime, error: str) -> JobState | None:
    """Queue again after a growing pause, or bury after the last attempt; None where the owner lost the job.

    Where a newer job of the same key waits already, that one does the work and this one is done.
    """
    held = session.exec(select(Job).where(_held([job], owner)).with_for_update()).first()
    if held is None:
        return None
    held.owner = held.lease_until = None
    held.error = error
    if _has_successor(session, held):
        held.state, held.finished_at = JobState.DONE, now
    elif held.attempts >= MAX_ATTEMPTS:
        held.state, held.finished_at = JobState.DEAD, now
    else:
        held.state, held.run_at = JobState.QUEUED, now + backoff(held.attempts)
    session.add(held)
    return held.state


def revive(session: Session, *, job: Job) -> None:
    """Queue a dead job again, with all its attempts; a newer job of the same key takes its place."""
    job.state = JobState.DONE if _has_successor(session, job) else JobState.QUEUED
    job.attempts = 0
    session.add(job)


def backoff(attempts: int) -> timedelta:
    """The pause after the n-th failed attempt: doubling from 10 s to an hour, half to one and a half times of it."""
    return min(BACKOFF_FIRST * (1 << (attempts - 1)), BACKOFF_MOST) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def renew(session: Session, *, owner: str, started_at: datetime, now: datetime, lease: timedelta) -> None:
    """Say that the owner lives: prolong its leases and its beat."""
    running = and_(col(Job.owner) == owner, col(Job.state) == JobState.RUNNING)
    session.execute(update(Job).where(running).values(lease_until=now + lease))
    beat = session.get(WorkerBeat, owner) or WorkerBeat(owner=owner, started_at=started_at, seen_at=now)
    beat.seen_at = now
    session.add(beat)


def tidy(session: Session, *, now: datetime) -> None:
    """Forget jobs done long ago and workers not seen for as long."""
    session.execute(delete(Job).where(col(Job.state) == JobState.DONE, col(Job.finished_at) < now - KEEP_DONE))
    session.execute(delete(WorkerBeat).where(col(WorkerBeat.seen_at) < now - KEEP_DONE))


def sign_off(session: Session, *, owner: str) -> None:
    """Remove the beat of a worker that stops cleanly."""
    session.execute(delete(WorkerBeat).where(col(WorkerBeat.owner) == owner))


def _due(task: str, now: datetime) -> ColumnElement[bool]:
    """Queued, its time come, and no job of the same key running: two runs on one thing never overlap."""
    other = aliased(Job)
    same_key_runs = exists().where(
        col(other.task) == col(Job.task), col(other.key) == col(Job.key), col(other.state) == JobState.RUNNING
    )
    return and_(col(Job.task) == task, col(Job.state) == JobState.QUEUED, col(Job.run_at) <= now, ~same_key_runs)


def _expired(task: str, now: datetime) -> ColumnElement[bool]:
    return and_(col(Job.task) == task, col(Job.state) == JobState.RUNNING, col(Job.lease_until) < now)


def _claimable(task: str, now: datetime) -> ColumnElement[bool]:
    return or_(_due(task, now), _expired(task, now))


def _held(jobs: Sequence[Job], owner: str) -> ColumnElement[bool]:
    ids = [job.id for job in jobs]
    return and_(col(Job.id).in_(ids), col(Job.owner) == owner, col(Job.state) == JobState.RUNNING)


def _take(session: Session, *, where: ColumnElement[bool], limit: int, owner: str, until: datetime) -> list[Job]:
    chosen = select(col(Job.id)).where(where).order_by(col(Job.run_at), col(Job.id)).limit(limit)
    statement = (
        update(Job)
        .where(col(Job.id).in_(chosen.with_for_update(skip_locked=True)))
        .values(state=JobState.RUNNING, owner=owner, lease_until=until, attempts=col(Job.attempts) + 1)
        .returning(Job)
        .execution_options(synchronize_session=False)
    )
    return sorted(session.execute(statement).scalars().all(), key=lambda job: (job.run_at, job.id))


def _bury_expired(session: Session, *, task: str, now: datetime) -> None:
    session.execute(
        update(Job)
        .where(_expired(task, now), col(Job.attempts) >= MAX_ATTEMPTS)
        .values(state=JobState.DEAD, finished_at=now, owner=None, lease_until=None, error="the worker died")
    )


def _has_successor(session: Session, job: Job) -> bool:
    if job.key is None:
        return False
    waiting = select(func.count()).where(
        col(Job.task) == job.task, col(Job.key) == job.key, col(Job.state) == JobState.QUEUED, col(Job.id) != job.id
    )
    return bool(session.exec(waiting).one())
