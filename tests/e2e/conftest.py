"""The demo, started once for all tests that look at it, and a browser."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
PATIENCE_S = 1200  # the first start reads every sample with the model
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"wide": 1280, "narrow": 390}
expect.set_options(timeout=30_000)  # ms; other tests run beside these


@dataclass(frozen=True, slots=True)
class Site:
    """The running demo, with the login it printed."""

    url: str
    login: str
    password: str
    out: Path

    def command(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """A command on the demo's own store, with something to read on standard input."""
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=ROOT,
            env={**os.environ, "HUISHENG_HOME": str(self.out.parent / "demo")},
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`huisheng demo` on a store of its own, ready when nothing waits to be analysed."""
    folder = tmp_path_factory.mktemp("demo")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    out = folder / "out.txt"
    with out.open("wb") as told:
        command = [sys.executable, "-m", "app", "demo", "--port", str(port)]
        environment = {**os.environ, "HUISHENG_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url, out)
        printed = re.search(r"登录名：(\S+)\s+密码：(\S+?)（", out.read_text(encoding="utf-8"))
        assert printed is not None
        yield Site(url, printed[1], printed[2], out)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, out: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, out.read_text(encoding="utf-8")[-2000:]
        with suppress(httpx2.TransportError):
            answer = httpx2.get(f"{url}/readyz", timeout=5)
            if answer.status_code == 200:
                assert answer.json()["failed"] == 0
                return
        time.sleep(1)
    pytest.fail("the demo was not ready in time")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()
