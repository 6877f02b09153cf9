from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.clock import day_start
from app.tracker.effect import before_after
from app.tracker.estimate import Verdict
from app.tracker.followups import plan_followups, record_answer, record_no_answer
from app.tracker.models import Action, FollowUp
from app.tracker.service import link
from tests.app.tracker.conftest import NOW, START, TODAY, Bank

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.store.engine import Store


def answer_all(session: Session, bank: Bank, action: Action, answers: dict[int, int | None]) -> None:
    """Plan follow-ups and note what each customer (by id) answered; None is no answer."""
    plan_followups(session, actor=bank.boss, action_id=action.id, now=NOW)
    for row in session.exec(select(FollowUp).where(FollowUp.action_id == action.id)).all():
        if row.customer_id not in answers:
            continue
        score = answers[row.customer_id]
        if score is None:
            record_no_answer(session, actor=bank.boss, follow_up_id=row.id, asked_on=TODAY, now=NOW)
        else:
            record_answer(session, actor=bank.boss, follow_up_id=row.id, score=score, answered_at=NOW, now=NOW)


def test_the_same_customers_before_and_after(store: Store, bank: Bank) -> None:
    # 10 pairs 2 → 3 or 4: difference 1.5, interval 1.12 to 1.88 (worked out in test_estimate);
    # one answered without an earlier score, one gave no answer, one is still to be asked
    with store.write() as session:
        issue = bank.issue(session)
        action = bank.started(session, issue)
        customers = bank.affected(session, issue, [*[2] * 10, None, 5, 5])
        ids = [customer.id or 0 for customer in customers]
        answers: dict[int, int | None] = dict(zip(ids[:10], [3, 4] * 5, strict=True))
        answer_all(session, bank, action, answers | {ids[10]: 5, ids[11]: None})
    with store.read() as session:
        told = before_after(session, action_id=action.id, now=NOW)
    assert (told.change.n, told.change.mean_before, told.change.mean_after) == (10, 2.0, 3.5)
    assert (told.change.low, told.change.high) == pytest.approx((1.1230, 1.8770), abs=5e-5)
    assert told.change.verdict is Verdict.BETTER
    assert (told.response.k, told.response.n, told.no_answer, told.pending, told.without_before) == (11, 13, 1, 1, 1)
    assert "没有对照组" in told.caveat


