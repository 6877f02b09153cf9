"""Nothing acknowledged is lost and nothing is doubled, whenever the processes are killed."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.e2e.serving import Sender, Service, interaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIVERIES = 120  # in every run; 2,000 in tests/bench
SENDERS = 4
PATIENCE_S = 600

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.kill()


def counts(service: Service) -> dict[str, int]:
    """Rows of the tables that a delivery may touch."""
    with sqlite3.connect(service.home / "huisheng.sqlite") as store:
        tables = ("delivery", "interaction", "message", "job", "analysis")
        return {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608 - names above


def send_all(sender: Sender, numbers: list[int], stop: threading.Event | None = None) -> set[int]:
    """Send each number twice from several threads; the numbers of which an attempt was acknowledged."""
    acknowledged: set[int] = set()

    def send(number: int) -> None:
        with httpx2.Client(timeout=30) as client:
            for _ in range(2):
                if stop is not None and stop.is_set():
                    return
                try:
                    status = sender.deliver(client, f"msg-{number}", interaction(number))
                except httpx2.TransportError:
                    continue
                assert status == 202
                acknowledged.add(number)

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, numbers))
    return acknowledged


def kill_midway(service: Service, total: int) -> None:
    """The whole story for `total` deliveries; asserts that each is there once and analysed."""
    sender = Sender(service.url, service.add_source())
    service.start()
    numbers = list(range(total))
    first, stop = numbers[: total * 2 // 3], threading.Event()
    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(send_all, sender, first, stop)
        while counts(service)["delivery"] < total // 3:
            assert not sending.done(), "all was sent before the kill"
        service.kill()
        stop.set()
        acknowledged = sending.result()
    assert total // 3 <= len(acknowledged) + SENDERS
    assert len(acknowledged) < total
    service.start()
    assert send_all(sender, [number for number in numbers if number not in acknowledged])
    service.wait_for("/readyz", PATIENCE_S)
    with sqlite3.connect(service.home / "huisheng.sqlite") as store:
        kept = {row[0] for row in store.execute("SELECT external_id FROM interaction WHERE state = 'analysed'")}
        dead = store.execute("SELECT count(*) FROM job WHERE state = 'dead'").fetchone()[0]
    assert kept == {f"chat-{number}" for number in numbers}
    assert counts(service)["interaction"] == total
    assert dead == 0
    assert "完好" in service.command("audit", "verify")


def test_every_delivery_is_there_once_and_analysed_after_kill_9(service: Service) -> None:
    kill_midway(service, DELIVERIES)


def test_bad_input_is_refused_by_the_running_service_and_changes_nothing(service: Service) -> None:
    secret = service.add_source()
    service.start()
    before = counts(service)
    other = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    long = interaction(1, messages=[{"external_id": "1", "role": "customer", "text": "长" * 400_000}])
    with httpx2.Client(timeout=30) as client:
        assert Sender(service.url, other).deliver(client, "a", interaction(1)) == 401
        assert Sender(service.url, secret).deliver(client, "b", long) == 413
        unknown = client.post(f"{service.url}/v1/sources/nobody/deliveries", content=interaction(1))
        assert unknown.status_code == 404
        assert counts(service) == before
        assert Sender(service.url, secret).deliver(client, "c", interaction(1, channel="fax")) == 400
    assert counts(service) == before | {"delivery": 1}  # a line in the ledger, without the body
    with sqlite3.connect(service.home / "huisheng.sqlite") as store:
        line = store.execute("SELECT state, body, error_field FROM delivery").fetchone()
    assert line == ("rejected", None, "channel")


def test_a_failure_is_logged_without_the_words_of_its_exception(service: Service) -> None:
    service.command("migrate")
    words = "call-13800138000"  # a database's own message, as PostgreSQL's DETAIL repeats a row
    with sqlite3.connect(service.home / "huisheng.sqlite") as store:
        refused = f"SELECT RAISE(ABORT, '{words}')"
        store.execute(f"CREATE TRIGGER refusing BEFORE UPDATE ON login_throttle BEGIN {refused}; END")
    service.start()
    form = {"login": "lin", "password": "wrong"}
    answer = httpx2.post(f"{service.url}/login", data=form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
    assert answer.status_code == 500
    assert words not in answer.text
    service.wait_for("/healthz", 10)  # by then the server has logged what it raised after its answer
    log = (service.home / "serve.log").read_text(encoding="utf-8")
    assert '"event": "request failed"' in log
    assert "Exception in ASGI application" in log
    assert words not in log
