"""Deliveries and interactions: whatever comes twice, late or out of order, the store ends up the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select, text

from app.channels.base import InteractionIn, Rejected
from app.customers.service import get_or_create
from app.feedback import contents, erase
from app.feedback.ingest import Applied, Envelope, Received, apply_interaction, receive
from app.feedback.models import Delivery, DeliveryState, Interaction, InteractionState, Message, Score, Source
from app.jobs.queue import EmbeddedQueue, open_count
from app.store.engine import Store
from tests.conftest import SetClock

AT = "2026-10-19T10:00:00+08:00"


def talk(*texts: str, revision: int = 0, external_id: str = "t-1", **fields: object) -> InteractionIn:
    messages = [{"external_id": f"m{n}", "role": "customer", "text": text} for n, text in enumerate(texts)]
    data = {
        "external_id": external_id,
        "revision": revision,
        "channel": "chat",
        "occurred_at": AT,
        "messages": messages,
    }
    return InteractionIn.model_validate(data | fields)


class Intake:
    """The domain's functions on one store."""

    def __init__(self, store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock) -> None:
        self.store, self.source, self.queue, self.clock = store, source, queue, clock

    def apply(self, value: InteractionIn) -> Applied:
        with self.store.write() as session:
            return apply_interaction(session, source=self.source, value=value, now=self.clock.now(), queue=self.queue)

    def receive(self, delivery_id: str, body: bytes, problem: Rejected | None = None) -> Received:
        envelope = Envelope(delivery_id, body, datetime(2026, 10, 19, tzinfo=UTC))
        with self.store.write() as session:
            return receive(
                session,
                source=self.source,
                envelope=envelope,
                problem=problem,
                now=self.clock.now(),
                queue=self.queue,
            )

    def texts(self) -> list[str]:
        with self.store.read() as session:
            rows = session.exec(select(Message).order_by(col(Message.interaction_id), col(Message.seq))).all()
            return [contents.original(session, row) for row in rows]

    def all(self, table: type[SQLModel]) -> list[Any]:
        with self.store.read() as session:
            return list(session.exec(select(table).order_by(text("id"))))


@pytest.fixture
def intake(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock) -> Intake:
    return Intake(store, source, queue, clock)


def test_the_same_delivery_twice_is_stored_once(intake: Intake) -> None:
    outcomes = [intake.receive("d1", b"{}"), intake.receive("d1", b"{}")]

    assert outcomes == [Received.ACCEPTED, Received.DUPLICATE]
    assert [row.state for row in intake.all(Delivery)] == [DeliveryState.RECEIVED]
    with intake.store.read() as session:
        assert open_count(session, "feedback.process_delivery") == 1


def test_a_known_id_with_another_body_raises_one_alarm_and_changes_nothing(intake: Intake) -> None:
    outcomes = [intake.receive("d1", body) for body in (b"{}", b"{ }", b"{ }", b"{}")]

    assert outcomes == [Received.ACCEPTED, Received.CONFLICT, Received.CONFLICT, Received.DUPLICATE]
    accepted, alarm = intake.all(Delivery)
    assert (accepted.state, accepted.error) == (DeliveryState.RECEIVED, None)
    assert (alarm.state, alarm.body) == (DeliveryState.CONFLICT, None)


def test_a_malformed_body_leaves_one_line_without_the_body_and_can_be_mended(intake: Intake) -> None:
    problem = Rejected(field="channel", message="缺少这个字段")

    outcomes = [
        intake.receive("d1", b"bad", problem),
        intake.receive("d1", b"bad", problem),
        intake.receive("d1", b"{}"),
    ]

    assert outcomes == [Received.REJECTED, Received.REJECTED, Received.ACCEPTED]
    refused, accepted = intake.all(Delivery)
    assert (refused.state, refused.error_field, refused.body) == (DeliveryState.REJECTED, "channel", None)
    assert accepted.state == DeliveryState.RECEIVED


def test_a_processed_delivery_has_its_interaction_and_no_body(intake: Intake, work: Callable[[], int]) -> None:
    intake.receive("d1", talk("排队太久").model_dump_json().encode())

    work()

    (delivery,), (interaction,) = intake.all(Delivery), intake.all(Interaction)
    assert (delivery.state, delivery.body, delivery.interaction_count) == (DeliveryState.PROCESSED, None, 1)
    assert interaction.delivery_id == delivery.id
    assert interaction.state == InteractionState.ANALYSED
    assert intake.receive("d1", talk("排队太久").model_dump_json().encode()) == Received.DUPLICATE


def test_a_higher_revision_extends_an_older_changes_nothing(intake: Intake) -> None:
    steps = [
        (talk("一", "二", revision=2, customer_ref="C1"), Applied.CREATED, ["一", "二"]),
        (talk("一", revision=1), Applied.OLDER, ["一", "二"]),
        (talk("一", "二", revision=2), Applied.UNCHANGED, ["一", "二"]),
        (talk("一", "两", revision=2), Applied.DIFFERS, ["一", "二"]),
        (talk("一", "两", "三", revision=3), Applied.EXTENDED, ["一", "两", "三"]),
    ]
    for value, outcome, texts in steps:
        assert intake.apply(value) == outcome
        assert intake.texts() == texts
    (interaction,) = intake.all(Interaction)
    assert (interaction.revision, interaction.customer_id is None) == (3, False)


