"""The running service: deliveries acknowledged per second, start-up, memory, and the long kill test."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest

from tests.e2e.serving import Sender, Service, interaction
from tests.e2e.test_kill import kill_midway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIVERIES = 1000
SENDERS = 4
KILLED = 2000

pytestmark = pytest.mark.bench


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.kill()


def bare_commits(folder: Path, count: int) -> float:
    """Commits per second of a table with one blob, the least that durability costs here."""
    with sqlite3.connect(folder / "bare.sqlite", isolation_level=None) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE kept (body BLOB)")
        body, began = interaction(1), time.perf_counter()
        for _ in range(count):
            store.execute("BEGIN IMMEDIATE")
            store.execute("INSERT INTO kept VALUES (?)", (body,))
            store.execute("COMMIT")
        return count / (time.perf_counter() - began)


def test_deliveries_per_second(service: Service) -> None:
    sender = Sender(service.url, service.add_source())
    began = time.perf_counter()
    service.start()
    started = time.perf_counter() - began

    def send(first: int) -> None:
        with httpx2.Client(timeout=60) as client:
            for number in range(first, DELIVERIES, SENDERS):
                assert sender.deliver(client, f"msg-{number}", interaction(number)) == 202

    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, range(SENDERS)))
    rate = DELIVERIES / (time.perf_counter() - began)
    bare = bare_commits(service.home, DELIVERIES)
    service.wait_for("/readyz", 600)
    assert service.process is not None
    server = psutil.Process(service.process.pid)
    print(f"\nstarted in {started:.1f} s (process to /healthz)")
    print(f"{rate:.0f} deliveries/s acknowledged, {SENDERS} senders, worker busy; {rate / bare:.3f} of bare commits")
    for process in (server, *server.children(recursive=True)):
        role = "server" if process.pid == server.pid else "worker"
        print(f"{role}: {process.memory_info().rss / 2**20:.0f} MiB resident")


def test_kill_in_the_middle_of_many(service: Service) -> None:
    began = time.perf_counter()
    kill_midway(service, KILLED)
    print(
        f"\n{KILLED} deliveries, each sent twice, killed midway: all there once, in {time.perf_counter() - began:.0f} s"
    )