def test_only_the_last_comparable_score_before_the_start_counts(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
        action = bank.started(session, issue)
        (customer,) = bank.affected(session, issue, [1])
        bank.csat(session, customer, 3, on=START - timedelta(days=1))  # the last one before
        bank.csat(session, customer, 9, on=START - timedelta(days=1), scale_max=10)  # another scale
        bank.csat(session, customer, 5, on=START)  # no longer before
        answer_all(session, bank, action, {customer.id or 0: 4})
    with store.read() as session:
        change = before_after(session, action_id=action.id, now=NOW).change
    assert (change.n, change.mean_before, change.mean_after) == (1, 3.0, 4.0)
    assert change.verdict is Verdict.TOO_FEW
    assert "1 位" in change.wording


def test_weeks_begin_with_the_start_and_unfinished_ones_are_marked(store: Store, bank: Bank) -> None:
    with store.write() as session:
        topic = bank.topic(session)
        issue = bank.issue(session, topic_ids=[topic])
        action = bank.started(session, issue)  # Tuesday 1 September
        elsewhere = bank.topic(session, "年费")
        for day, of in [
            (date(2026, 8, 12), elsewhere),  # the first feedback of all
            (date(2026, 8, 20), topic),
            (date(2026, 8, 31), topic),
            (date(2026, 8, 31), topic),
            (date(2026, 9, 1), topic),
            (date(2026, 9, 1), elsewhere),
            (date(2026, 10, 19), topic),
        ]:
            bank.feedback(session, on=day, topic_id=of)
    with store.read() as session:
        told = before_after(session, action_id=action.id, now=NOW)
    weeks = [(week.week, week.first_day, week.count, week.complete) for week in told.weeks]
    assert weeks[0] == (-3, date(2026, 8, 11), 0, False)  # began before the first feedback
    assert weeks[1:4] == [
        (-2, date(2026, 8, 18), 1, True),
        (-1, date(2026, 8, 25), 2, True),
        (0, date(2026, 9, 1), 1, True),
    ]
    assert weeks[-1] == (7, date(2026, 10, 20), 0, False)  # today is its first day
    assert sum(week.count for week in told.weeks) == 5
    assert "开始前 2 周共 3 条，每周 1.5 条；开始后 7 周共 2 条，每周 0.3 条" in told.counts_wording


@pytest.mark.parametrize(("back", "before"), [(3, 2), (12, 11), (13, 12)])
def test_a_stray_old_text_makes_no_weeks_without_feedback(store: Store, bank: Bank, back: int, before: int) -> None:
    with store.write() as session:
        topic = bank.topic(session)
        action = bank.started(session, bank.issue(session, topic_ids=[topic]))
        bank.feedback(session, on=START - timedelta(weeks=40))
        for week in range(-back, 7):  # on its second day, so that the first one is no whole week
            bank.feedback(session, on=START + timedelta(weeks=week, days=1), topic_id=topic)
    with store.read() as session:
        told = before_after(session, action_id=action.id, now=NOW).counts_wording
    assert f"开始前 {before} 周共 {before} 条，每周 1.0 条；开始后 7 周共 7 条，每周 1.0 条" in told


@pytest.mark.parametrize("burst", [-1, 2])
def test_a_burst_does_not_make_the_usual_weeks_look_empty(store: Store, bank: Bank, burst: int) -> None:
    with store.write() as session:
        topic = bank.topic(session)
        action = bank.started(session, bank.issue(session, topic_ids=[topic]))
        for week in range(-6, 4):
            for _ in range(30 if week == burst else 2):
                bank.feedback(session, on=START + timedelta(weeks=week), topic_id=topic)
    with store.read() as session:
        told = before_after(session, action_id=action.id, now=NOW).counts_wording
    before = 5 * 2 + 28 * (burst < 0)  # the sixth began in the night before its first text
    assert f"开始前 5 周共 {before} 条" in told


def test_before_the_start_there_is_nothing_to_compare(store: Store, bank: Bank) -> None:
    with store.write() as session:
        action = bank.action(session, bank.issue(session))
    with store.read() as session:
        told = before_after(session, action_id=action.id, now=NOW)
    assert (told.started_on, told.change.n, told.response.n, told.response.value, told.weeks) == (None, 0, 0, None, ())
    assert told.change.verdict is Verdict.TOO_FEW


def test_followed_up_are_those_who_were_affected_before_and_agreed(store: Store, bank: Bank) -> None:
    with store.write() as session:
        topic = bank.topic(session)
        issue = bank.issue(session, topic_ids=[topic])
        action = bank.started(session, issue)
        before, refused, after, linked, stranger = (
            bank.customer(session, consent=consent) for consent in (True, False, True, True, True)
        )
        bank.feedback(session, on=date(2026, 8, 31), customer=before, topic_id=topic)
        bank.feedback(session, on=date(2026, 8, 30), customer=before, topic_id=topic)
        bank.feedback(session, on=date(2026, 8, 31), customer=refused, topic_id=topic)
        bank.feedback(session, on=date(2026, 9, 1), customer=after, topic_id=topic)
        bank.feedback(session, on=date(2026, 8, 31), topic_id=topic)  # nobody knows who
        bank.feedback(session, on=date(2026, 8, 31), customer=stranger, topic_id=bank.topic(session, "年费"))
        feedback = bank.feedback(session, on=date(2026, 9, 5), customer=linked)
        link(session, actor=bank.boss, issue_id=issue.id, interaction_ids=[feedback], now=NOW)
        planned = plan_followups(session, actor=bank.boss, action_id=action.id, now=NOW)
        again = plan_followups(session, actor=bank.boss, action_id=action.id, now=NOW)
        asked = set(session.exec(select(FollowUp.customer_id)))
    assert asked == {before.id, linked.id}
    assert (planned.added, planned.reach.affected, planned.reach.without_consent, planned.reach.unknown) == (2, 3, 1, 1)
    assert (again.added, again.reach.listed) == (0, 2)


def test_a_sample_is_drawn_fairly_and_stays_the_same_draw(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
        customers = bank.affected(session, issue, [3] * 40)
        drawn = []
        for _ in range(2):
            action = bank.started(session, issue)
            plan_followups(session, actor=bank.boss, action_id=action.id, limit=10, now=NOW)
            drawn.append(set(session.exec(select(FollowUp.customer_id).where(FollowUp.action_id == action.id))))
    first_ten = {customer.id for customer in customers[:10]}
    assert [len(sample) for sample in drawn] == [10, 10]
    assert drawn[0] != drawn[1]
    assert first_ten not in drawn


def test_day_start_is_the_banks_day() -> None:
    assert day_start(START).isoformat() == "2026-08-31T16:00:00+00:00"
