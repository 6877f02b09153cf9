"""Tables of the embedded queue."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from app.store.base import choice


class JobState(StrEnum):
    """queued → running → done; a failing job is queued again and, after its last attempt, dead."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


# Literal, not a parameter: PostgreSQL finds the index of an upsert by it, even in a prepared statement.
WAITS = text("state = 'queued'")


class Job(SQLModel, table=True):
    """One piece of work. `args` hold ids only: they are shown and logged.

    A running job belongs to `owner` until `lease_until`; whoever finds the lease expired may take it over.
    """

    __tablename__ = "job"
    __table_args__ = (
        # one open job per (task, key); NULL keys never collide
        Index(
            "uq_job_open_key",
            "task",
            "key",
            unique=True,
            sqlite_where=WAITS,
            postgresql_where=WAITS,
        ),
        Index("ix_job_claim", "task", "state", "run_at"),
        Index("ix_job_running_key", "task", "key", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    task: str
    key: str | None = None
    args: dict[str, Any] = Field(sa_type=JSON)
    state: JobState = Field(default=JobState.QUEUED, sa_type=choice(JobState))
    run_at: datetime
    attempts: int = 0
    lease_until: datetime | None = None
    owner: str | None = None
    error: str | None = Field(default=None, description="class and place of the last error, never its text")
    created_at: datetime
    finished_at: datetime | None = None


class WorkerBeat(SQLModel, table=True):
    """A worker at work; `seen_at` is renewed while it lives, the row goes when it stops cleanly."""

    __tablename__ = "worker_beat"

    owner: str = Field(primary_key=True)
    started_at: datetime
    seen_at: datetime
