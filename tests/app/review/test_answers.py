"""Answering: the first reader corrects through the corrections, the second changes nothing, and all can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback import corrections, erase
from app.feedback.models import Correction, Interaction
from app.review import figures, service
from app.review.models import ReviewAnswer
from app.store.audit import AuditEntry

if TYPE_CHECKING:
    from app.review.figures import HeadAccuracy, HeadAgreement
    from app.store.engine import Store
    from tests.app.review.conftest import Readers


def made(store: Store) -> list[dict[str, list[str]]]:
    """The labels of the corrections in force."""
    with store.read() as session:
        found = session.exec(select(Correction).where(col(Correction.undone_at).is_(None)).order_by(col(Correction.id)))
        return [one.labels for one in found]


def exported(store: Store) -> list[dict[str, object]]:
    with store.read() as session:
        return [row["labels"] for row in corrections.export(session)]


def test_a_differing_answer_corrects_and_feeds_the_training_file(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause",))
    given = readers.answer(number, intent="praise", risk=["fraud"])
    assert given.correction_id is not None
    assert readers.counts(number) == ("praise", "service", ["cause", "intent", "risk"])
    assert exported(store) == [{"cause": "service", "intent": "praise", "risk": ["fraud"]}], "the doubt is settled too"
    with store.read() as session:
        deeds = [entry.action for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]
    assert deeds == ["feedback.correct", "review.answer"]


def test_a_confirming_answer_is_kept_and_changes_nothing(readers: Readers, store: Store) -> None:
    number = readers.text()
    given = readers.answer(number)
    assert (given.correction_id, given.labels["intent"], given.labels["risk"]) == (None, ["complaint"], [])
    assert made(store) == []


def test_a_head_that_is_left_undecided_stays_so(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause", "intent"))
    readers.answer(number, cause="")
    assert made(store) == [{"intent": ["complaint"]}]
    assert readers.counts(number)[2] == ["intent"]


def test_what_is_taken_back_counts_no_more(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause",))
    readers.answer(number, cause="pricing")
    readers.undo(number)
    assert readers.counts(number) == ("complaint", "service", [])
    assert readers.order() == [number]
    with pytest.raises(NotFound):
        readers.undo(number)
    with store.read() as session:
        deeds = [entry.action for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]
    assert deeds[-2:] == ["feedback.correct_undo", "review.undo"]


def test_nobody_takes_back_what_another_said(readers: Readers) -> None:
    number = readers.text(unsure=("cause",))
    readers.answer(number, cause="pricing")
    with pytest.raises(NotFound):
        readers.undo(number, readers.second)
    assert readers.counts(number)[1] == "pricing"


def test_answering_again_replaces_the_answer_before(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause",))
    readers.answer(number, cause="pricing")
    readers.answer(number, cause="marketing")
    assert readers.counts(number)[1] == "marketing"
    assert made(store) == [{"cause": ["marketing"]}]
    with store.read() as session:
        (kept,) = session.exec(select(ReviewAnswer)).all()
        assert kept.again, "it still waits for a second reader"
    readers.skip(number)
    assert readers.counts(number)[1] == "marketing", "what was said is not passed over by accident"


def test_a_second_reader_changes_nothing_and_the_first_may_still_take_back(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause",))
    readers.answer(number, cause="pricing")
    given = readers.answer(number, readers.second, cause="marketing")
    assert given.second
    assert readers.counts(number)[1] == "pricing"
    readers.undo(number)
    assert readers.counts(number)[1] == "service"
    assert readers.answer(number, cause="disclosure").second is False
    assert readers.counts(number)[1] == "disclosure"


def test_who_has_not_seen_what_is_there_is_told(readers: Readers, store: Store) -> None:
    number = readers.text(unsure=("cause",))
    with store.read() as session:
        seen = session.get_one(Interaction, number).analysis_id or 0

    def send(after: int = 0, analysis_id: int = seen, **labels: str) -> None:
        with store.write() as session:
            service.answer(
                session,
                actor=readers.first,
                interaction_id=number,
                analysis_id=analysis_id,
                after=after,
                labels=labels,
                now=readers.clock.now(),
            )

    with pytest.raises(Conflict, match="新的内容"):
        send(analysis_id=seen + 1, cause="pricing")
    with pytest.raises(Invalid):
        send(cause="cars")
    with store.write() as session:
        corrections.correct(
            session,
            actor=readers.third,
            interaction_id=number,
            analysis_id=seen,
            after=0,
            labels={"cause": "marketing"},
            now=readers.clock.now(),
        )
    with pytest.raises(Conflict, match="别人改过"):
        send(cause="pricing")
    assert readers.counts(number)[1] == "marketing"
    with store.write() as session:
        erase.restrict(session, session.get_one(Interaction, number))
    with pytest.raises(NotFound):
        send(cause="pricing")


def test_the_day_counts_what_was_read_and_the_way_back_leads_through_it(readers: Readers, store: Store) -> None:
    numbers = [readers.text(unsure=("cause",)) for _ in range(3)]
    readers.answer(numbers[0])
    readers.skip(numbers[1])
    answered = readers.answer(numbers[2])
    with store.read() as session:
        assert service.read_on(session, user=readers.first, now=readers.clock.now()) == 2
        assert service.read_on(session, user=readers.second, now=readers.clock.now()) == 0
        assert service.before(session, user=readers.first, answer=None) == numbers[2]
        assert service.before(session, user=readers.first, answer=answered) == numbers[1]
        assert service.before(session, user=readers.second, answer=None) is None


def of_head(rows: list[HeadAgreement], title: str) -> HeadAgreement:
    return next(row for row in rows if row.title == title)


def accuracy(rows: list[HeadAccuracy], title: str) -> HeadAccuracy:
    return next(row for row in rows if row.title == title)


def test_agreement_of_readers_is_told_by_head_and_flag(readers: Readers, store: Store) -> None:
    causes = ["pricing", "marketing", "service", "disclosure"]
    numbers = [readers.text(unsure=("cause",)) for _ in range(40)]
    for place, number in enumerate(numbers):
        readers.answer(number, cause=causes[place % 4], risk=["fraud"] if place % 2 else [])
        readers.answer(number, readers.second, cause=causes[place % 4], risk=[], sentiment="-2" if place < 4 else "-1")
    readers.answer(readers.text(unsure=("cause",)))
    skipped = readers.text(unsure=("cause",))
    readers.answer(skipped)
    readers.skip(skipped, readers.second)
    with store.read() as session:
        rows, differing = figures.between_readers(session)
    assert of_head(rows, "原因").found.alpha == pytest.approx(1)
    assert of_head(rows, "原因").found.n == 40, "what one person read alone is not compared"
    assert of_head(rows, "意图").found.alpha is None, "all said the same: no figure, not a perfect one"
    flag = of_head(rows, "风险标记：欺诈盗刷").found
    assert flag.alpha is not None
    assert flag.alpha < 0
    assert of_head(rows, "风险标记：法律诉讼").found.alpha is None
    assert {one.interaction_id for one in differing} == {*numbers[:4], *numbers[1::2]}
    assert next(one.heads for one in differing if one.interaction_id == numbers[0]) == ("情感",)


def test_the_model_is_measured_by_its_first_readers_where_it_was_sure_and_where_it_leant(
    readers: Readers, store: Store
) -> None:
    for place in range(4):
        number = readers.text(unsure=("cause",) if place < 3 else (), risks={"media": 0.9})
        readers.answer(number, cause="pricing" if place == 0 else "service", risk=["media"] if place else [])
    readers.answer(number, readers.second, intent="praise", cause="pricing")
    readers.answer(readers.text(unsure=("intent",)), intent="", cause="pricing")
    with store.read() as session:
        rows = figures.of_the_model(session)
    cause, intent, risk = (accuracy(rows, title) for title in ("原因", "意图", "风险标记"))
    assert (cause.leaning.right, cause.leaning.n) == (2, 3)
    assert (cause.sure.right, cause.sure.n) == (1, 2)
    assert (intent.leaning.n, intent.sure.right, intent.sure.n) == (0, 4, 4)
    assert (risk.sure.right, risk.sure.n) == (4, 5)
    assert 0 < cause.sure.low < 0.5 < cause.sure.high < 1
    readers.text(version="test-2")
    with store.read() as session:
        assert accuracy(figures.of_the_model(session), "原因").sure.n == 0, "another model starts anew"
