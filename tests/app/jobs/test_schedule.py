"""Recurring work waits once, comes back the next day, and is not lost when it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from app.jobs.models import Job, JobState
from app.jobs.queue import EmbeddedQueue, Task
from app.jobs.schedule import daily, next_time, plant
from app.store.engine import Store
from tests.conftest import SetClock

TWO = timedelta(hours=2)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-10-20T01:59:59+08:00", "2026-10-20T02:00:00+08:00"),
        ("2026-10-20T02:00:00+08:00", "2026-10-21T02:00:00+08:00"),
        ("2026-12-31T23:00:00+08:00", "2027-01-01T02:00:00+08:00"),
    ],
)
def test_the_next_time_is_the_banks(now: str, then: str) -> None:
    assert next_time(datetime.fromisoformat(now), TWO) == datetime.fromisoformat(then).astimezone(UTC)


def test_a_daily_task_comes_back(store: Store, clock: SetClock) -> None:
    queue = EmbeddedQueue(store, clock)
    ran: list[datetime] = []
    task = daily(Task(lambda _: ran.append(clock.now())), "clean", TWO, store=store, queue=queue, clock=clock)
    for _ in range(3):  # every start of the service
        with store.write() as session:
            plant(session, queue=queue, schedules={"clean": TWO}, now=clock.now())
    for _ in range(6):
        queue.work({"clean": task}, until_empty=True)
        clock.advance(timedelta(hours=12))
    assert len(ran) == 2
    with store.read() as session:
        waiting = session.exec(select(Job).where(col(Job.state) == JobState.QUEUED)).all()
        assert [one.task for one in waiting] == ["clean"]


def test_a_task_that_fails_for_good_comes_back_the_next_day(store: Store, clock: SetClock) -> None:
    queue = EmbeddedQueue(store, clock)
    ran: list[datetime] = []

    def fail(_: object) -> None:
        ran.append(clock.now())
        raise RuntimeError("no")

    task = daily(Task(fail), "clean", TWO, store=store, queue=queue, clock=clock)
    with store.write() as session:
        plant(session, queue=queue, schedules={"clean": TWO}, now=clock.now())
    for _ in range(48):
        queue.work({"clean": task}, until_empty=True)
        clock.advance(timedelta(hours=2))
    assert len({one.date() for one in ran}) >= 3
    with store.read() as session:
        states = session.exec(select(Job.state)).all()
        assert states.count(JobState.DEAD) >= 2
        assert states.count(JobState.QUEUED) >= 1
