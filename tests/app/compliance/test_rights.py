"""What a person may ask for: a copy that holds all of it, a deletion that leaves nothing but what a law keeps."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
import sqlalchemy
from sqlmodel import SQLModel, select

from app.compliance import person, rights
from app.compliance.models import RequestState, RightsRequest
from app.customers.models import Consent, Customer, Purpose
from app.errors import Conflict, Invalid, NotFound
from app.feedback import originals
from app.feedback.ingest import Applied, apply_interaction
from app.feedback.models import Analysis, Erased, Interaction, InteractionState, LinkDigest, Message, Score
from app.feedback.query import FeedbackFilter, search
from app.store.audit import AuditEntry, verify
from app.topics.models import TopicPlace
from app.tracker.models import FollowUp
from tests.app.compliance.conftest import Desk, stored
from tests.app.feedback.test_ingest import talk

NUMBER = "13800138000"
SAID = f"等了太久，请打{NUMBER}"


def asked(desk: Desk, customer_id: int, right: str) -> int:
    with desk.store.write() as session:
        made = rights.register(
            session,
            actor=desk.auditor,
            customer_id=customer_id,
            right=right,
            verified="counter",
            note="",
            now=desk.now(),
        )
        assert made.id is not None
        return made.id


def exported(desk: Desk, request_id: int) -> tuple[str, dict[str, Any]]:
    with desk.store.write() as session:
        _, data = rights.export(session, actor=desk.auditor, request_id=request_id, now=desk.now())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        page, told = (archive.read(name).decode() for name in sorted(archive.namelist()))
    return page, json.loads(told)


def deleted(desk: Desk, request_id: int) -> dict[str, int]:
    with desk.store.write() as session:
        return rights.delete_person(session, actor=desk.auditor, request_id=request_id, now=desk.now()).outcome


def entries(desk: Desk, action: str) -> list[AuditEntry]:
    with desk.store.read() as session:
        assert verify(session).ok
        return list(session.exec(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_copy_holds_the_persons_own_words_and_nobody_elses(desk: Desk) -> None:
    mine, other = desk.says(SAID), desk.says("别人的话", ref="C-2")
    page, told = exported(desk, asked(desk, desk.customer(mine), "access"))
    (feedback,) = told["feedback"]
    assert feedback["id"] == mine != other
    assert [message["text"] for message in feedback["messages"]] == [SAID]
    assert feedback["judged"]["意图"] == "不满"
    assert NUMBER in page
    assert "别人的话" not in page
    (entry,) = entries(desk, "rights.export")
    assert entry.subject == f"customer:{desk.customer(mine)}"
    assert NUMBER not in json.dumps(entry.detail)


def test_the_banks_side_of_a_talk_is_masked_in_a_copy(desk: Desk) -> None:
    messages = [
        {"external_id": "a", "role": "customer", "text": "谁给我打的电话"},
        {"external_id": "b", "role": "agent", "text": f"同事的手机是{NUMBER}"},
    ]
    value = talk(external_id="both", customer_ref="C-1", messages=messages)
    with desk.store.write() as session:
        apply_interaction(session, source=desk.source, value=value, now=desk.now(), queue=desk.queue)
    desk.work()
    with desk.store.read() as session:
        customer_id = session.exec(select(Customer)).one().id or 0
    page, _ = exported(desk, asked(desk, customer_id, "access"))
    assert "同事的手机是[手机号]" in page
    assert NUMBER not in page


def test_a_deletion_leaves_no_trace_of_the_person(desk: Desk) -> None:
    mine, other = desk.says(SAID, name="t-mine"), desk.says("别人的话", ref="C-2")
    customer_id = desk.customer(mine)
    with desk.store.write() as session:
        rights.set_consent(
            session, actor=desk.auditor, customer_id=customer_id, purpose=Purpose.SURVEY, given=True, now=desk.now()
        )
    request_id = asked(desk, customer_id, "delete")
    assert deleted(desk, request_id) == {"erased": 1, "restricted": 0, "answers": 0}
    assert stored(desk.store) == {other}
    with desk.store.read() as session:
        assert [one.ref for one in session.exec(select(Customer))] == ["C-2"]
        assert {row.interaction_id for row in session.exec(select(Message))} == {other}
        assert {row.interaction_id for row in session.exec(select(Analysis))} == {other}
        for empty in (Consent, LinkDigest, Score, FollowUp):
            assert session.exec(select(empty)).all() == [], empty.__tablename__
        request = session.get_one(RightsRequest, request_id)
        assert (request.state, request.customer_id) == (RequestState.DONE, None)
    assert len(entries(desk, "rights.delete")) == 1


def test_what_was_deleted_does_not_come_back_when_it_is_sent_again(desk: Desk) -> None:
    mine = desk.says(SAID, name="t-mine")
    deleted(desk, asked(desk, desk.customer(mine), "delete"))
    assert desk.says(SAID, name="t-mine") == 0
    assert desk.says(SAID, name="t-mine", revision=7) == 0
    assert stored(desk.store) == set()
    with desk.store.read() as session:
        (left,) = session.exec(select(Erased)).all()
        assert "t-mine" not in left.external_digest
    assert desk.says("新的事", name="t-new") in stored(desk.store)


@pytest.mark.parametrize("closed_days_ago", [None, 30, 3 * 365 - 40])
def test_a_file_that_a_law_keeps_is_stored_and_nothing_else(desk: Desk, closed_days_ago: int | None) -> None:
    mine = desk.says(SAID)
    customer_id = desk.customer(mine)
    desk.issue(mine, closed_days_ago=closed_days_ago)
    with desk.store.write() as session:
        session.add(TopicPlace(interaction_id=mine, x=0, y=0))
    assert deleted(desk, asked(desk, customer_id, "delete")) == {"erased": 0, "restricted": 1, "answers": 0}
    with desk.store.read() as session:
        kept = session.get_one(Interaction, mine)
        assert (kept.state, kept.analysis_id) == (InteractionState.RESTRICTED, None)
        assert search(session, filter=FeedbackFilter(), size=10) == ([], 0)
        assert session.exec(select(Analysis)).all() == []
        assert session.exec(select(LinkDigest)).all() == []
        assert session.exec(select(TopicPlace)).all() == []
        assert [one.masked_text for one in session.exec(select(Message))] == [None]
        assert session.get_one(Customer, customer_id).region is None


def test_a_file_whose_period_has_ended_is_deleted(desk: Desk) -> None:
    mine = desk.says(SAID)
    desk.issue(mine, closed_days_ago=3 * 366)
    assert deleted(desk, asked(desk, desk.customer(mine), "delete"))["erased"] == 1
    assert stored(desk.store) == set()


def test_restricted_words_are_opened_for_an_authority_alone(desk: Desk) -> None:
    mine = desk.says(SAID)
    desk.issue(mine)
    deleted(desk, asked(desk, desk.customer(mine), "delete"))
    with desk.store.write() as session, pytest.raises(Conflict, match="停止处理"):
        originals.unmask(
            session, actor=desk.auditor, interaction_id=mine, reason="complaint", note="投诉单 1", now=desk.now()
        )
    with desk.store.write() as session:
        parts = originals.unmask(
            session, actor=desk.auditor, interaction_id=mine, reason="authority", note="监管来函 12 号", now=desk.now()
        )
    assert "".join(piece.text for piece in parts[0]) == SAID


def test_new_words_in_a_restricted_talk_are_stored_and_not_read(desk: Desk) -> None:
    mine = desk.says(SAID, name="t-1")
    desk.issue(mine)
    score = {"kind": "csat", "value": 2, "scale_min": 1, "scale_max": 5}
    desk.applies(talk(SAID, external_id="t-1", revision=1, customer_ref="C-1", scores=[score]))
    deleted(desk, asked(desk, desk.customer(mine), "delete"))
    done = desk.applies(talk("又等了太久", external_id="t-1", revision=2, customer_ref="C-1"))
    assert done is Applied.EXTENDED
    desk.work()
    with desk.store.read() as session:
        assert session.get_one(Interaction, mine).state is InteractionState.RESTRICTED
        assert session.exec(select(Analysis)).all() == []
        assert [score.customer_id for score in session.exec(select(Score))] == [None]


def test_who_withdraws_the_survey_is_not_asked_any_more(desk: Desk) -> None:
    bank = desk.bank
    with desk.store.write() as session:
        issue = bank.issue(session)
        (customer,) = bank.affected(session, issue, [2])
        action = bank.started(session, issue)
        session.add(FollowUp(action_id=action.id, customer_id=customer.id or 0))
        session.flush()
        rights.set_consent(
            session,
            actor=desk.auditor,
            customer_id=customer.id or 0,
            purpose=Purpose.SURVEY,
            given=False,
            now=desk.now(),
        )
    with desk.store.read() as session:
        assert session.exec(select(FollowUp)).all() == []
    (entry,) = entries(desk, "consent.withdraw")
    assert entry.detail == {"purpose": "survey", "left_lists": 1}


def test_a_number_finds_feedback_without_a_customer_and_a_person_claims_it(desk: Desk) -> None:
    mine, call = desk.says(SAID), desk.says(f"来电 {NUMBER} 投诉", ref=None)
    customer_id = desk.customer(mine)
    with desk.store.read() as session:
        assert [one.id for one in person.get(session, customer_id, now=desk.now()).unclaimed] == [call]
    with desk.store.write() as session:
        rights.claim(session, actor=desk.auditor, customer_id=customer_id, interaction_id=call, now=desk.now())
    assert desk.customer(call) == customer_id
    with desk.store.write() as session, pytest.raises(Conflict):
        rights.claim(session, actor=desk.auditor, customer_id=customer_id, interaction_id=call, now=desk.now())
    with desk.store.write() as session:
        rights.unclaim(session, actor=desk.auditor, customer_id=customer_id, interaction_id=call, now=desk.now())
    with desk.store.read() as session:
        assert session.get_one(Interaction, call).customer_id is None


def test_only_what_a_person_claimed_can_be_taken_back(desk: Desk) -> None:
    named = desk.says(SAID)
    with desk.store.write() as session, pytest.raises(Conflict, match="不是由人"):
        rights.unclaim(
            session, actor=desk.auditor, customer_id=desk.customer(named), interaction_id=named, now=desk.now()
        )


def test_feedback_without_a_customer_gets_a_pseudonym(desk: Desk) -> None:
    call = desk.says(SAID, ref=None)
    with desk.store.write() as session:
        customer_id, made = rights.person_of(session, actor=desk.auditor, interaction_id=call, now=desk.now())
        again = rights.person_of(session, actor=desk.auditor, interaction_id=call, now=desk.now())
    assert (made, again) == (True, (customer_id, False))
    assert desk.customer(call) == customer_id


def test_a_refusal_tells_its_reason_and_ends_the_request(desk: Desk) -> None:
    request_id = asked(desk, desk.customer(desk.says(SAID)), "delete")
    with desk.store.write() as session, pytest.raises(Invalid):
        rights.refuse(session, actor=desk.auditor, request_id=request_id, why=" ", now=desk.now())
    with desk.store.write() as session:
        rights.refuse(session, actor=desk.auditor, request_id=request_id, why="身份核实不符", now=desk.now())
    with desk.store.write() as session, pytest.raises(Conflict, match="已拒绝"):
        rights.delete_person(session, actor=desk.auditor, request_id=request_id, now=desk.now())


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"right": "sing"}, Invalid),
        ({"verified": "trust"}, Invalid),
        ({"note": f"打{NUMBER}"}, Invalid),
        ({"customer_id": 999}, NotFound),
    ],
)
def test_a_request_that_makes_no_sense_is_not_taken(desk: Desk, told: dict[str, Any], error: type[Exception]) -> None:
    sound: dict[str, Any] = {
        "customer_id": desk.customer(desk.says(SAID)),
        "right": "access",
        "verified": "app",
        "note": "工单 7",
    }
    with desk.store.write() as session, pytest.raises(error):
        rights.register(session, actor=desk.auditor, now=desk.now(), **(sound | told))
    with desk.store.read() as session:
        assert session.exec(select(RightsRequest)).all() == []


def test_the_same_request_is_open_once(desk: Desk) -> None:
    customer_id = desk.customer(desk.says(SAID))
    asked(desk, customer_id, "access")
    asked(desk, customer_id, "delete")
    with pytest.raises(Conflict, match="已经登记"):
        asked(desk, customer_id, "access")


def test_no_row_of_the_store_points_at_a_deleted_person(desk: Desk) -> None:
    """Whatever table comes later: a column that names a customer or a feedback is empty of both."""
    mine = desk.says(SAID)
    customer_id = desk.customer(mine)
    deleted(desk, asked(desk, customer_id, "delete"))
    with desk.store.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            for column, value in (("customer_id", customer_id), ("interaction_id", mine)):
                if column in table.c:
                    assert session.execute(sqlalchemy.select(table).where(table.c[column] == value)).all() == [], (
                        table.name
                    )
