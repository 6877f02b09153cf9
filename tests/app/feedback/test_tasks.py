"""Analysis as a job: masked words, labels and risks are written once; failures stay visible and can be retried."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from sqlmodel import Session, select

from app.channels.base import InteractionIn
from app.feedback import tasks
from app.feedback.ingest import ANALYSE, apply_interaction
from app.feedback.models import Analysis, AnalysisRisk, Interaction, InteractionState, Message, Source
from app.jobs.queue import EmbeddedQueue, open_count
from app.store.engine import Store
from nlp.pipeline import Pipeline
from tests.app.feedback.conftest import Words
from tests.conftest import SetClock

Apply = Callable[..., None]


@pytest.fixture
def apply(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock) -> Apply:
    def one(text: str, *, external_id: str = "t-1", revision: int = 0, subject: str | None = None) -> None:
        messages = [
            {"external_id": "a", "role": "agent", "text": "您好，您讲"},
            {"external_id": "b", "role": "customer", "text": text},
        ]
        data = {"external_id": external_id, "revision": revision, "channel": "chat", "occurred_at": "2026-10-19"}
        value = InteractionIn.model_validate(data | {"messages": messages, "subject": subject})
        with store.write() as session:
            apply_interaction(session, source=source, value=value, now=clock.now(), queue=queue)

    return one


def only(session: Session) -> tuple[Interaction, Analysis | None]:
    interaction = session.exec(select(Interaction)).one()
    return interaction, session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None


def test_the_result_is_written_masked_and_labelled(store: Store, apply: Apply, work: Callable[[], int]) -> None:
    apply("排队太久，我要曝光。请打13800138000", subject="等太久")

    work()

    with store.read() as session:
        interaction, analysis = only(session)
        messages = session.exec(select(Message).order_by("seq")).all()
        risks = session.exec(select(AnalysisRisk.name)).all()
        assert open_count(session, "topics.assign") == 1
    assert interaction.state == InteractionState.ANALYSED
    assert interaction.subject_masked == "等太久"
    assert [message.masked_text for message in messages] == ["您好，您讲", "排队太久，我要曝光。请打[手机号]"]
    assert [tuple(span) for span in messages[1].pii] == [(12, 23, "MOBILE", None)]
    assert analysis is not None
    assert (analysis.intent, analysis.sentiment, analysis.sentiment_score) == ("complaint", -1, -0.5)
    assert (analysis.demand, risks) == ("请打[手机号]", ["media"])
    assert list(analysis.demand_span or ()) == [1, 10, 23]
    assert analysis.labels["cause"]["evidence"] == [[-1, 1, 3], [1, 2, 4]]
    assert len(analysis.embedding) == 384 * 4


def test_running_again_writes_nothing_more(
    store: Store,
    apply: Apply,
    work: Callable[[], int],
    queue: EmbeddedQueue,
    pipeline: Pipeline,
    clock: SetClock,
    encoder: Words,
) -> None:
    apply("排队太久，我要曝光")
    work()
    with store.read() as session:
        before, number = only(session)[1], only(session)[0].id

    for _ in range(2):
        tasks.analyse([{"interaction_id": number}], store=store, queue=queue, pipeline=pipeline, clock=clock)

    with store.read() as session:
        assert only(session)[1] == before
        assert len(session.exec(select(Analysis)).all()) == 1
    assert sum(encoder.seen) == 1


def test_new_words_and_new_models_get_their_own_analysis(
    store: Store,
    apply: Apply,
    work: Callable[[], int],
    queue: EmbeddedQueue,
    pipeline: Pipeline,
    clock: SetClock,
    encoder: Words,
) -> None:
    apply("排队太久")
    work()
    apply("谢谢，解决了", revision=1)
    with store.read() as session:
        assert only(session)[0].state == InteractionState.PENDING
    work()
    encoder.version = "words2"
    with store.read() as session:
        number = only(session)[0].id
    tasks.analyse([{"interaction_id": number}], store=store, queue=queue, pipeline=pipeline, clock=clock)

    with store.read() as session:
        rows = session.exec(select(Analysis).order_by("id")).all()
        assert [row.intent for row in rows] == ["complaint", "other", "other"]
        assert only(session)[0].analysis_id == rows[-1].id
        assert "words2" in rows[-1].pipeline_version


def test_what_a_new_model_fails_on_stays_read_by_the_model_before_it(
    store: Store, apply: Apply, work: Callable[[], int], queue: EmbeddedQueue, pipeline: Pipeline, encoder: Words
) -> None:
    """The new model fails, the operator goes back to the old one and retries: nothing waits for ever."""
    apply("排队太久")
    work()
    encoder.version, encoder.trouble = "words2", "太久"
    assert tasks.reanalyse(store, queue=queue, version=pipeline.version) == 1
    work()
    with store.read() as session:
        assert only(session)[0].state == InteractionState.FAILED
    encoder.version, encoder.trouble = "words1", "nothing says this"
    with store.write() as session:
        assert tasks.retry_failed(session, queue=queue) == 1
    work()
    with store.read() as session:
        interaction, analysis = only(session)
    assert (interaction.state, interaction.failure) == (InteractionState.ANALYSED, None)
    assert analysis is not None


def test_what_is_queued_again_is_kept_page_by_page(
    store: Store,
    apply: Apply,
    work: Callable[[], int],
    queue: EmbeddedQueue,
    encoder: Words,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others write between two pages, and who is interrupted runs it again: nothing is queued twice."""
    for number in range(5):
        apply("排队太久", external_id=f"t-{number}")
    work()
    encoder.version = "words2"
    monkeypatch.setattr(tasks, "PAGE", 2)
    defer, calls = queue.defer, count(1)

    def interrupted(session: Session, task: str, *, key: str, interaction_id: int) -> None:
        if next(calls) == 4:
            raise KeyboardInterrupt
        defer(session, task, key=key, interaction_id=interaction_id)

    monkeypatch.setattr(queue, "defer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tasks.reanalyse(store, queue=queue, version=pipeline.version)
    monkeypatch.setattr(queue, "defer", defer)
    with store.read() as session:
        assert open_count(session, ANALYSE) == 2
    assert tasks.reanalyse(store, queue=queue, version=pipeline.version) == 5
    with store.read() as session:
        assert open_count(session, ANALYSE) == 5


def test_words_that_arrive_while_the_model_thinks_are_not_overwritten(
    store: Store, apply: Apply, work: Callable[[], int], encoder: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply("排队太久")
    think = encoder.predict

    def meanwhile(docs: list[object]) -> object:
        monkeypatch.setattr(encoder, "predict", think)
        apply("谢谢，解决了", revision=1)
        return think(docs)  # type: ignore[arg-type]  # the test's own pipeline

    monkeypatch.setattr(encoder, "predict", meanwhile)
    work()

    with store.read() as session:
        analysis = only(session)[1]
        assert analysis is not None
        assert analysis.intent == "other"
        assert len(session.exec(select(Analysis)).all()) == 1


def test_one_bad_text_fails_alone_and_can_be_retried(
    store: Store, apply: Apply, work: Callable[[], int], queue: EmbeddedQueue, encoder: Words
) -> None:
    apply("排队太久")
    apply(f"坏的{encoder.trouble}", external_id="t-2")
    work()

    with store.read() as session:
        rows = session.exec(select(Interaction).order_by("id")).all()
        assert [row.state for row in rows] == [InteractionState.ANALYSED, InteractionState.FAILED]
        assert rows[1].failure == "encoding: ValueError"
    encoder.trouble = "nothing says this"
    with store.write() as session:
        assert tasks.retry_failed(session, queue=queue) == 1
        assert open_count(session, ANALYSE) == 1
    work()
    with store.read() as session:
        assert set(session.exec(select(Interaction.state))) == {InteractionState.ANALYSED}
        assert tasks.retry_failed(session, queue=queue) == 0
