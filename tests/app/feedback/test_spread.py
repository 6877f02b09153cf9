"""A review that holds in all feedback: in what is there, in what comes, and nowhere any more when it is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session, col, select

from app.errors import Invalid
from app.feedback import originals, remask, spread
from app.feedback.ingest import apply_interaction
from app.feedback.models import Interaction, MaskReview, Message, Source, Verdict
from app.jobs.queue import EmbeddedQueue, Task, open_count
from app.people.models import Role, User
from app.store.engine import Store
from tests.app.feedback.test_ingest import talk
from tests.conftest import SetClock


class Desk:
    """Feedback that is told, reviewed and read, with its jobs worked off."""

    def __init__(
        self, store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, analyse: Callable[[], int]
    ) -> None:
        self.store, self.source, self.queue, self.clock, self._analyse = store, source, queue, clock, analyse
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
        self._analyse()
        task = Task(partial(spread.run, store=self.store, clock=self.clock))
        self.queue.work({spread.SPREAD: task}, until_empty=True)

    def review(self, interaction_id: int, verdict: Verdict, piece: str, kind: str, *, everywhere: bool = True) -> int:
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
        self.work()
        return made.id or 0

    def undo(self, interaction_id: int, review_id: int) -> None:
        with self.store.write() as session:
            remask.undo(
                session,
                actor=self.actor,
                interaction_id=interaction_id,
                review_id=review_id,
                now=self.clock.now(),
                queue=self.queue,
            )
        self.work()

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


@pytest.fixture
def desk(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]) -> Desk:
    return Desk(store, source, queue, clock, work)


def test_what_was_missed_is_masked_in_all_feedback_now_and_later_and_back_again(desk: Desk) -> None:
    first = desk.tell("1", "我叫谢伟，排队太久")
    other = desk.tell("2", "请找谢伟，他知道", subject="谢伟的卡")
    stranger = desk.tell("3", "排队太久")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    later = desk.tell("4", "还是谢伟")
    assert desk.shown(first) == ["我叫[姓名]，排队太久"]
    assert desk.shown(other) == ["[姓名]的卡", "请找[姓名]，他知道"]
    assert desk.shown(later) == ["还是[姓名]"]
    with desk.store.read() as session:
        assert desk.following(session, made) == [other, later]
    desk.undo(first, made)
    assert desk.shown(other) == ["谢伟的卡", "请找谢伟，他知道"]
    assert desk.shown(later) == ["还是谢伟"]
    assert desk.shown(stranger) == ["排队太久"]
    with desk.store.read() as session:
        assert desk.following(session, made) == []


def test_what_is_no_personal_data_is_released_in_all_feedback(desk: Desk) -> None:
    first = desk.tell("1", "请打13800138000")
    other = desk.tell("2", "请打13800138000，别打13912345678")
    desk.review(first, Verdict.RELEASE, "13800138000", "MOBILE")
    later = desk.tell("3", "再打13800138000")
    assert desk.shown(first) == ["请打13800138000"]
    assert desk.shown(other) == ["请打13800138000，别打[手机号]"]
    assert desk.shown(later) == ["再打13800138000"]


def test_without_the_word_everywhere_other_feedback_stays(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    desk.review(first, Verdict.MASK, "谢伟", "NAME", everywhere=False)
    assert desk.shown(other) == ["请找谢伟"]
    assert desk.shown(desk.tell("3", "还是谢伟")) == ["还是谢伟"]


def test_one_feedback_may_differ_and_new_words_there_are_not_decided_again(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    with desk.store.read() as session:
        own = session.exec(select(MaskReview.id).where(MaskReview.interaction_id == other)).one() or 0
    desk.undo(other, own)
    assert desk.shown(other) == ["请找谢伟"]
    assert desk.tell("2", "请找谢伟", "快点", revision=1) == other
    assert desk.shown(other) == ["请找谢伟", "快点"]
    desk.undo(first, made)  # what was undone there is not undone again
    assert desk.shown(other) == ["请找谢伟", "快点"]


def test_a_later_review_of_another_feedback_survives_the_undoing(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "谢伟和方芳一起来的")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    desk.review(other, Verdict.MASK, "方芳", "NAME", everywhere=False)
    assert desk.shown(other) == ["[姓名]和[姓名]一起来的"]
    desk.undo(first, made)
    assert desk.shown(other) == ["谢伟和[姓名]一起来的"]


def test_a_job_that_runs_twice_changes_nothing_more(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    spread.run([{"review_id": made}], store=desk.store, clock=desk.clock)
    assert desk.shown(other) == ["请找[姓名]"]
    with desk.store.read() as session:
        assert desk.following(session, made) == [other]
        assert open_count(session, spread.SPREAD) == 0


def test_a_single_letter_does_not_hold_everywhere(desk: Desk) -> None:
    first = desk.tell("1", "我叫谢伟")
    with pytest.raises(Invalid, match="至少要 2 个字"):
        desk.review(first, Verdict.MASK, "谢", "NAME")
