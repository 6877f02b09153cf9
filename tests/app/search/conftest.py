"""Feedback that went the whole way: delivered, masked, analysed, and so found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.channels.base import InteractionIn
from app.feedback.ingest import apply_interaction
from app.feedback.models import Source
from app.feedback.query import FeedbackFilter, search
from app.jobs.queue import EmbeddedQueue
from app.search.question import understand
from app.search.service import relevance, saying
from app.store.engine import Store
from tests.app.feedback.conftest import encoder, pipeline, queue, source, work
from tests.conftest import SetClock

__all__ = ["encoder", "pipeline", "queue", "source", "work"]


@dataclass
class Desk:
    """Tells feedback and asks for it."""

    store: Store
    source: Source
    queue: EmbeddedQueue
    clock: SetClock
    work: Callable[[], int]

    def tell(
        self, external_id: str, *said: str, subject: str | None = None, agent: str = "", revision: int = 0
    ) -> None:
        """The customer's words, and the agent's answer after them."""
        messages = [{"external_id": str(n), "role": "customer", "text": text} for n, text in enumerate(said)]
        if agent:
            messages.append({"external_id": "a", "role": "agent", "text": agent})
        value = InteractionIn.model_validate(
            {
                "external_id": external_id,
                "channel": "chat",
                "occurred_at": self.clock.now().isoformat(),
                "subject": subject,
                "messages": messages,
                "revision": revision,
            }
        )
        with self.store.write() as session:
            apply_interaction(session, source=self.source, value=value, now=self.clock.now(), queue=self.queue)

    def ask(self, typed: str, *, best: bool = False) -> list[str]:
        """External ids of what is found, in the order of the list."""
        question = understand(typed)
        with self.store.read() as session:
            rows, total = search(
                session,
                filter=FeedbackFilter(saying=saying(question) if question else None),
                best=relevance(question) if best else None,
            )
        assert total == len(rows)
        return [row.interaction.external_id for row in rows]


@pytest.fixture
def desk(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]) -> Desk:
    return Desk(store, source, queue, clock, work)
