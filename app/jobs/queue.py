"""The queue as the rest of the program sees it, and the embedded one on the store's own job table.

Jobs run at least once: a worker that dies after its writes and before its mark leaves the job to the next one.
Tasks are therefore idempotent. Jobs live on machine time: leases and pauses mean nothing on a demo's shifted clock.
"""

from __future__ import annotations

import os
import platform
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select

from app.errors import Conflict, HuishengError, NotFound
from app.jobs import claims
from app.jobs.beat import Beat
from app.jobs.models import Job, JobState

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.clock import Clock
    from app.store.engine import Store

log = structlog.get_logger(__name__)

ArgValue = str | int | None
JobArgs = Mapping[str, Any]  # ids only, as they were given to `defer`

LEASE = timedelta(seconds=60)  # renewed every quarter of it while a batch runs
POLL_S = 0.5  # an idle worker looks again after this
TIDY_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Task:
    """What to do with jobs of one name: `run` gets the args of up to `batch` jobs, with no transaction open."""

    run: Callable[[Sequence[JobArgs]], None]
    batch: int = 1


class JobQueue(Protocol):
    """Where jobs wait. A job is inserted in the caller's transaction: no data without its job, no job without data."""

    def defer(
        self, session: Session, task: str, *, key: str | None = None, run_at: datetime | None = None, **args: ArgValue
    ) -> None:
        """Queue a job; of jobs with the same task and key only one waits."""

    def work(self, tasks: Mapping[str, Task], *, until_empty: bool = False) -> int:
        """Run jobs until stopped, or until none is due; returns how many were done."""


class EmbeddedQueue:
    """The queue in the store's own database."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """`clock` times leases and pauses; see the module's note on machine time."""
        self._store = store
        self._clock = clock
        self._stop = threading.Event()
        self.owner = _owner()

    def defer(
        self, session: Session, task: str, *, key: str | None = None, run_at: datetime | None = None, **args: ArgValue
    ) -> None:
        """Queue a job in the caller's `write()` transaction; `run_at` (aware) defaults to now."""
        now = self._clock.now()
        values = {"task": task, "key": key, "args": args, "state": JobState.QUEUED, "attempts": 0}
        claims.insert_once(session, values=values | {"run_at": run_at or now, "created_at": now})

    def stop(self) -> None:
        """Let `work` return after the batch in hand; callable from a signal handler."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """True once `stop` was called."""
        return self._stop.is_set()

    def work(self, tasks: Mapping[str, Task], *, until_empty: bool = False) -> int:
        """Run due jobs, task by task in the dict's order, one batch each in turn.

        `until_empty` returns when nothing is due: jobs that pause after a failure, or wait for their `run_at`, stay.
        """
        done = 0
        self.owner = _owner()  # what an earlier start could not settle is to expire, not to be renewed
        with Beat(self._store, self._clock, self.owner, lease=LEASE):
            tidied = self._tidy()
            while not self._stop.is_set():
                batches = [self._work_batch(name, task) for name, task in tasks.items() if not self._stop.is_set()]
                done += sum(count or 0 for count in batches)
                if any(count is not None for count in batches):
                    continue
                if until_empty:
                    break
                if self._clock.now() - tidied > TIDY_EVERY:
                    tidied = self._tidy()
                self._stop.wait(POLL_S)
        return done

    def _work_batch(self, name: str, task: Task) -> int | None:
        """Claim and run one batch; returns how many jobs were done, None where nothing was due."""
        with self._store.read() as session:
            if not claims.is_claimable(session, task=name, now=self._clock.now()):
                return None
        with self._store.write() as session:
            jobs = claims.claim(
                session, task=name, limit=task.batch, owner=self.owner, now=self._clock.now(), lease=LEASE
            )
        if not jobs:
            return None
        try:
            task.run([job.args for job in jobs])
        except Exception as error:  # noqa: BLE001 - whatever a task raises must not stop the worker
            if len(jobs) == 1:
                return self._fail(jobs[0], error)
            return sum(self._run_alone(task, job) for job in jobs)
        return self._finish(jobs)

    def _run_alone(self, task: Task, job: Job) -> int:
        """Run one job of a batch that failed, so that only the culprit waits."""
        try:
            task.run([job.args])
        except Exception as error:  # noqa: BLE001 - as above
            return self._fail(job, error)
        return self._finish([job])

    def _finish(self, jobs: Sequence[Job]) -> int:
        with self._store.write() as session:
            return claims.finish(session, jobs=jobs, owner=self.owner, now=self._clock.now())

    def _fail(self, job: Job, error: Exception) -> int:
        reason = _reason(error)
        try:
            state = self._settle_failed(job, reason)
        except IntegrityError:  # a newer job of the same key was queued this instant; now it is seen
            state = self._settle_failed(job, reason)
        log.warning("job failed", task=job.task, job=job.id, attempts=job.attempts, state=state, error=reason)
        return 0

    def _settle_failed(self, job: Job, reason: str) -> JobState | None:
        with self._store.write() as session:
            return claims.fail(session, job=job, owner=self.owner, now=self._clock.now(), error=reason)

    def _tidy(self) -> datetime:
        now = self._clock.now()
        with self._store.write() as session:
            claims.tidy(session, now=now)
        return now


def _owner() -> str:
    return f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def open_count(session: Session, task: str | None = None) -> int:
    """Jobs that wait or run, of one task or of all."""
    counted = select(func.count()).where(col(Job.state).in_([JobState.QUEUED, JobState.RUNNING]))
    return session.exec(counted if task is None else counted.where(col(Job.task) == task)).one()


def dead_count(session: Session) -> int:
    """Jobs given up after their last attempt."""
    return session.exec(select(func.count()).where(col(Job.state) == JobState.DEAD)).one()


def dead_jobs(session: Session, *, limit: int | None = None) -> list[Job]:
    """Jobs given up after their last attempt, newest first."""
    dead = select(Job).where(col(Job.state) == JobState.DEAD).order_by(col(Job.id).desc()).limit(limit)
    return list(session.exec(dead))


def retry(session: Session, job_id: int) -> None:
    """Queue a dead job again. Raises NotFound, or Conflict where it is not dead."""
    job = session.exec(select(Job).where(col(Job.id) == job_id).with_for_update()).first()
    if job is None:
        raise NotFound(f"没有编号为 {job_id} 的任务。")
    if job.state is not JobState.DEAD:
        raise Conflict(f"任务 {job_id} 没有停下，不需要重试。")
    claims.revive(session, job=job)


def _reason(error: Exception) -> str:
    """Class and place of an error: its text may hold a customer's words."""
    name = type(error).__qualname__
    if isinstance(error, HuishengError):
        name += f"({error.code})"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{name} at {frames[-1].name}:{frames[-1].lineno}"