NAMED = {"customer_ref": "C1", "product": "P1", "branch": "一支行", "region": "远山市", "sub_channel": "热线"}
CSAT = {"kind": "csat", "value": 2, "scale_min": 1, "scale_max": 5, "answered_at": AT}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (NAMED | {"scores": [CSAT]}, Applied.UNCHANGED),
        ({}, Applied.UNCHANGED),
        ({"scores": [CSAT | {"answered_at": None}]}, Applied.UNCHANGED),
        *(({name: "别的"}, Applied.DIFFERS) for name in NAMED),
        *(({"scores": [CSAT | {name: 3}]}, Applied.DIFFERS) for name in ("value", "scale_max")),
        ({"scores": [CSAT | {"scale_min": 0}]}, Applied.DIFFERS),
        ({"scores": [CSAT | {"answered_at": "2026-10-20T10:00:00+08:00"}]}, Applied.DIFFERS),
        ({"scores": [CSAT, {"kind": "nps", "value": 9, "scale_min": 0, "scale_max": 10}]}, Applied.DIFFERS),
    ],
)
def test_the_same_revision_that_says_something_else_is_told_and_changes_nothing(
    intake: Intake, said: dict[str, Any], outcome: Applied
) -> None:
    intake.apply(talk("一", revision=1, **NAMED, scores=[CSAT]))
    before = intake.all(Interaction), intake.all(Score)
    assert intake.apply(talk("一", revision=1, **said)) == outcome
    assert (intake.all(Interaction), intake.all(Score)) == before
    with intake.store.write() as session:
        erase.restrict(session, session.get_one(Interaction, before[0][0].id))
    assert intake.apply(talk("一", revision=1, **said)) == Applied.UNCHANGED


def test_a_customer_whom_the_delivery_does_not_name_is_no_difference(intake: Intake) -> None:
    """A person may have said whose feedback it is."""
    intake.apply(talk("一"))
    with intake.store.write() as session:
        row = session.exec(select(Interaction)).one()
        row.customer_id = get_or_create(session, ref="C1", now=intake.clock.now()).id
    assert intake.apply(talk("一")) == Applied.UNCHANGED
    assert intake.apply(talk("一", customer_ref="C1")) == Applied.UNCHANGED
    assert intake.apply(talk("一", customer_ref="C2")) == Applied.DIFFERS


def test_a_later_update_of_the_same_revision_extends(intake: Intake) -> None:
    intake.apply(talk("一", updated_at="2026-10-19T10:00:00Z"))

    assert intake.apply(talk("一", "二", updated_at="2026-10-19T11:00:00Z")) == Applied.EXTENDED
    assert intake.apply(talk("零", updated_at="2026-10-19T09:00:00Z")) == Applied.OLDER
    assert intake.texts() == ["一", "二"]


@pytest.mark.parametrize("seed", range(5))
def test_any_order_with_repeats_ends_the_same(intake: Intake, seed: int) -> None:
    """Senders send the interaction as it stands: every revision holds the messages so far."""
    chance = random.Random(seed)
    words = [f"第{n}句" for n in range(6)]
    history = [talk(*words[: n + 1], revision=n, region=f"区{n}", external_id=x) for n in range(6) for x in ("a", "b")]
    arrivals = history * 2
    chance.shuffle(arrivals)

    for value in arrivals:
        intake.apply(value)

    assert intake.texts() == words * 2
    assert [(row.revision, row.region) for row in intake.all(Interaction)] == [(5, "区5")] * 2
    with intake.store.read() as session:
        assert open_count(session, "feedback.analyse") == 2


def test_scores_are_stored_once_and_follow_the_newer_revision(intake: Intake) -> None:
    def answer(value: int) -> list[dict[str, Any]]:
        return [{"kind": "csat", "value": value, "scale_min": 1, "scale_max": 5}]

    for value in (
        talk("一", scores=answer(2), customer_ref="C1"),
        talk("一", scores=answer(2)),
        talk("一", revision=1, scores=answer(4)),
    ):
        intake.apply(value)

    (score,) = intake.all(Score)
    assert (score.value, score.customer_id is None) == (4, False)


def test_a_later_revision_that_names_the_customer_names_him_for_the_score_too(intake: Intake) -> None:
    score = [{"kind": "csat", "value": 2, "scale_min": 1, "scale_max": 5}]
    intake.apply(talk("一", scores=score))
    intake.apply(talk("一", revision=1, customer_ref="C0001"))
    (kept,) = intake.all(Score)
    (interaction,) = intake.all(Interaction)
    assert kept.customer_id is not None
    assert kept.customer_id == interaction.customer_id


def test_what_needs_no_reading_is_not_queued(intake: Intake) -> None:
    score = [{"kind": "nps", "value": 9, "scale_min": 0, "scale_max": 10}]
    intake.apply(talk(scores=score))
    intake.apply(talk(external_id="t-2", messages=[{"external_id": "m", "role": "agent", "text": "您好，有人吗？"}]))

    assert [row.state for row in intake.all(Interaction)] == [InteractionState.ANALYSED] * 2
    with intake.store.read() as session:
        assert open_count(session) == 0


def test_a_password_is_kept_nowhere(intake: Intake) -> None:
    intake.apply(talk("我的验证码是483920，怎么登不上"))

    (text,) = intake.texts()
    assert "483920" not in text
    assert len(text) == len("我的验证码是483920，怎么登不上")


def test_nothing_readable_is_stored_before_the_analysis(intake: Intake) -> None:
    intake.apply(talk("我叫李小满", subject="李小满的来信"))

    (message,), (interaction,) = intake.all(Message), intake.all(Interaction)
    assert message.masked_text is None
    assert interaction.subject_masked is None
    assert "李小满".encode() not in message.original + interaction.subject
