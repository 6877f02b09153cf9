"""Corrections: what a person says counts everywhere, survives a new model, can be undone, and is exported masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.channels.base import InteractionIn
from app.errors import Conflict, Invalid, NotFound
from app.feedback import corrections, tasks
from app.feedback.display import evidence_of, label_notes
from app.feedback.ingest import apply_interaction
from app.feedback.models import Analysis, Correction, Interaction, Source
from app.feedback.query import FeedbackFilter, detail, search
from app.people import service as people
from app.people.models import Role, User
from app.store.audit import AuditEntry
from app.store.engine import Store
from nlp import taxonomy
from training import corpus

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.jobs.queue import EmbeddedQueue
    from nlp.pipeline import Pipeline
    from tests.app.feedback.conftest import Words
    from tests.conftest import SetClock

SAID = "排队太久，我要曝光。请打13800138000"


@pytest.fixture
def user(store: Store, clock: SetClock) -> User:
    with store.write() as session:
        return people.add_user(
            session,
            actor="system:test",
            login="li",
            name="李主管",
            role=Role.SUPERVISOR,
            password="Hao-de-mima-2026",
            now=clock.now(),
        )


@pytest.fixture
def say(
    store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]
) -> Callable[..., None]:
    def one(text: str, revision: int = 0) -> None:
        messages = [{"external_id": "b", "role": "customer", "text": text}]
        data = {"external_id": "t-1", "revision": revision, "channel": "chat", "occurred_at": "2026-10-19"}
        with store.write() as session:
            value = InteractionIn.model_validate(data | {"messages": messages})
            apply_interaction(session, source=source, value=value, now=clock.now(), queue=queue)
        work()

    return one


@pytest.fixture
def change(store: Store, user: User, clock: SetClock) -> Callable[..., Correction | None]:
    def one(**labels: str | list[str]) -> Correction | None:
        with store.write() as session:
            interaction = session.exec(select(Interaction)).one()
            return corrections.correct(
                session,
                actor=user,
                interaction_id=interaction.id or 0,
                analysis_id=interaction.analysis_id or 0,
                after=corrections.newest(session, session.get_one(Analysis, interaction.analysis_id)),
                labels=labels,
                now=clock.now(),
            )

    return one


def found(store: Store, **wanted: str) -> int:
    with store.read() as session:
        return search(session, filter=FeedbackFilter(**wanted))[1]  # type: ignore[arg-type]  # names of filters


def test_lists_and_filters_count_what_the_person_said_until_it_is_undone(
    store: Store, say: Callable[..., None], change: Callable[..., Correction | None], user: User, clock: SetClock
) -> None:
    say(SAID)
    made = change(intent="suggestion", cause="service", risk=["fraud"])
    assert made is not None
    assert made.labels == {"intent": ["suggestion"], "risk": ["fraud"]}, "what is the same is no correction"
    assert [found(store, intent=name) for name in ("suggestion", "complaint")] == [1, 0]
    assert [found(store, risk=name) for name in ("fraud", "media")] == [1, 0]
    with store.read() as session:
        told = detail(session, 1)
        assert [(one.id, who) for one, who in told.corrections] == [(made.id, "李主管")]
        assert told.analysis is not None
        notes = {note.head: note for note in label_notes(told.analysis, told.risks)}
        assert (notes["intent"].title, notes["intent"].said) == ("建议", "不满")
        assert (notes["risk"].title, notes["risk"].said) == ("欺诈盗刷", "舆情曝光")
        assert notes["cause"].said is None
        numbers = {number for spans in evidence_of(told.analysis).values() for _, _, number in spans}
        assert numbers == {note.number for note in notes.values() if note.number}, "decided labels show no evidence"
    with store.write() as session:
        corrections.undo(session, actor=user, interaction_id=1, correction_id=made.id or 0, now=clock.now())
    assert [found(store, intent="complaint"), found(store, risk="media"), found(store, risk="fraud")] == [1, 1, 0]
    with store.write() as session, pytest.raises(Conflict):
        corrections.undo(session, actor=user, interaction_id=1, correction_id=made.id or 0, now=clock.now())
    with store.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.subject == "feedback:1")).all()
        deeds = [(entry.action, entry.detail["heads"]) for entry in entries]
    assert deeds == [("feedback.correct", ["intent", "risk"]), ("feedback.correct_undo", ["intent", "risk"])]


def test_a_new_model_does_not_undo_a_person_but_new_words_do(
    store: Store,
    say: Callable[..., None],
    change: Callable[..., Correction | None],
    encoder: Words,
    queue: EmbeddedQueue,
    pipeline: Pipeline,
    work: Callable[[], int],
) -> None:
    say(SAID)
    change(intent="praise")
    encoder.version = "words2"
    assert tasks.reanalyse(store, queue=queue, version=pipeline.version) == 1
    work()
    assert tasks.reanalyse(store, queue=queue, version=pipeline.version) == 0
    with store.read() as session:
        rows = session.exec(select(Analysis).order_by("id")).all()
        assert [(row.intent, row.corrected) for row in rows] == [("praise", ["intent"])] * 2
    say(SAID + "，太久了", revision=1)
    with store.read() as session:
        told = detail(session, 1)
        assert told.analysis is not None
        assert (told.analysis.intent, told.analysis.corrected, told.corrections) == ("complaint", [], [])


@pytest.mark.parametrize(
    ("labels", "field"),
    [({"mood": "bad"}, "labels"), ({"intent": "anger"}, "intent"), ({"cause": ["service", "product"]}, "cause")],
)
def test_what_is_not_on_the_label_list_is_refused(
    store: Store, say: Callable[..., None], change: Callable[..., Correction | None], labels: dict[str, str], field: str
) -> None:
    say(SAID)
    with pytest.raises(Invalid) as told:
        change(**labels)
    assert told.value.field == field
    assert found(store, intent="complaint") == 1


def test_who_saw_an_older_analysis_is_told(store: Store, say: Callable[..., None], user: User, clock: SetClock) -> None:
    say(SAID)
    say(SAID + "，太久了", revision=1)
    with store.write() as session, pytest.raises(Conflict):
        corrections.correct(
            session, actor=user, interaction_id=1, analysis_id=1, after=0, labels={"intent": "praise"}, now=clock.now()
        )
    with store.write() as session, pytest.raises(NotFound):
        corrections.correct(session, actor=user, interaction_id=9, analysis_id=1, after=0, labels={}, now=clock.now())


def test_a_form_that_is_older_than_a_colleagues_correction_is_refused(
    store: Store, say: Callable[..., None], change: Callable[..., Correction | None], user: User, clock: SetClock
) -> None:
    say(SAID)
    change(intent="praise")
    with store.write() as session, pytest.raises(Conflict, match="刚被别人改过"):
        corrections.correct(
            session,
            actor=user,
            interaction_id=1,
            analysis_id=1,
            after=0,
            labels={"intent": "complaint", "cause": "pricing"},
            now=clock.now(),
        )
    assert found(store, intent="praise") == 1


def test_the_export_is_masked_partial_and_what_training_reads(
    store: Store, say: Callable[..., None], change: Callable[..., Correction | None], tmp_path: Path
) -> None:
    say(SAID)
    with store.read() as session:
        assert list(corrections.export(session)) == []
    change(intent="suggestion", sentiment="-2")
    change(intent="inquiry")
    with store.read() as session:
        (row,) = corrections.export(session)
    assert "13800138000" not in json.dumps(row)
    assert row["turns"][0]["text"].endswith("[手机号]")
    assert row["labels"] == {"intent": "inquiry", "sentiment": "-2"}
    (tmp_path / "c.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    (example,) = corpus.read([tmp_path / "c.jsonl"])
    assert example.gold == {
        "intent": taxonomy.values("intent").index("inquiry"),
        "sentiment": taxonomy.values("sentiment").index("-2"),
    }
    assert not example.development
    assert example.risks is None
    assert not example.demand_known
