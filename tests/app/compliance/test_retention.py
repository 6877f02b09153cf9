"""Retention: what is due is told first and deleted later; what is held, linked or changed meanwhile stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.compliance import holds, records, retention
from app.compliance.models import RetentionRun, RunState
from app.customers.models import Customer
from app.errors import Conflict, Invalid
from app.feedback.ingest import Envelope, receive
from app.feedback.models import Delivery, DeliveryState, Interaction
from app.jobs.queue import Task
from app.store.audit import AuditEntry, verify
from app.tracker.models import FollowUp, IssueLink
from tests.app.compliance.conftest import Desk, stored

OLD = 25 * 31  # days; ordinary feedback is kept for 24 months
WHO = "user:auditor"


def announced(desk: Desk) -> RetentionRun:
    with desk.store.write() as session:
        return retention.announce(session, actor=WHO, now=desk.now())


def run(desk: Desk, made: RetentionRun) -> RetentionRun:
    retention.execute([{"run_id": made.id}], store=desk.store, clock=desk.clock)
    with desk.store.read() as session:
        assert verify(session).ok
        return session.get_one(RetentionRun, made.id)


def keep(desk: Desk, name: str, months: int) -> None:
    with desk.store.write() as session:
        records.set_months(session, actor=desk.auditor, name=name, months=months, now=desk.now())


def due(desk: Desk) -> dict[str, int]:
    with desk.store.read() as session:
        return {one.of.name: one.due for one in retention.overview(session, now=desk.now()) if one.due}


def test_old_feedback_is_announced_and_then_deleted(desk: Desk) -> None:
    old, new = desk.says("旧事", days_ago=OLD), desk.says("新事")
    made = announced(desk)
    assert (made.planned, made.due_at - made.as_of) == ({"feedback": 1}, retention.NOTICE)
    assert stored(desk.store) == {old, new}
    done = run(desk, made)
    assert (done.state, done.deleted) == (RunState.DONE, {"feedback": 1})
    assert stored(desk.store) == {new}


def test_a_hold_after_the_announcement_keeps_what_was_announced(desk: Desk) -> None:
    old = desk.says("旧事", days_ago=OLD)
    gone = desk.says("旧事", ref="C-2", days_ago=OLD)
    made = announced(desk)
    with desk.store.write() as session:
        holds.place(
            session, actor=desk.auditor, customer_id=desk.customer(old), reason="dispute", note="未了", now=desk.now()
        )
    assert run(desk, made).deleted == {"feedback": 1}
    assert stored(desk.store) == {old} != {gone}


def test_what_was_held_when_a_deletion_was_announced_waits_for_the_next(desk: Desk) -> None:
    old, gone = desk.says("旧事", days_ago=OLD), desk.says("旧事", ref="C-2", days_ago=OLD)
    customer_id = desk.customer(old)
    with desk.store.write() as session:
        holds.place(session, actor=desk.auditor, customer_id=customer_id, reason="dispute", note="未了", now=desk.now())
    made = announced(desk)
    desk.clock.advance(timedelta(days=1))
    with desk.store.write() as session:
        holds.release(session, actor=desk.auditor, customer_id=customer_id, now=desk.now())
    assert run(desk, made).deleted == {"feedback": 1}
    assert stored(desk.store) == {old} != {gone}
    assert due(desk) == {"feedback": 1}


def test_evidence_of_an_issue_is_kept_three_years_after_its_closing(desk: Desk) -> None:
    still, open_, over = (desk.says("旧事", ref=f"C-{n}", days_ago=6 * 365) for n in range(3))
    desk.issue(still, closed_days_ago=2 * 365)
    desk.issue(open_)
    desk.issue(over, closed_days_ago=3 * 366)
    assert due(desk) == {"complaint": 1}
    run(desk, announced(desk))
    assert stored(desk.store) == {still, open_}
    with desk.store.read() as session:
        assert set(session.exec(select(IssueLink.interaction_id))) == {still, open_}


def test_feedback_that_nobody_named_a_customer_for_is_due_as_well(desk: Desk) -> None:
    desk.says("旧事", ref=None, days_ago=OLD)
    other = desk.says("旧事", days_ago=OLD)
    with desk.store.write() as session:
        holds.place(
            session, actor=desk.auditor, customer_id=desk.customer(other), reason="dispute", note="未了", now=desk.now()
        )
    assert due(desk) == {"feedback": 1}


def test_what_became_due_after_the_announcement_waits_for_the_next(desk: Desk) -> None:
    desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    late = desk.says("后到的旧事", days_ago=24 * 30)
    desk.clock.advance(timedelta(days=60))
    run(desk, made)
    assert stored(desk.store) == {late}


def test_every_class_is_deleted_when_its_time_has_come(desk: Desk) -> None:
    bank = desk.bank
    with desk.store.write() as session:
        envelope = Envelope("d-1", b"{}", desk.now())
        receive(session, source=desk.source, envelope=envelope, problem=None, now=desk.now(), queue=desk.queue)
        delivery = session.exec(select(Delivery)).one()
        delivery.state, delivery.body = DeliveryState.PROCESSED, None
        issue = bank.issue(session)
        (customer,) = bank.affected(session, issue, [None])
        action = bank.started(session, issue)
        session.add(FollowUp(action_id=action.id, customer_id=customer.id or 0))
        issue.closed_at = desk.now()
        session.add_all([delivery, issue, Customer(ref="C-idle", named_at=desk.now())])
    desk.clock.advance(timedelta(days=4 * 366))
    assert due(desk) == {"complaint": 1, "follow_up": 1, "customer": 1, "delivery": 1}
    made = announced(desk)
    assert run(desk, made).deleted == made.planned
    assert due(desk) == {"customer": 1}  # the one whose feedback has gone
    run(desk, announced(desk))
    with desk.store.read() as session:
        for table in (Interaction, FollowUp, Customer, Delivery):
            assert session.exec(select(table)).all() == []


def test_a_cancelled_run_deletes_nothing(desk: Desk) -> None:
    old = desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    with pytest.raises(Conflict, match="已有一次预告"):
        announced(desk)
    with desk.store.write() as session:
        retention.cancel(session, actor=desk.auditor, run_id=made.id or 0, now=desk.now())
    assert run(desk, made).state is RunState.CANCELLED
    assert stored(desk.store) == {old}
    announced(desk)


def test_nothing_due_is_no_run(desk: Desk) -> None:
    desk.says("新事")
    with pytest.raises(Conflict, match="没有到期"):
        announced(desk)


def test_a_longer_period_after_the_announcement_counts(desk: Desk) -> None:
    old = desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    keep(desk, "feedback", 60)
    assert run(desk, made).deleted == {"feedback": 0}
    assert stored(desk.store) == {old}


def test_a_shorter_period_waits_for_the_announced_run(desk: Desk) -> None:
    desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    with pytest.raises(Conflict, match="只能延长"):
        keep(desk, "feedback", 12)
    run(desk, made)
    keep(desk, "feedback", 12)


def test_old_feedback_that_was_read_in_after_the_announcement_waits(desk: Desk) -> None:
    desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    desk.clock.advance(timedelta(days=1))
    late = desk.says("后到的旧事", days_ago=OLD + 99)
    run(desk, made)
    assert stored(desk.store) == {late}


@pytest.mark.parametrize("months", [0, 35, 361])
def test_no_file_is_kept_shorter_than_a_law_says(desk: Desk, months: int) -> None:
    with pytest.raises(Invalid, match=r"至少保留 36|1 到 360"):
        keep(desk, "complaint", months)
    keep(desk, "complaint", 60)
    with desk.store.read() as session:
        assert {one.name: one.months for one in records.classes(session)}["complaint"] == 60


def test_each_act_is_in_the_audit_chain_with_its_counts(desk: Desk) -> None:
    desk.says("旧事", days_ago=OLD)
    keep(desk, "feedback", 12)
    made = announced(desk)
    with desk.store.write() as session:
        retention.hurry(session, actor=desk.auditor, run_id=made.id or 0, now=desk.now(), queue=desk.queue)
    run(desk, made)
    with desk.store.read() as session:
        found = session.exec(select(AuditEntry).where(col(AuditEntry.action).startswith("retention."))).all()
    acts = [(entry.action, entry.detail.get("counts")) for entry in found]
    counts = {"feedback": 1}
    assert acts == [
        ("retention.rule", None),
        ("retention.announce", counts),
        ("retention.hurry", counts),
        ("retention.run", counts),
    ]


def test_every_night_what_has_waited_is_deleted_and_what_is_due_is_announced(desk: Desk) -> None:
    first = desk.says("旧事", days_ago=OLD)

    def night() -> None:
        retention.nightly([], store=desk.store, clock=desk.clock)

    night()
    assert stored(desk.store) == {first}
    desk.clock.advance(timedelta(days=6))
    night()
    assert stored(desk.store) == {first}
    second = desk.says("又一件旧事", days_ago=OLD)
    desk.clock.advance(timedelta(days=2))
    night()
    assert stored(desk.store) == {second}
    with desk.store.read() as session:
        waiting = retention.waiting(session)
        assert waiting is not None
        assert waiting.planned == {"feedback": 1}


def test_a_run_that_was_interrupted_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    for _ in range(5):
        desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    with desk.store.read() as session:
        (one,) = [one for one in records.classes(session) if one.name == "feedback"]
    assert retention._delete_page(desk.store, made.id or 0, one, now=desk.now())
    assert len(stored(desk.store)) == 3
    with desk.store.write() as session, pytest.raises(Conflict, match="已经开始删除"):
        retention.cancel(session, actor=desk.auditor, run_id=made.id or 0, now=desk.now())
    assert run(desk, made).deleted == {"feedback": 5}


def test_the_queue_runs_it(desk: Desk) -> None:
    desk.says("旧事", days_ago=OLD)
    made = announced(desk)
    with desk.store.write() as session:
        retention.hurry(session, actor=desk.auditor, run_id=made.id or 0, now=desk.now(), queue=desk.queue)
    task = Task(lambda jobs: retention.execute(jobs, store=desk.store, clock=desk.clock))
    assert desk.queue.work({retention.RUN: task}, until_empty=True) == 1
    assert stored(desk.store) == set()
