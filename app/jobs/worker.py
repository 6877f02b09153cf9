"""The worker process: runs the queue until it is told to stop, and finishes the batch in hand then."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from app.jobs.queue import EmbeddedQueue, Task

RETRY_S = 5.0  # pause before trying a database again that did not answer

log = structlog.get_logger(__name__)


def run(queue: EmbeddedQueue, tasks: Mapping[str, Task], *, attached: bool = False) -> int:
    """Work until SIGTERM or SIGINT; returns how many jobs were done.

    `attached`: also stop when standard input ends, which is how a worker notices that the process which started it
    is gone, however that one died.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: queue.stop())
    if attached:
        threading.Thread(target=_stop_with_parent, args=(queue,), name="parent", daemon=True).start()
    log.info("worker started")
    done = 0
    while not queue.stopped:
        try:
            done += queue.work(tasks)
        except DBAPIError as error:  # the database went away: what was in hand is taken up when its lease is over
            log.warning("database does not answer", error=type(error).__qualname__)
            time.sleep(RETRY_S)
    log.info("worker stopped", done=done)
    return done


def _stop_with_parent(queue: EmbeddedQueue) -> None:
    # not through sys.stdin's buffer: while a thread reads there, the interpreter cannot end but fatally
    while os.read(sys.stdin.fileno(), 4096):
        pass
    queue.stop()
