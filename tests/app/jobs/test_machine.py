"""Any order of deferring, claiming, failing, dying and waking leaves the queue in a state that makes sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, delete, select

from app.jobs import claims
from app.jobs.models import Job, JobState
from app.jobs.queue import LEASE, EmbeddedQueue
from app.store.engine import Store

KEYS = ("a", "b", "c")
OWNERS = ("w1", "w2")


class Now:
    """A clock the machine moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class QueueMachine(RuleBasedStateMachine):
    """Two workers on one queue; the model remembers, per key, whether news still waits to be looked at."""

    store: Store

    @initialize()
    def clean(self) -> None:
        with self.store.write() as session:
            session.exec(delete(Job))
        self.clock = Now()
        self.queue = EmbeddedQueue(self.store, self.clock)
        self.holds: dict[str, list[Job]] = {owner: [] for owner in OWNERS}
        self.unseen: set[str] = set()  # keys with news that no run has begun to look at since

    @rule(key=st.sampled_from(KEYS), minutes=st.sampled_from([0, 0, 5]))
    def defer(self, key: str, minutes: int) -> None:
        with self.store.write() as session:
            self.queue.defer(session, "t", key=key, run_at=self.clock.at + timedelta(minutes=minutes))
        self.unseen.add(key)

    @rule(owner=st.sampled_from(OWNERS), limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        """Whatever the owner held before is forgotten: it was killed and started again."""
        with self.store.write() as session:
            taken = claims.claim(session, task="t", limit=limit, owner=owner, now=self.clock.at, lease=LEASE)
        assert len({job.key for job in taken}) == len(taken) <= limit
        self.holds[owner] = taken
        self.unseen -= {str(job.key) for job in taken}

    @precondition(lambda self: any(self.holds.values()))
    @rule(owner=st.sampled_from(OWNERS))
    def finish(self, owner: str) -> None:
        with self.store.write() as session:
            claims.finish(session, jobs=self.holds[owner], owner=owner, now=self.clock.at)
        self.holds[owner] = []

    @precondition(lambda self: any(self.holds.values()))
    @rule(owner=st.sampled_from(OWNERS))
    def fail(self, owner: str) -> None:
        for job in self.holds[owner]:
            with self.store.write() as session:
                claims.fail(session, job=job, owner=owner, now=self.clock.at, error="x")
        self.holds[owner] = []

    @rule(seconds=st.sampled_from([1, 30, 61, 7200]))
    def wait(self, seconds: int) -> None:
        self.clock.at += timedelta(seconds=seconds)

    @invariant()
    def holds_together(self) -> None:
        jobs = self._jobs()
        waiting = [job.key for job in jobs if job.state == JobState.QUEUED]
        running = [job for job in jobs if job.state == JobState.RUNNING]
        assert len(set(waiting)) == len(waiting), "two jobs of one key wait"
        assert len({job.key for job in running}) == len(running), "one key runs twice"
        assert all(job.owner and job.lease_until for job in running)
        assert all(job.owner is None and job.lease_until is None for job in jobs if job not in running)
        assert all(job.attempts <= claims.MAX_ATTEMPTS for job in jobs)
        assert self.unseen <= set(waiting), "news that nobody will look at"

    def teardown(self) -> None:
        """However it went, the work ends: every job becomes done or dead."""
        if not hasattr(self, "clock"):
            return
        while any(job.state in {JobState.QUEUED, JobState.RUNNING} for job in self._jobs()):
            self.clock.at += timedelta(hours=2)
            with self.store.write() as session:
                taken = claims.claim(session, task="t", limit=9, owner="last", now=self.clock.at, lease=LEASE)
                claims.finish(session, jobs=taken, owner="last", now=self.clock.at)

    def _jobs(self) -> list[Job]:
        with self.store.read() as session:
            return list(session.exec(select(Job).order_by(col(Job.id))))


@pytest.mark.slow
def test_queue_machine(store: Store) -> None:
    machine = type("BoundMachine", (QueueMachine,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
