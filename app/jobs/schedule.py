"""Recurring work: a task that is queued for the next day before it runs, so that a failure does not end the series.

Times of day are the bank's; the queue lives on machine time, so the clock here is the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING

from app.clock import day_start, local_day

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.clock import Clock
    from app.jobs.queue import JobArgs, JobQueue, Task
    from app.store.engine import Store


def plant(session: Session, *, queue: JobQueue, schedules: Mapping[str, timedelta], now: datetime) -> None:
    """See that every scheduled task waits for its next time; `schedules` is task to time after midnight."""
    for task, after_midnight in schedules.items():
        due = next_time(now, after_midnight)
        queue.defer(session, task, key=local_day(due).isoformat(), run_at=due)  # one waits for each day and no more


def next_time(now: datetime, after_midnight: timedelta) -> datetime:
    """The next instant at which the bank's clock shows that time of day."""
    today = day_start(local_day(now)) + after_midnight
    return today if now < today else today + timedelta(days=1)


def daily(task: Task, name: str, after_midnight: timedelta, *, store: Store, queue: JobQueue, clock: Clock) -> Task:
    """The task, which queues itself for the next day and then runs."""

    @wraps(getattr(task.run, "func", task.run))  # of a partial what it was made of, which says what it does
    def run(jobs: Sequence[JobArgs]) -> None:
        with store.write() as session:
            plant(session, queue=queue, schedules={name: after_midnight}, now=clock.now())
        task.run(jobs)

    return replace(task, run=run)
