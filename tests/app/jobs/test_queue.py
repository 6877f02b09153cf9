"""The queue's promises on both databases: one waiting job per key, every job done or visibly given up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from app.clock import Clock
from app.errors import Conflict, NotFound
from app.jobs import claims
from app.jobs.models import Job, JobState, WorkerBeat
from app.jobs.queue import LEASE, EmbeddedQueue, JobArgs, Task, dead_jobs, open_count, retry
from app.store.engine import Store


class MovableClock(Clock, Protocol):
    def advance(self, by: timedelta) -> object: ...


class Recorder:
    """A task that notes what it was given and fails where it is told to."""

    def __init__(self, *, fails_on: set[int] | None = None) -> None:
        self.batches: list[list[int]] = []
        self.fails_on = fails_on or set()

    def __call__(self, jobs: Sequence[JobArgs]) -> None:
        ids = [job["id"] for job in jobs]
        self.batches.append(ids)
        if self.fails_on & set(ids):
            raise ValueError("张三的电话是 13800000000")


@pytest.fixture
def queue(store: Store, clock: MovableClock) -> EmbeddedQueue:
    return EmbeddedQueue(store, clock)


def defer(store: Store, queue: EmbeddedQueue, *ids: int, task: str = "t") -> None:
    with store.write() as session:
        for number in ids:
            queue.defer(session, task, key=str(number), id=number)


def jobs(store: Store) -> list[Job]:
    with store.read() as session:
        return list(session.exec(select(Job).order_by(col(Job.id))))


def states(store: Store) -> list[str]:
    return [job.state.value for job in jobs(store)]


def test_jobs_are_done_in_order_and_in_batches(store: Store, queue: EmbeddedQueue) -> None:
    defer(store, queue, 1, 2, 3, 4, 5)
    task = Recorder()
    assert queue.work({"t": Task(task, batch=2)}, until_empty=True) == 5
    assert task.batches == [[1, 2], [3, 4], [5]]
    assert states(store) == ["done"] * 5
    assert queue.work({"t": Task(task)}, until_empty=True) == 0


def test_a_job_falls_with_the_data_it_belongs_to(store: Store, queue: EmbeddedQueue) -> None:
    def fail_after_defer() -> None:
        with store.write() as session:
            queue.defer(session, "t", key="1", id=1)
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_defer()
    assert jobs(store) == []


def test_one_waits_per_key_and_the_earlier_time_counts(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    later = clock.now() + timedelta(hours=1)
    with store.write() as session:
        queue.defer(session, "t", key="1", run_at=later, id=1)
        queue.defer(session, "other", key="1", id=1)
    defer(store, queue, 1, 1)
    with store.write() as session:
        queue.defer(session, "t", key="1", run_at=later, id=1)
    assert [(job.task, job.run_at) for job in jobs(store)] == [("t", clock.now()), ("other", clock.now())]


def test_jobs_without_a_key_are_all_kept(store: Store, queue: EmbeddedQueue) -> None:
    with store.write() as session:
        queue.defer(session, "t", id=1)
        queue.defer(session, "t", id=1)
    assert len(jobs(store)) == 2


def test_a_job_waits_for_its_time(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    with store.write() as session:
        queue.defer(session, "t", run_at=clock.now() + timedelta(minutes=5), id=1)
    task = Recorder()
    assert queue.work({"t": Task(task)}, until_empty=True) == 0
    clock.advance(timedelta(minutes=5))
    assert queue.work({"t": Task(task)}, until_empty=True) == 1


def test_a_key_queued_while_it_runs_runs_again_afterwards(store: Store, queue: EmbeddedQueue) -> None:
    runs: list[int] = []

    def task(batch: Sequence[JobArgs]) -> None:
        runs.append(len(batch))
        if len(runs) == 1:
            defer(store, queue, 1)
            other = EmbeddedQueue(store, queue._clock)
            assert other.work({"t": Task(Recorder(), batch=9)}, until_empty=True) == 0

    defer(store, queue, 1)
    assert queue.work({"t": Task(task, batch=9)}, until_empty=True) == 2
    assert runs == [1, 1]


def test_only_the_culprit_of_a_batch_waits(store: Store, queue: EmbeddedQueue) -> None:
    defer(store, queue, 1, 2, 3)
    task = Recorder(fails_on={2})
    assert queue.work({"t": Task(task, batch=3)}, until_empty=True) == 2
    assert task.batches == [[1, 2, 3], [1], [2], [3]]
    assert states(store) == ["done", "queued", "done"]


def test_pauses_grow_and_the_last_failure_is_visible(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    task = Recorder(fails_on={1})
    pauses = []
    while states(store) == ["queued"]:
        queue.work({"t": Task(task)}, until_empty=True)
        pauses.append((jobs(store)[0].run_at - clock.now()).total_seconds())
        clock.advance(timedelta(hours=2))
    assert len(task.batches) == claims.MAX_ATTEMPTS
    for number, pause in enumerate(pauses[:-1]):
        assert 10 * 2**number * 0.5 <= pause <= 10 * 2**number * 1.5
    with store.read() as session:
        (dead,) = dead_jobs(session)
        assert open_count(session) == 0
    assert dead.error is not None
    assert dead.error.startswith("ValueError at __call__:")
    assert "13800000000" not in dead.error


def test_a_dead_job_can_be_retried(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    for _ in range(claims.MAX_ATTEMPTS):
        queue.work({"t": Task(Recorder(fails_on={1}))}, until_empty=True)
        clock.advance(timedelta(hours=2))
    with store.write() as session:
        retry(session, 1)
    with store.write() as session, pytest.raises(Conflict):
        retry(session, 1)
    with store.write() as session, pytest.raises(NotFound):
        retry(session, 99)
    assert queue.work({"t": Task(Recorder())}, until_empty=True) == 1


def test_a_newer_job_of_the_key_takes_a_failed_ones_place(store: Store, queue: EmbeddedQueue) -> None:
    def fail_and_requeue(_: Sequence[JobArgs]) -> None:
        defer(store, queue, 1)
        raise ValueError

    defer(store, queue, 1)
    queue._work_batch("t", Task(fail_and_requeue))
    assert states(store) == ["done", "queued"]


def claim(store: Store, clock: MovableClock, *, owner: str, limit: int = 9) -> list[int]:
    with store.write() as session:
        taken = claims.claim(session, task="t", limit=limit, owner=owner, now=clock.now(), lease=LEASE)
    return [job.args["id"] for job in taken]


def test_an_expired_lease_is_taken_over_one_by_one(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1, 2)
    assert claim(store, clock, owner="dead") == [1, 2]
    assert claim(store, clock, owner="next") == []
    clock.advance(LEASE + timedelta(seconds=1))
    assert [claim(store, clock, owner="next") for _ in range(3)] == [[1], [2], []]


def test_a_job_that_kills_its_workers_is_buried(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    for number in range(claims.MAX_ATTEMPTS):
        assert claim(store, clock, owner=f"worker {number}") == [1]
        clock.advance(LEASE * 2)
    assert claim(store, clock, owner="last") == []
    assert [(job.state, job.error) for job in jobs(store)] == [(JobState.DEAD, "the worker died")]


def test_who_slept_through_the_lease_changes_nothing(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    claim(store, clock, owner="sleeper")
    slept = jobs(store)
    clock.advance(LEASE * 2)
    assert claim(store, clock, owner="next") == [1]
    with store.write() as session:
        assert claims.finish(session, jobs=slept, owner="sleeper", now=clock.now()) == 0
        assert claims.fail(session, job=slept[0], owner="sleeper", now=clock.now(), error="x") is None
    assert states(store) == ["running"]


def test_what_could_not_be_settled_is_taken_up_when_its_lease_is_over(
    store: Store, queue: EmbeddedQueue, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that goes on after its database was away does not renew what it no longer knows of."""
    defer(store, queue, 1)
    task = Recorder()

    def away(*_: object, **__: object) -> int:
        raise OperationalError("", {}, Exception())

    with monkeypatch.context() as patched:
        patched.setattr(claims, "finish", away)
        with pytest.raises(OperationalError):
            queue.work({"t": Task(task)}, until_empty=True)
    assert queue.work({"t": Task(task)}, until_empty=True) == 0
    clock.advance(LEASE * 2)
    assert queue.work({"t": Task(task)}, until_empty=True) == 1
    assert task.batches == [[1], [1]]


