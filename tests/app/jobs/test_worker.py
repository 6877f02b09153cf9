"""Real worker processes, killed and stopped: nothing is lost, nothing is left half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from app.clock import SystemClock
from app.jobs.models import Job, JobState, WorkerBeat
from app.jobs.queue import EmbeddedQueue, Task
from app.store.engine import Store

# A worker whose task notes each id in a file, slowly, so that it can be caught in the middle of a batch.
SCRIPT = """
    import pathlib, sys, time
    from app.clock import SystemClock
    from app.jobs import worker
    from app.jobs.queue import EmbeddedQueue, Task
    from app.store.engine import Store
    from app.store.sealing import KeyRing

    url, notes, attached = sys.argv[1:]

    def note(jobs):
        for job in jobs:
            time.sleep(0.05)
            with pathlib.Path(notes).open("a") as file:
                file.write(f"{job['id']}\\n")

    store = Store(url, KeyRing({"test": bytes(32)}, "test"))
    worker.run(EmbeddedQueue(store, SystemClock()), {"t": Task(note, batch=10)}, attached=attached == "attached")
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.touch()
    return path


@pytest.fixture
def start(database_url: str, notes: Path) -> Iterator[Start]:
    """Starts a worker process; whatever still runs afterwards is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def started(attached: str = "alone") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", textwrap.dedent(SCRIPT), database_url, str(notes), attached]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment))
        return running[-1]

    yield started
    for process in running:
        process.kill()
        process.communicate()


def defer(store: Store, count: int) -> None:
    queue = EmbeddedQueue(store, SystemClock())
    with store.write() as session:
        for number in range(count):
            queue.defer(session, "t", key=str(number), id=number)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def noted(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text().split()]


def states(store: Store) -> set[JobState]:
    with store.read() as session:
        return {job.state for job in session.exec(select(Job))}


def test_what_a_killed_worker_held_is_done_by_the_next(store: Store, start: Start, notes: Path) -> None:
    defer(store, 40)
    first = start()
    wait_for(lambda: len(noted(notes)) >= 13)  # in the middle of its second batch
    first.send_signal(signal.SIGKILL)
    first.wait()
    with store.write() as session:  # as if its minute of lease had passed
        session.exec(update(Job).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    start()
    wait_for(lambda: states(store) == {JobState.DONE})
    assert set(noted(notes)) == set(range(40))
    assert len(noted(notes)) <= 50  # only the broken batch was begun again


def test_sigterm_finishes_the_batch_in_hand(store: Store, start: Start, notes: Path) -> None:
    defer(store, 40)
    process = start()
    wait_for(lambda: len(noted(notes)) >= 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    done = noted(notes)
    assert len(done) % 10 == 0
    with store.read() as session:
        finished = session.exec(select(Job).where(Job.state == JobState.DONE)).all()
        assert sorted(job.args["id"] for job in finished) == sorted(done)
        assert not session.exec(select(Job).where(Job.state == JobState.RUNNING)).all()
        assert session.exec(select(WorkerBeat)).all() == []


def beats(store: Store) -> int:
    with store.read() as session:
        return len(session.exec(select(WorkerBeat)).all())


def test_an_attached_worker_goes_with_its_parent(store: Store, start: Start) -> None:
    process = start("attached")
    wait_for(lambda: beats(store) == 1)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
    assert beats(store) == 0


def test_an_attached_worker_ends_well_when_its_parent_asks_it_to(store: Store, start: Start) -> None:
    process = start("attached")
    wait_for(lambda: beats(store) == 1)
    process.send_signal(signal.SIGTERM)  # the parent waits for it, so that standard input is open still
    assert process.wait(60) == 0
    assert beats(store) == 0


def test_a_long_batch_keeps_its_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.queue.LEASE", timedelta(seconds=3))
    defer(store, 1)
    runs = []

    def slow(_: object) -> None:
        time.sleep(7)
        other = EmbeddedQueue(store, SystemClock())
        other.work({"t": Task(lambda jobs: runs.append(len(jobs)))}, until_empty=True)
        runs.append(0)

    assert EmbeddedQueue(store, SystemClock()).work({"t": Task(slow)}, until_empty=True) == 1
    assert runs == [0]
