"""The real service in a process group of its own, and a sender that never forgets what was not acknowledged."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from standardwebhooks import Webhook

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "middleware"
START_S = 60


@dataclass
class Service:
    """`huisheng serve` on a store of its own under `home`."""

    home: Path
    port: int = field(init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """Run a command on the same store and return what it printed; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=ROOT,
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def add_source(self) -> str:
        """A source; its signing secret."""
        told = self.command("source", "add", SOURCE, "--title", "行内中间件", "--channel", "chat")
        found = re.search(r"whsec_\S+", told)
        assert found is not None
        return found[0]

    def start(self) -> None:
        """Until /healthz answers."""
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port)]
        with (self.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for("/healthz", START_S)

    def wait_for(self, path: str, seconds: float) -> None:
        """Until `path` answers 200."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process is not None
            assert self.process.poll() is None, (self.home / "serve.log").read_text()[-2000:]
            with suppress(httpx2.TransportError):
                if httpx2.get(self.url + path, timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        raise TimeoutError(path)

    def kill(self) -> None:
        """End the server and its worker at once, with no chance to tidy up."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("HUISHENG_")}
        return others | {"HUISHENG_HOME": str(self.home), "HUISHENG_TORCH_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Signs as the published library does."""

    url: str
    secret: str

    def deliver(self, client: httpx2.Client, delivery_id: str, body: bytes) -> int:
        """The status of one attempt. Raises TransportError where nobody answers."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(delivery_id, now, body.decode()),
        }
        return client.post(f"{self.url}/v1/sources/{SOURCE}/deliveries", content=body, headers=headers).status_code


def interaction(number: int, **changed: object) -> bytes:
    """A delivery's body; the text differs with the number."""
    message = {"external_id": "1", "role": "customer", "text": f"第{number}次反映：信用卡年费没有告知就扣了"}
    value = {
        "external_id": f"chat-{number}",
        "channel": "chat",
        "occurred_at": "2026-10-31T09:00:00+08:00",
        "messages": [message],
    }
    return json.dumps(value | changed, ensure_ascii=False).encode()
