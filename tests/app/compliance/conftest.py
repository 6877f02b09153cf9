"""A desk: an auditor, a source whose feedback is really ingested and analysed, and issues that make files of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.feedback.ingest import Applied, apply_interaction
from app.feedback.models import Interaction
from app.people.models import Role, User
from app.tracker.service import create_issue, link
from tests.app.feedback import conftest as intake
from tests.app.feedback.test_ingest import talk
from tests.app.tracker.conftest import Bank, open_bank

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.channels.base import InteractionIn
    from app.feedback.models import Source
    from app.jobs.queue import EmbeddedQueue
    from app.store.engine import Store
    from tests.conftest import SetClock

encoder, pipeline, queue, source, work = (
    intake.encoder,
    intake.pipeline,
    intake.queue,
    intake.source,
    intake.work,
)


@dataclass
class Desk:
    """What the tests do: a customer says something, an issue is opened on it, time passes."""

    store: Store
    source: Source
    queue: EmbeddedQueue
    clock: SetClock
    work: Callable[[], int]
    bank: Bank
    numbers: count[int]

    @property
    def auditor(self) -> User:
        return self.bank.users[Role.AUDITOR]

    def now(self) -> datetime:
        return self.clock.now()

    def says(self, text: str, *, ref: str | None = "C-1", name: str = "", days_ago: int = 0, revision: int = 0) -> int:
        """One feedback of a customer, analysed; its id, 0 where nothing was taken."""
        external_id = name or f"t-{next(self.numbers)}"
        at = (self.clock.now() - timedelta(days=days_ago)).isoformat()
        value = talk(text, external_id=external_id, revision=revision, customer_ref=ref, occurred_at=at)
        applied = self.applies(value)
        self.work()
        if applied is Applied.ERASED:
            return 0
        with self.store.read() as session:
            return session.exec(select(Interaction).where(Interaction.external_id == external_id)).one().id or 0

    def applies(self, value: InteractionIn) -> Applied:
        with self.store.write() as session:
            return apply_interaction(session, source=self.source, value=value, now=self.now(), queue=self.queue)

    def customer(self, interaction_id: int) -> int:
        with self.store.read() as session:
            found = session.get_one(Interaction, interaction_id).customer_id
        assert found is not None
        return found

    def issue(self, *interaction_ids: int, closed_days_ago: int | None = None) -> int:
        """An issue with these as evidence; closed if said so."""
        with self.store.write() as session:
            issue = create_issue(
                session, actor=self.bank.boss, title="短信费", due_on=self.now().date(), now=self.now()
            )
            link(
                session, actor=self.bank.boss, issue_id=issue.id, interaction_ids=list(interaction_ids), now=self.now()
            )
            if closed_days_ago is not None:
                issue.closed_at = self.now() - timedelta(days=closed_days_ago)
                session.add(issue)
            return issue.id


@pytest.fixture
def bank(store: Store) -> Bank:
    return open_bank(store)


@pytest.fixture
def desk(
    store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int], bank: Bank
) -> Desk:
    return Desk(store, source, queue, clock, work, bank, count())


def stored(store: Store) -> set[int]:
    """Ids of the feedback that is there."""
    with store.read() as session:
        return {one.id or 0 for one in session.exec(select(Interaction))}
