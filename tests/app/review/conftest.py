"""A desk of readers: texts that the model has read with a given certainty, and the people who review them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.channels.kinds import Role as Speaker
from app.feedback import corrections
from app.feedback.models import Analysis, AnalysisRisk, Interaction, InteractionState, Message
from app.people.models import Role, User
from app.review import queue, service
from app.review.models import ReviewAnswer
from app.store.sealing import seal
from app.topics.models import TopicAssignment
from tests.app.tracker.conftest import TODAY, Bank, open_bank

if TYPE_CHECKING:
    from app.review.queue import Waiting
    from app.store.engine import Store
    from tests.conftest import SetClock

NAMES = {"intent": "complaint", "touchpoint": "branch", "business": "savings", "cause": "service", "sentiment": "-1"}


@dataclass
class Readers:
    """What the tests do: a text comes in, a reader sees his queue, answers, passes over or takes back."""

    store: Store
    bank: Bank
    clock: SetClock
    numbers: count[int]

    @property
    def first(self) -> User:
        return self.bank.users[Role.SUPERVISOR]

    @property
    def second(self) -> User:
        return self.bank.users[Role.ANALYST]

    @property
    def third(self) -> User:
        return self.bank.users[Role.COMPLAINT_OFFICER]

    def text(
        self,
        *,
        unsure: tuple[str, ...] = (),
        sure: float = 0.9,
        risks: dict[str, float] | None = None,
        topic: int | None = None,
        unassigned: bool = False,
        version: str = "test-1",
        **names: str,
    ) -> int:
        """A feedback that the model has read, later than the ones before; in the heads `unsure` it abstained."""
        with self.store.write() as session:
            number = self.bank.feedback(session, on=TODAY - timedelta(days=1))
            interaction = session.get_one(Interaction, number)
            interaction.content_hash = f"{number:064}"
            interaction.occurred_at += timedelta(seconds=next(self.numbers))
            original = seal(session, "排队太久".encode(), context="message.original")
            session.add(
                Message(
                    interaction_id=number,
                    seq=0,
                    external_id="1",
                    role=Speaker.CUSTOMER,
                    original=original,
                    masked_text="排队太久",
                )
            )
            if topic is not None or unassigned:
                session.add(
                    TopicAssignment(interaction_id=number, topic_id=topic, score=0.5, version_id=self.bank.version_id)
                )
        self.analyse(number, unsure=unsure, sure=sure, risks=risks or {}, version=version, **names)
        return number

    def analyse(
        self,
        number: int,
        *,
        unsure: tuple[str, ...] = (),
        sure: float = 0.9,
        risks: dict[str, float],
        version: str,
        **names: str,
    ) -> None:
        """The model's reading of the words that are there."""
        said = NAMES | names
        labels: dict[str, object] = {
            head: {
                "name": name,
                "score": 0.4 if head in unsure else sure,
                "abstained": head in unsure,
                "evidence": [[0, 0, 2]] if head == "intent" else [],
            }
            for head, name in said.items()
        }
        labels["risk"] = [
            {"name": name, "score": score, "abstained": False, "evidence": []} for name, score in risks.items()
        ]
        with self.store.write() as session:
            interaction = session.get_one(Interaction, number)
            analysis = Analysis(
                interaction_id=number,
                content_hash=interaction.content_hash,
                pipeline_version=version,
                intent=said["intent"],
                touchpoint=said["touchpoint"],
                business=said["business"],
                cause=said["cause"],
                sentiment=int(said["sentiment"]),
                sentiment_score=-0.4,
                labels=labels,
                embedding=bytes(384 * 4),
                created_at=self.clock.now(),
            )
            session.add(analysis)
            session.flush()
            session.add_all(AnalysisRisk(analysis_id=analysis.id or 0, name=name) for name in risks)
            interaction.analysis_id, interaction.state = analysis.id, InteractionState.ANALYSED
            session.add(interaction)

    def queue(self, user: User | None = None) -> list[Waiting]:
        with self.store.read() as session:
            return queue.waiting(session, user_id=(user or self.first).id or 0, now=self.clock.now())

    def order(self, user: User | None = None) -> list[int]:
        return [one.interaction_id for one in self.queue(user)]

    def reasons(self, number: int, user: User | None = None) -> tuple[str, ...]:
        return next((one.reasons for one in self.queue(user) if one.interaction_id == number), ())

    def answer(self, number: int, user: User | None = None, **labels: str | list[str]) -> ReviewAnswer:
        """The model's labels as the form sends them, but for those given; "" leaves a head undecided."""
        with self.store.write() as session:
            interaction = session.get_one(Interaction, number)
            analysis = session.get_one(Analysis, interaction.analysis_id)
            told: dict[str, str | list[str]] = {
                head: names if head == "risk" else names[0] for head, names in corrections.said(analysis).items()
            }
            told = {head: value for head, value in (told | labels).items() if value != ""}
            return service.answer(
                session,
                actor=user or self.first,
                interaction_id=number,
                analysis_id=analysis.id or 0,
                after=corrections.newest(session, analysis),
                labels=told,
                now=self.clock.now(),
            )

    def skip(self, number: int, user: User | None = None) -> None:
        with self.store.write() as session:
            service.skip(session, actor=user or self.first, interaction_id=number, now=self.clock.now())

    def undo(self, number: int, user: User | None = None) -> None:
        with self.store.write() as session:
            service.undo(session, actor=user or self.first, interaction_id=number, now=self.clock.now())

    def counts(self, number: int) -> tuple[str, str, list[str]]:
        """Intent and cause as lists and filters see them, and the heads in which a person's word counts."""
        with self.store.read() as session:
            interaction = session.get_one(Interaction, number)
            analysis = session.get_one(Analysis, interaction.analysis_id)
            return analysis.intent, analysis.cause, analysis.corrected

    def lunch(self) -> datetime:
        """Long enough that nobody counts as at work."""
        return self.clock.advance(timedelta(hours=1))


@pytest.fixture
def bank(store: Store) -> Bank:
    return open_bank(store)


@pytest.fixture
def readers(store: Store, bank: Bank, clock: SetClock) -> Readers:
    return Readers(store, bank, clock, count())
