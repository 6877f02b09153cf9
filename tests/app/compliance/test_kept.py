"""What a deletion leaves: all of a person who is held, what was withdrawn, and the evidence that a law keeps."""

from __future__ import annotations

import pytest
from sqlmodel import select

from app.compliance import holds, person, rights
from app.compliance.person import Fate
from app.customers import consents
from app.customers.models import Customer, Purpose
from app.errors import Conflict
from app.tracker.models import FollowUp, Issue, IssueLink
from app.tracker.service import unlink
from tests.app.compliance.conftest import Desk, stored
from tests.app.compliance.test_rights import SAID, asked, deleted


def test_a_hold_keeps_the_words_but_stops_the_reading(desk: Desk) -> None:
    mine = desk.says(SAID)
    customer_id = desk.customer(mine)
    with desk.store.write() as session:
        holds.place(
            session,
            actor=desk.auditor,
            customer_id=customer_id,
            reason="litigation",
            note="案件 2026-17",
            now=desk.now(),
        )
    with desk.store.read() as session:
        (record,) = person.records_of(session, customer_id, now=desk.now())
        assert record.fate is Fate.HELD
    issue_id = desk.issue(mine)
    with desk.store.write() as session:
        action = desk.bank.started(session, session.get_one(Issue, issue_id))
        session.add(FollowUp(action_id=action.id, customer_id=customer_id))
        rights.set_consent(
            session, actor=desk.auditor, customer_id=customer_id, purpose=Purpose.SURVEY, given=True, now=desk.now()
        )
    assert deleted(desk, asked(desk, customer_id, "delete")) == {"erased": 0, "restricted": 1, "answers": 0}
    assert stored(desk.store) == {mine}
    with desk.store.read() as session:
        found = person.get(session, customer_id, now=desk.now())
    assert found.follow_ups == 0
    assert not any(one.given for one in found.consents.values() if one is not None)


def test_a_deletion_under_a_hold_is_due_again_when_it_ends(desk: Desk) -> None:
    customer_id = desk.customer(desk.says(SAID))
    with desk.store.write() as session:
        holds.place(
            session, actor=desk.auditor, customer_id=customer_id, reason="litigation", note="案件", now=desk.now()
        )
    request_id = asked(desk, customer_id, "delete")
    deleted(desk, request_id)
    with desk.store.write() as session:
        assert rights.release(session, actor=desk.auditor, customer_id=customer_id, now=desk.now())[1] == 1
    assert deleted(desk, request_id)["restricted"] == 0
    with desk.store.read() as session:
        assert session.get(Customer, customer_id) is None


def test_a_withdrawal_outlives_the_deletion(desk: Desk) -> None:
    mine = desk.says(SAID)
    desk.issue(mine)
    customer_id = desk.customer(mine)
    with desk.store.write() as session:
        for given in (True, False):
            rights.set_consent(
                session,
                actor=desk.auditor,
                customer_id=customer_id,
                purpose=Purpose.SURVEY,
                given=given,
                now=desk.now(),
            )
    deleted(desk, asked(desk, customer_id, "delete"))
    with desk.store.write() as session:
        told = {(customer_id, Purpose.SURVEY): True}
        assert consents.tell_all(session, told=told, told_by="file", now=desk.now()) == 1  # an older list


def test_evidence_that_is_only_kept_for_the_law_stays_linked(desk: Desk) -> None:
    mine = desk.says(SAID)
    issue_id = desk.issue(mine)
    deleted(desk, asked(desk, desk.customer(mine), "delete"))
    with desk.store.read() as session:
        link_id = session.exec(select(IssueLink.id)).one() or 0
    with desk.store.write() as session, pytest.raises(Conflict, match="不能移除"):
        unlink(session, actor=desk.bank.boss, issue_id=issue_id, link_id=link_id, now=desk.now())
