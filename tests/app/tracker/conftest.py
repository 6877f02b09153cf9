"""A small bank: its people, one source, and ways to add what the tracker reads from other domains."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.channels.kinds import ChannelKind, ScoreKind
from app.clock import day_start
from app.customers import consents
from app.customers.models import Customer, Purpose
from app.feedback.models import Interaction, Score, Source
from app.people.models import Role, User
from app.store.sealing import seal
from app.topics.models import Topic, TopicAssignment, TopicVersion
from app.tracker.actions import add_action, move_action
from app.tracker.service import create_issue, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from app.store.engine import Store
    from app.tracker.models import Action, Issue

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 10, 20)
START = date(2026, 9, 1)


@dataclass
class Bank:
    """Adds rows with the fewest words; `users` holds one user of each role, `other` a second action owner."""

    users: dict[Role, User]
    other: User
    source_id: int
    version_id: int
    numbers: count[int] = field(default_factory=count)

    @property
    def boss(self) -> User:
        return self.users[Role.SUPERVISOR]

    def customer(self, session: Session, *, consent: bool = True) -> Customer:
        customer = Customer(ref=f"C{next(self.numbers):04}", named_at=NOW)
        session.add(customer)
        session.flush()
        assert customer.id is not None
        consents.tell(
            session, customer_id=customer.id, purpose=Purpose.SURVEY, given=consent, told_by=consents.FILE, now=NOW
        )
        return customer

    def topic(self, session: Session, name: str = "短信费") -> int:
        topic = Topic(name=name, proposed_name=name, born_version_id=self.version_id)
        session.add(topic)
        session.flush()
        assert topic.id is not None
        return topic.id

    def feedback(
        self, session: Session, *, on: date, customer: Customer | None = None, topic_id: int | None = None
    ) -> int:
        """One interaction at noon of a day; its id."""
        at = day_start(on) + timedelta(hours=12)
        row = Interaction(
            source_id=self.source_id,
            external_id=f"X{next(self.numbers)}",
            channel=ChannelKind.CHAT,
            customer_id=customer.id if customer else None,
            occurred_at=at,
            received_at=at,
            content_hash="0" * 64,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        if topic_id is not None:
            session.add(
                TopicAssignment(interaction_id=row.id, topic_id=topic_id, score=0.9, version_id=self.version_id)
            )
            session.flush()
        return row.id

    def csat(self, session: Session, customer: Customer, value: float, *, on: date, scale_max: float = 5) -> None:
        """A score at noon of a day."""
        at = day_start(on) + timedelta(hours=12)
        session.add(
            Score(
                customer_id=customer.id,
                kind=ScoreKind.CSAT,
                value=value,
                scale_min=1,
                scale_max=scale_max,
                answered_at=at,
            )
        )
        session.flush()

    def issue(self, session: Session, *, topic_ids: Sequence[int] = ()) -> Issue:
        title = "短信费扣费说不清"
        return create_issue(session, actor=self.boss, title=title, due_on=TODAY, topic_ids=topic_ids, now=NOW)

    def action(self, session: Session, issue: Issue, *, owner: User | None = None) -> Action:
        return add_action(
            session,
            actor=self.boss,
            issue_id=issue.id,
            title="扣费前三天提示",
            due_on=TODAY,
            owner_id=owner.id if owner else None,
            now=NOW,
        )

    def started(self, session: Session, issue: Issue, *, on: date = START) -> Action:
        action = self.action(session, issue)
        return move_action(
            session, actor=self.boss, action_id=action.id, verb="start", version=1, now=NOW, started_on=on
        )

    def affected(self, session: Session, issue: Issue, scores: Sequence[int | None]) -> list[Customer]:
        """Customers whose feedback is linked to the issue, each with a score from before the start, or none."""
        customers = [self.customer(session) for _ in scores]
        for customer, score in zip(customers, scores, strict=True):
            feedback = self.feedback(session, on=date(2026, 8, 20), customer=customer)
            link(session, actor=self.boss, issue_id=issue.id, interaction_ids=[feedback], now=NOW)
            if score is not None:
                self.csat(session, customer, score, on=date(2026, 8, 20))
        return customers


@pytest.fixture
def bank(store: Store) -> Bank:
    return open_bank(store)


def _user(login: str, role: Role) -> User:
    """Without a password, since nobody logs in here."""
    return User(login=login, name=role.chinese, role=role, password_hash="-", created_at=NOW)


def open_bank(store: Store) -> Bank:
    with store.write() as session:
        users = {role: _user(role.value, role) for role in Role}
        other = _user("other", Role.ACTION_OWNER)
        source = Source(
            name="desk",
            title="在线客服",
            channel=ChannelKind.CHAT,
            format="standard",
            digest_key=seal(session, bytes(32), context="source.digest_key"),
            created_at=NOW,
        )
        version = TopicVersion(created_at=NOW, seed=0, texts=0, covered=0, pipeline_version="test", model=b"")
        session.add_all([*users.values(), other, source, version])
        session.flush()
        assert source.id is not None
        assert version.id is not None
        return Bank(users, other, source.id, version.id)
