"""What a reader is shown, why, and in what order."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlmodel import select

from app.feedback import corrections, erase
from app.feedback.models import Analysis, Interaction
from app.review.candidates import MOST
from app.review.models import ReviewAnswer
from app.topics.models import Topic, TopicAssignment, TopicVersion

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.review.conftest import Readers


def topic(readers: Readers, name: str = "年费") -> int:
    with readers.store.write() as session:
        return readers.bank.topic(session, name)


def test_what_the_model_is_sure_of_is_not_shown(readers: Readers) -> None:
    readers.text(risks={"media": 0.95})
    readers.text(unsure=("touchpoint", "sentiment"))
    assert readers.queue() == []


def test_every_reason_is_told_in_words(readers: Readers) -> None:
    unsure = readers.text(unsure=("cause", "intent"))
    assert readers.reasons(unsure) == ("模型拿不准：意图、原因",)
    risky = readers.text(risks={"media": 0.4, "legal": 0.9, "churn": 0.3})
    assert readers.reasons(risky) == ("风险高而把握低：舆情曝光",)


def test_a_label_that_most_of_the_topic_do_not_have_is_shown_if_the_model_is_not_sure(readers: Readers) -> None:
    fees = topic(readers)
    for _ in range(5):
        readers.text(topic=fees, cause="pricing")
    odd = readers.text(topic=fees, cause="service", sure=0.6)
    firm = readers.text(topic=fees, cause="service", sure=0.9)
    elsewhere = readers.text(topic=topic(readers, "排队"), cause="service", sure=0.6)
    assert readers.reasons(odd) == ("与同一主题的反馈判断不一致：原因（多数是“定价收费”）",)
    assert readers.reasons(firm) == readers.reasons(elsewhere) == ()


def test_many_alike_without_a_topic_are_shown_while_they_are_recent(readers: Readers) -> None:
    alike = [readers.text(unassigned=True, cause="pricing") for _ in range(5)]
    other = readers.text(unassigned=True, cause="service")
    before_the_fit = [readers.text(cause="marketing") for _ in range(5)]
    assert readers.reasons(alike[0]) == ("未归类，且近三天类似的多（业务类别和原因相同的 5 条）",)
    assert readers.reasons(other) == readers.reasons(before_the_fit[0]) == ()
    readers.clock.advance(timedelta(days=4))
    assert readers.queue() == []


def test_the_telling_texts_of_a_new_topic_are_shown_but_not_those_of_the_first_fit(readers: Readers) -> None:
    old = topic(readers, "老主题")
    first = readers.text(topic=old)
    with readers.store.write() as session:
        session.get_one(Topic, old).representatives = [first]
    assert readers.queue() == []
    with readers.store.write() as session:
        known = session.get_one(TopicVersion, readers.bank.version_id)
        version = TopicVersion(
            created_at=readers.clock.now(), seed=0, texts=2, covered=2, pipeline_version="test-1", model=known.model
        )
        session.add(version)
        session.flush()
        readers.bank.version_id = version.id or 0
    new = topic(readers, "新主题")
    telling, usual = readers.text(topic=new), readers.text(topic=new)
    with readers.store.write() as session:
        session.get_one(Topic, new).representatives = [telling]
    assert readers.order() == [telling]
    assert readers.reasons(telling) == ("新主题里的第一批",)
    assert readers.reasons(usual) == ()


def test_high_risks_come_first_then_the_more_doubtful_then_the_newer(readers: Readers) -> None:
    mild = readers.text(unsure=("cause",), business="loan")
    newer = readers.text(unsure=("cause",), business="fx")
    doubtful = readers.text(unsure=("cause", "intent"), business="payment")
    risky = readers.text(unsure=("cause",), risks={"fraud": 0.95}, business="cash")
    riskier = readers.text(risks={"fraud": 0.3}, business="treasury")
    assert readers.order() == [riskier, risky, doubtful, newer, mild]


def test_topics_take_turns_so_that_none_fills_the_queue(readers: Readers) -> None:
    fees, queueing = topic(readers), topic(readers, "排队")
    many = [readers.text(topic=fees, unsure=("cause", "intent", "business")) for _ in range(6)]
    few = [readers.text(topic=queueing, unsure=("cause",)) for _ in range(2)]
    loose = readers.text(unassigned=True, unsure=("cause",))
    order = readers.order()
    assert order[0] == many[-1]
    assert set(order[:3]) == {many[-1], few[-1], loose}, "one of each before a second of any"
    assert set(order[3:5]) == {many[-2], few[-2]}
    assert order == readers.order(), "the same every time"


def test_what_was_read_is_gone_for_all_and_what_was_passed_over_for_oneself(readers: Readers) -> None:
    numbers = [readers.text(unsure=("cause",)) for _ in range(3)]
    readers.answer(numbers[0])
    readers.skip(numbers[1])
    readers.lunch()
    assert readers.order() == [numbers[2]]
    assert set(readers.order(readers.third)) >= {numbers[1], numbers[2]}
    readers.undo(numbers[1])
    readers.lunch()
    assert set(readers.order()) == {numbers[1], numbers[2]}


def test_people_at_work_together_begin_with_different_texts(readers: Readers) -> None:
    numbers = [readers.text(unsure=("cause",)) for _ in range(8)]
    readers.answer(numbers[0])
    readers.skip(numbers[1], readers.third)
    first, third = readers.order(), [one for one in readers.order(readers.third) if one != numbers[0]]
    assert first[0] != third[0]
    assert {numbers[2], *numbers[3:]} <= set(first) & set(third), "nothing is lost if one of them goes home"


def test_a_head_that_a_person_has_corrected_is_in_doubt_no_more(readers: Readers) -> None:
    number = readers.text(unsure=("cause",), risks={"fraud": 0.3})
    with readers.store.write() as session:
        interaction = session.get_one(Interaction, number)
        corrections.correct(
            session,
            actor=readers.third,
            interaction_id=number,
            analysis_id=interaction.analysis_id or 0,
            after=0,
            labels={"cause": "service", "risk": []},
            now=readers.clock.now(),
        )
    assert readers.queue() == []


def test_a_second_person_is_shown_one_of_ten_first_and_as_the_model_left_it(readers: Readers) -> None:
    numbers = [readers.text(unsure=("cause",)) for _ in range(12)]
    for number in numbers:
        readers.answer(number, cause="pricing")
    fresh = readers.text(unsure=("cause",))
    readers.lunch()
    assert readers.order() == [fresh], "nobody reads his own a second time"
    assert readers.order(readers.second) == [numbers[0], numbers[10], fresh]
    assert readers.reasons(numbers[0], readers.second) == ("模型拿不准：原因",), "nothing tells of the first answer"
    readers.answer(numbers[0], readers.second)
    readers.skip(numbers[10], readers.second)
    readers.lunch()
    assert readers.order(readers.second) == [fresh]
    assert readers.order(readers.third) == [numbers[10], fresh], "two have read the other one"


def test_new_words_are_a_new_text_and_a_new_model_is_not(readers: Readers) -> None:
    number = readers.text(unsure=("cause",))
    readers.answer(number)
    readers.analyse(number, unsure=("cause",), risks={}, version="test-2")
    assert readers.queue() == []
    with readers.store.write() as session:
        session.get_one(Interaction, number).content_hash = "f" * 64
    readers.analyse(number, unsure=("cause",), risks={}, version="test-2")
    assert readers.order() == [number]


def test_nothing_erased_or_restricted_is_shown_and_no_answer_to_it_stays(readers: Readers, store: Store) -> None:
    numbers = [readers.text(unsure=("cause",)) for _ in range(4)]
    readers.answer(numbers[0])
    readers.answer(numbers[1])
    with store.write() as session:
        erase.erase(session, [numbers[0], numbers[2]], now=readers.clock.now())
        for number in (numbers[1], numbers[3]):
            erase.restrict(session, session.get_one(Interaction, number))
    assert readers.queue() == readers.queue(readers.second) == []
    with store.read() as session:
        assert session.exec(select(ReviewAnswer)).all() == []


def test_the_queue_costs_the_same_however_much_there_is(readers: Readers, store: Store) -> None:
    """Twelve thousand texts, of which the newest are looked at."""
    model = readers.text(unsure=("cause",))
    with store.write() as session:
        interaction = session.get_one(Interaction, model).model_dump()
        analysis = session.exec(select(Analysis)).one()
        read = {name: getattr(analysis, name) for name in Analysis.model_fields}
        for chunk in range(12):
            ids = [1000 * (chunk + 1) + place for place in range(1000)]
            session.add_all(
                Interaction(**interaction | {"id": one, "external_id": f"B{one}", "analysis_id": one}) for one in ids
            )
            session.flush()
            session.add_all(Analysis(**read | {"id": one, "interaction_id": one}) for one in ids)
            session.add_all(
                TopicAssignment(interaction_id=one, topic_id=None, score=0, version_id=readers.bank.version_id)
                for one in ids
            )
            session.flush()
            session.expunge_all()
    readers.order()
    began = time.perf_counter()
    found = readers.order()
    took = time.perf_counter() - began
    assert len(found) == MOST
    assert took < 3, "a fifth of a second on an idle machine"
