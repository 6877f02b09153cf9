"""Jobs of the search: take in what the index lacks, and let it forget for good what was deleted."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import text

from app.jobs.queue import JobArgs, JobQueue
from app.search import service
from app.store.engine import Store

CATCH_UP = "search.catch_up"
AT = timedelta(hours=3)  # after the deletions of the night
PIECE = 2_000  # feedback between which other work has its turn

log = structlog.get_logger(__name__)


def catch_up(_: Sequence[JobArgs], *, store: Store, queue: JobQueue) -> None:
    """Index feedback that the search does not know yet, and wipe deleted words out of the index."""
    done = service.catch_up(store, most=PIECE)
    if done:
        log.info("search caught up", count=done)
    if done == PIECE:
        with store.write() as session:
            queue.defer(session, CATCH_UP, key="more")
        return
    wipe(store)


def wipe(store: Store) -> None:
    """On SQLite a deleted word is only marked as deleted in the index until its parts are merged into one."""
    if store.is_sqlite:
        with store.write() as session:
            session.execute(text("INSERT INTO search_index (search_index) VALUES ('optimize')"))
