"""serve, worker and migrate: the processes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn

from app.commands.common import ready_runtime, say
from app.jobs import worker as worker_process
from app.main import create_app
from app.runtime import Runtime
from app.settings import Settings

LOOK_S = 0.5  # how often the worker is looked after
RESTART_S = 2.0  # pause before a worker that died is started again
STOP_S = 60.0  # how long a worker may take over its last batch

log = structlog.get_logger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址；不给就用 HUISHENG_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="端口；不给就用 HUISHENG_PORT", min=1, max=65535)] = None,
) -> None:
    """Migrate, start a worker, and serve until SIGINT or SIGTERM."""
    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = Settings().model_copy(update=given)
    runtime = Runtime(settings)
    runtime.store.upgrade()
    say(f"控制台：http://{settings.host}:{settings.port}")
    run_service(runtime)


def worker(
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
) -> None:
    """Work off the queue until SIGINT or SIGTERM; `attached` is how `serve` starts its own worker."""
    runtime = ready_runtime()
    worker_process.run(runtime.queue, runtime.tasks, attached=attached)


def migrate() -> None:
    """Bring the store to this version's structure."""
    runtime = Runtime(Settings())
    runtime.store.upgrade()
    say(f"库已是最新结构（{runtime.store.revision()}）。")


def run_service(runtime: Runtime) -> None:
    """Serve in the foreground with a worker beside; returns after a clean stop of both."""
    settings = runtime.settings
    runtime.plant()
    threading.Thread(target=_warm, args=(runtime,), name="warm", daemon=True).start()
    _keep_words_out()
    # uvicorn raises the signal again when it has stopped; the default would end us before the worker is let go
    signal.signal(signal.SIGTERM, _leave)
    with _worker_beside(settings):
        app = create_app(settings, runtime=runtime)
        uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False)


def _warm(runtime: Runtime) -> None:
    with runtime.store.read() as session:
        runtime.neighbours.warm(session)


def _keep_words_out() -> None:
    """Let uvicorn log that a request failed, and no more.

    Starlette raises an exception again once it is answered. Its message may hold a customer's words; where it was
    raised is logged with the answer.
    """
    logging.getLogger("uvicorn.error").addFilter(_without_exception)


def _without_exception(record: logging.LogRecord) -> bool:
    record.exc_info = record.exc_text = None
    return True


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


@contextmanager
def _worker_beside(settings: Settings) -> Iterator[None]:
    """A worker process, started again whenever it dies, let finish its batch at the end."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HUISHENG_")}
    ending = threading.Event()
    keeper = threading.Thread(
        target=_keep_worker, args=(others | settings.environment(), ending), name="keeper", daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep_worker(environment: dict[str, str], ending: threading.Event) -> None:
    command = [sys.executable, "-m", "app", "worker", "--attached"]
    while not ending.is_set():
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own command
            while process.poll() is None and not ending.wait(LOOK_S):
                pass
            if process.poll() is None:
                _stop(process)
            else:
                log.warning("worker ended", code=process.returncode)
        ending.wait(RESTART_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        log.warning("worker did not stop in time")
        process.kill()
