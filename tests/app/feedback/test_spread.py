"""A review that holds in all feedback: in what is there and in what comes, and the later decision counts."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from app.errors import Invalid
from app.feedback import originals, remask, spread
from app.feedback.models import Interaction, InteractionState, SearchText, Verdict
from app.jobs.queue import open_count
from app.store.audit import AuditEntry
from nlp.pipeline import Pipeline
from tests.app.feedback.conftest import Words
from tests.app.feedback.desk import Desk


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


@pytest.mark.parametrize("worked", [True, False])
def test_of_two_decisions_on_one_place_the_later_counts_whenever_the_jobs_run(
    desk: Desk, pipeline: Pipeline, encoder: Words, *, worked: bool
) -> None:
    first, third = desk.tell("1", "13800138000"), desk.tell("3", "请打13800138000")
    desk.review(first, Verdict.RELEASE, "13800138000", "MOBILE", work=worked)
    back = desk.review(first, Verdict.MASK, "13800138000", "MOBILE", work=worked)
    desk.work()
    assert desk.shown(third) == ["请打[手机号]"]
    desk.analyse_again(pipeline, encoder, trouble="⚡")
    assert desk.shown(third) == ["请打[手机号]"]
    assert desk.shown(desk.tell("4", "别打13800138000")) == ["别打[手机号]"]
    desk.undo(first, back)
    assert desk.shown(third) == ["请打13800138000"]


def test_an_older_review_does_not_come_back_over_a_newer_release(
    desk: Desk, pipeline: Pipeline, encoder: Words
) -> None:
    """The older one had nothing to do in the feedback, where the model masked the number anyway."""
    first, other = desk.tell("1", "热线是1380013"), desk.tell("2", "请打13800138000")
    desk.review(first, Verdict.MASK, "1380013", "MOBILE")
    desk.review(other, Verdict.RELEASE, "13800138000", "MOBILE")
    third = desk.tell("3", "我打13800138000")
    desk.analyse_again(pipeline, encoder, trouble="⚡")
    assert desk.shown(other) == ["请打13800138000"]
    assert desk.shown(third) == ["我打13800138000"]


@pytest.mark.parametrize(
    ("told", "piece", "before", "after"),
    [
        ("我是李雷13800138000", "李雷13800138000", "我是李雷[手机号]", "我是[姓名]"),
        ("打13800138000李雷家", "13800138000李雷", "打[手机号]李雷家", "打[姓名]家"),
        ("李雷13800138000家里", "雷13800138000家", "李雷[手机号]家里", "李[姓名]里"),
    ],
)
def test_a_piece_that_is_masked_in_part_is_found(desk: Desk, told: str, piece: str, before: str, after: str) -> None:
    first, other = desk.tell("1", f"还有{told}"), desk.tell("2", told, subject=told)
    assert desk.shown(other) == [before] * 2
    made = desk.review(first, Verdict.MASK, piece, "NAME")
    assert desk.shown(other) == [after] * 2
    desk.undo(first, made)
    assert desk.shown(other) == [before] * 2


def test_a_release_holds_for_the_kind_that_was_judged(desk: Desk) -> None:
    first, other, third = desk.tell("1", "请找谢伟"), desk.tell("2", "谢伟牌的锅"), desk.tell("3", "谢伟")
    desk.review(first, Verdict.MASK, "谢伟", "NAME", everywhere=False)
    desk.review(other, Verdict.MASK, "谢伟", "ADDRESS", everywhere=False)
    desk.review(third, Verdict.MASK, "谢伟", "NAME", everywhere=False)
    with pytest.raises(Invalid, match="没有被遮盖"):
        desk.review(other, Verdict.RELEASE, "谢伟", "NAME")
    desk.review(other, Verdict.RELEASE, "谢伟", "ADDRESS")
    assert desk.shown(other) == ["谢伟牌的锅"]
    assert desk.shown(first) == ["请找[姓名]"]
    desk.review(third, Verdict.RELEASE, "谢伟", "NAME")
    assert desk.shown(first) == ["请找谢伟"]


def test_feedback_that_a_new_model_could_not_read_is_changed_like_any_other(
    desk: Desk, pipeline: Pipeline, encoder: Words
) -> None:
    first, other = desk.tell("1", "我叫谢伟"), desk.tell("2", "请找谢伟")
    desk.analyse_again(pipeline, encoder, trouble="请找")
    with desk.store.read() as session:
        assert session.get_one(Interaction, other).state is InteractionState.FAILED
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    assert desk.shown(other) == ["请找[姓名]"]
    with desk.store.read() as session:
        assert "谢伟" not in session.get_one(SearchText, other).text
    desk.undo(first, made)
    assert desk.shown(other) == ["请找谢伟"]


def test_the_audit_chain_tells_in_how_many_feedback_a_piece_was_released_and_masked_again(desk: Desk) -> None:
    first = desk.tell("1", "请打13800138000")
    for number in range(2, 5):
        desk.tell(str(number), "请打13800138000")
    made = desk.review(first, Verdict.RELEASE, "13800138000", "MOBILE")
    desk.undo(first, made)
    with desk.store.read() as session:
        wanted = select(AuditEntry).where(AuditEntry.actor == spread.ACTOR).order_by(col(AuditEntry.id))
        told = [(one.action, one.subject, one.detail) for one in session.exec(wanted)]
    detail = {"verdict": "release", "kind": "MOBILE", "feedback": 3}
    subject = originals.name(first)
    assert told == [("masking.spread", subject, detail), ("masking.spread_undo", subject, detail)]


def test_a_review_everywhere_is_one_case_for_a_model(desk: Desk, pipeline: Pipeline) -> None:
    first = desk.tell("1", "我叫谢伟")
    desk.tell("2", "请找谢伟")
    made = desk.review(first, Verdict.MASK, "谢伟", "NAME")
    with desk.store.read() as session:
        assert [one.review_id for one in remask.cases(session, pipeline)] == [made]
