"""Undoing a review that holds in all feedback: what it alone covered is shown again, everywhere, and nothing else."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from threading import Thread

import pytest
from sqlmodel import select

from app.errors import Conflict
from app.feedback import erase, spread, tasks
from app.feedback.models import Interaction, MaskReview, Verdict
from app.jobs.queue import open_count
from tests.app.feedback.conftest import Words
from tests.app.feedback.desk import Desk


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


def test_undoing_one_review_uncovers_nothing_that_another_covers(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟先生"), desk.tell("2", "请找谢伟")
    third = desk.tell("3", "谢伟先生在吗")
    longer = desk.review(first, Verdict.MASK, "谢伟先生", "NAME")
    shorter = desk.review(other, Verdict.MASK, "谢伟", "NAME")
    assert desk.shown(third) == ["[姓名]在吗"]
    desk.undo(first, longer)
    assert desk.shown(first) == ["我叫[姓名]先生"]
    assert desk.shown(third) == ["[姓名]先生在吗"]
    desk.undo(other, shorter)
    assert [desk.shown(one) for one in (first, other, third)] == [["我叫谢伟先生"], ["请找谢伟"], ["谢伟先生在吗"]]


def test_a_review_of_the_feedback_alone_holds_again_where_one_everywhere_covered_it(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟先生"), desk.tell("2", "谢伟先生就是谢伟")
    longer = desk.review(first, Verdict.MASK, "谢伟先生", "NAME")
    desk.review(other, Verdict.MASK, "谢伟", "NAME", everywhere=False)
    desk.undo(first, longer)
    assert desk.shown(other) == ["[姓名]先生就是[姓名]"]


class Meddling:
    """A clock whose second reading finds the review undone."""

    def __init__(self, desk: Desk, interaction_id: int, review_id: int) -> None:
        self.desk, self.readings = desk, 0
        self.undo = partial(desk.undo, interaction_id, review_id, work=False)

    def now(self) -> datetime:
        self.readings += 1
        if self.readings == 2:
            self.undo()
        return self.desk.clock.now()


def test_an_undo_while_the_job_runs_ends_it_and_takes_all_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "BATCH", 1)
    first = desk.tell("1", "我叫谢伟")
    others = [desk.tell(str(number), "请找谢伟") for number in range(2, 6)]
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME", work=False)
    clock = Meddling(desk, first, made)
    spread.run([{"review_id": made}], store=desk.store, clock=clock)
    assert clock.readings == 3  # two batches, and the entry in the audit chain
    assert [desk.shown(one) for one in others] == [["请找[姓名]"], *[["请找谢伟"]] * 3]
    desk.work()
    assert [desk.shown(one) for one in others] == [["请找谢伟"]] * 4
    with desk.store.read() as session:
        assert desk.following(session, made) == []


def test_one_job_waits_for_a_review_and_its_undoing(desk: Desk) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME", work=False)
    desk.undo(first, made, work=False)
    with desk.store.read() as session:
        assert open_count(session, spread.SPREAD) == 1
    desk.work()
    assert desk.shown(other) == ["请找谢伟"]


def test_a_review_everywhere_is_undone_only_when_no_analysis_is_half_written(desk: Desk) -> None:
    first = desk.tell("1", "我叫谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    undoing = Thread(target=desk.undo, args=(first, made), kwargs={"work": False})
    with desk.store.write() as session:
        assert list(spread.origins(session)) == [made]
        undoing.start()
        undoing.join(0.3)
        assert undoing.is_alive()
    undoing.join(10)
    with desk.store.read() as session:
        assert session.get_one(MaskReview, made).undone_at is not None


def test_where_new_words_could_not_be_read_the_undoing_waits_for_their_analysis(desk: Desk, encoder: Words) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    desk.tell("2", "请找谢伟", "⚡谢伟", revision=1)
    desk.undo(first, made)
    assert desk.shown(other) == ["请找[姓名]"]
    with desk.store.read() as session:
        assert desk.following(session, made) == [other]  # as it shows
    encoder.trouble = "-"
    with desk.store.write() as session:
        tasks.retry_failed(session, queue=desk.queue)
    desk.analyse()
    assert desk.shown(other) == ["请找谢伟", "⚡谢伟"]
    with desk.store.read() as session:
        assert desk.following(session, made) == []


def test_a_review_lives_on_in_the_feedback_that_follows_when_the_first_is_erased(desk: Desk) -> None:
    first, other, third = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟"), desk.tell("3", "谢伟在吗")
    desk.review(first, Verdict.MASK, "谢伟", "NAME")
    with desk.store.write() as session:
        erase.erase(session, [first], now=desk.clock.now())
    later = desk.tell("4", "还是谢伟")
    assert desk.shown(later) == ["还是[姓名]"]
    with desk.store.read() as session:
        heir = session.exec(select(MaskReview).where(MaskReview.everywhere)).one()
        assert heir.interaction_id == other
        assert desk.following(session, heir.id or 0) == [third, later]
    desk.undo(other, heir.id or 0)
    assert [desk.shown(one) for one in (other, third, later)] == [["请找谢伟"], ["谢伟在吗"], ["还是谢伟"]]


def test_a_review_that_no_other_feedback_follows_ends_with_its_feedback(desk: Desk) -> None:
    first = desk.tell("1", "我叫谢伟")
    desk.review(first, Verdict.MASK, "谢伟", "NAME")
    with desk.store.write() as session:
        erase.erase(session, [first], now=desk.clock.now())
        assert session.exec(select(MaskReview)).all() == []
    assert desk.shown(desk.tell("2", "还是谢伟")) == ["还是谢伟"]


def test_of_restricted_feedback_what_it_orders_for_the_others_is_undone(desk: Desk) -> None:
    first, other, ended = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟"), desk.tell("3", "谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    with desk.store.write() as session:
        for one in (first, ended):
            erase.restrict(session, session.get_one(Interaction, one))
    with desk.store.read() as session:
        follower = session.exec(select(MaskReview.id).where(MaskReview.interaction_id == ended)).one() or 0
    with pytest.raises(Conflict, match="停止处理"):
        desk.undo(ended, follower)
    desk.undo(first, made)
    assert desk.shown(other) == ["请找谢伟"]
    assert desk.shown(first) == desk.shown(ended) == []


def test_whoever_undoes_the_first_review_need_not_undo_that_of_another_which_came_later(desk: Desk) -> None:
    first, other = desk.tell("1", "谢伟和方芳"), desk.tell("2", "方芳和谢伟")
    mine = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    desk.review(other, Verdict.MASK, "方芳", "NAME")
    desk.undo(first, mine)
    assert desk.shown(first) == ["谢伟和[姓名]"]
    assert desk.shown(other) == ["[姓名]和谢伟"]
