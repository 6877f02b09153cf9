"""A worker's heartbeat: a thread that prolongs its leases while a batch computes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.jobs import claims

if TYPE_CHECKING:
    from datetime import timedelta

    from app.clock import Clock
    from app.store.engine import Store

log = structlog.get_logger(__name__)


class Beat:
    """While open, renews the leases and the beat of `owner` four times per lease."""

    def __init__(self, store: Store, clock: Clock, owner: str, *, lease: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._started_at = clock.now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def __enter__(self) -> Self:
        self._renew()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        with self._store.write() as session:
            claims.sign_off(session, owner=self._owner)

    def _run(self) -> None:
        while not self._stop.wait(self._lease.total_seconds() / 4):
            try:
                self._renew()
            except SQLAlchemyError as error:  # a busy or absent database: the next beat tries again
                log.warning("heartbeat missed", error=type(error).__qualname__)

    def _renew(self) -> None:
        now = self._clock.now()
        with self._store.write() as session:
            claims.renew(session, owner=self._owner, started_at=self._started_at, now=now, lease=self._lease)