def test_a_renewed_lease_stays(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    claim(store, clock, owner="busy")
    for _ in range(3):
        clock.advance(LEASE / 2)
        with store.write() as session:
            claims.renew(session, owner="busy", started_at=clock.now(), now=clock.now(), lease=LEASE)
        assert claim(store, clock, owner="next") == []


def test_counts_by_task(store: Store, queue: EmbeddedQueue) -> None:
    defer(store, queue, 1, 2)
    defer(store, queue, 3, task="other")
    with store.read() as session:
        assert [open_count(session), open_count(session, "t"), open_count(session, "none")] == [3, 2, 0]


def test_done_jobs_are_forgotten_after_a_week(store: Store, queue: EmbeddedQueue, clock: MovableClock) -> None:
    defer(store, queue, 1)
    queue.work({"t": Task(Recorder())}, until_empty=True)
    clock.advance(claims.KEEP_DONE + timedelta(days=1))
    defer(store, queue, 2)
    queue.work({"t": Task(Recorder())}, until_empty=True)
    assert [job.args for job in jobs(store)] == [{"id": 2}]


def test_stop_finishes_the_batch_in_hand_and_signs_off(store: Store, queue: EmbeddedQueue) -> None:
    defer(store, queue, *range(6))
    seen: list[int] = []

    def task(batch: Sequence[JobArgs]) -> None:
        seen.extend(job["id"] for job in batch)
        with store.read() as session:
            assert len(session.exec(select(WorkerBeat)).all()) == 1
        queue.stop()

    assert queue.work({"t": Task(task, batch=2)}) == 2
    assert states(store) == ["done"] * 2 + ["queued"] * 4
    with store.read() as session:
        assert session.exec(select(WorkerBeat)).all() == []


def test_workers_share_the_jobs_without_doing_one_twice(store: Store, clock: MovableClock) -> None:
    queues = [EmbeddedQueue(store, clock) for _ in range(4)]
    defer(store, queues[0], *range(60))
    tasks = [Recorder() for _ in queues]
    threads = [
        threading.Thread(target=queue.work, args=({"t": Task(task, batch=4)},), kwargs={"until_empty": True})
        for queue, task in zip(queues, tasks, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for task in tasks for batch in task.batches for number in batch) == list(range(60))
    assert states(store) == ["done"] * 60
