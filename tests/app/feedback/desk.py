"""A desk where feedback is told, its masking reviewed, and read, with the jobs worked off."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from app.feedback import originals, remask, spread, tasks
from app.feedback.ingest import apply_interaction
from app.feedback.models import Interaction, MaskReview, Message, Source, Verdict
from app.jobs.queue import EmbeddedQueue, Task
from app.people.models import Role, User
from tests.app.feedback.test_ingest import talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store.engine import Store
    from nlp.pipeline import Pipeline
    from tests.app.feedback.conftest import Words
    from tests.conftest import SetClock


class Desk:
    """Of one supervisor."""

    def __init__(
        self, store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, analyse: Callable[[], int]
    ) -> None:
        self.store, self.source, self.queue, self.clock, self.analyse = store, source, queue, clock, analyse
        with store.write() as session:
            self.actor = User(
                login="wang", name="王敏", password_hash="-", role=Role.SUPERVISOR, created_at=clock.now()
            )
            session.add(self.actor)

    def tell(self, key: str, *texts: str, subject: str = "", revision: int = 0) -> int:
        """Its id, once it is analysed."""
        with self.store.write() as session:
            value = talk(*texts, external_id=key, revision=revision, subject=subject or None)
            apply_interaction(session, source=self.source, value=value, now=self.clock.now(), queue=self.queue)
        self.work()
        with self.store.read() as session:
            return session.exec(select(Interaction.id).where(Interaction.external_id == key)).one() or 0

    def work(self) -> None:
        self.analyse()
        self.spread()

    def spread(self) -> None:
        task = Task(partial(spread.run, store=self.store, clock=self.clock))
        self.queue.work({spread.SPREAD: task}, until_empty=True)

    def review(
        self,
        interaction_id: int,
        verdict: Verdict,
        piece: str,
        kind: str,
        *,
        everywhere: bool = True,
        work: bool = True,
    ) -> int:
        now = self.clock.advance(timedelta(minutes=1))
        with self.store.write() as session:
            originals.unmask(
                session, actor=self.actor, interaction_id=interaction_id, reason="masking", note="检查遮盖", now=now
            )
            made = remask.review(
                session,
                actor=self.actor,
                interaction_id=interaction_id,
                verdict=verdict,
                piece=piece,
                kind=kind,
                now=now,
                queue=self.queue,
                everywhere=everywhere,
            )
        if work:
            self.work()
        return made.id or 0

    def undo(self, interaction_id: int, review_id: int, *, work: bool = True) -> None:
        with self.store.write() as session:
            remask.undo(
                session,
                actor=self.actor,
                interaction_id=interaction_id,
                review_id=review_id,
                now=self.clock.now(),
                queue=self.queue,
            )
        if work:
            self.work()

    def analyse_again(self, pipeline: Pipeline, encoder: Words, *, trouble: str) -> None:
        """With a new version of the model, that cannot read what holds `trouble`."""
        encoder.version, encoder.trouble = f"{encoder.version}+", trouble
        tasks.reanalyse(self.store, queue=self.queue, version=pipeline.version)
        self.analyse()

    def shown(self, interaction_id: int) -> list[str]:
        """The subject, if any, and what was said, masked."""
        with self.store.read() as session:
            interaction = session.get_one(Interaction, interaction_id)
            said = (
                select(Message.masked_text).where(Message.interaction_id == interaction_id).order_by(col(Message.seq))
            )
            return [text or "" for text in [interaction.subject_masked, *session.exec(said)] if text]

    def following(self, session: Session, review_id: int) -> list[int]:
        wanted = select(MaskReview.interaction_id).where(
            MaskReview.origin_id == review_id, col(MaskReview.undone_at).is_(None)
        )
        return sorted(session.exec(wanted))
