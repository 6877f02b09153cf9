"""A queue, a source, and a pipeline whose rules are real and whose model is a few words.

The shipped model is tried in tests/e2e; here the question is what the service does with answers, and failures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.channels.kinds import ChannelKind
from app.clock import Clock
from app.feedback import sources, tasks
from app.feedback.ingest import ANALYSE, PROCESS
from app.feedback.models import Source
from app.jobs.queue import EmbeddedQueue, JobArgs, JobQueue, Task
from app.runtime import Runtime
from app.store.engine import Store
from nlp.doc import Doc, Label, Pii, Span
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.pipeline import Pipeline
from tests.app.feedback.desk import Desk
from tests.conftest import SetClock


@dataclass
class Words:
    """Stages that answer by single words; a doc that says `trouble` makes the encoder fail."""

    fills: str
    needs: tuple[str, ...] = ("identifiers",)
    version: str = "words1"
    trouble: str = "⚡"
    seen: list[int] = field(default_factory=list)

    def predict(self, docs: Sequence[Doc]) -> Sequence[Any]:
        self.seen.append(len(docs))
        return [getattr(self, f"_{self.fills}")(doc) for doc in docs]

    def _encoding(self, doc: Doc) -> SimpleNamespace:
        if any(self.trouble in doc.part(part) for part in doc.parts()):
            raise ValueError("the text is told in this message and must not be stored")
        return SimpleNamespace(embedding=np.eye(1, 384, dtype=np.float32)[0])

    def _labels(self, doc: Doc) -> dict[str, tuple[Label, ...]]:
        spots = [Span(part, at, at + 2) for part in doc.parts() if (at := doc.part(part).find("太久")) >= 0]
        cross = bool(spots)
        names = {"intent": "complaint" if cross else "other", "touchpoint": "branch", "business": "savings"}
        names |= {"cause": "service", "sentiment": "-1" if cross else "0"}
        one = {head: (Label(name, 0.9, "words1", tuple(spots), value=-0.5 * cross),) for head, name in names.items()}
        risky = any("曝光" in doc.part(part) for part in doc.parts())
        return one | {"risk": (Label("media", 0.8, "words1"),) if risky else ()}

    def _pii(self, doc: Doc) -> tuple[Pii, ...]:
        return doc.identifiers

    def _demand(self, doc: Doc) -> Span | None:
        for part in doc.parts():
            at = doc.part(part).find("请")
            if at >= 0:
                return Span(part, at, len(doc.part(part)))
        return None


@pytest.fixture
def encoder() -> Words:
    return Words("encoding")


@pytest.fixture
def pipeline(encoder: Words) -> Pipeline:
    rest = [Words("labels"), Words("demand"), Words("pii")]
    return Pipeline([Normalizer(), Masker(), encoder, *rest])


@pytest.fixture
def queue(store: Store, clock: SetClock) -> EmbeddedQueue:
    return EmbeddedQueue(store, clock)


@pytest.fixture
def source(store: Store, clock: SetClock) -> Source:
    with store.write() as session:
        return sources.create(session, name="bank", title="自有系统", channel=ChannelKind.CHAT, now=clock.now())


def work_off(store: Store, queue: JobQueue, pipeline: Pipeline, clock: Clock) -> int:
    """Run the jobs that are due; returns how many."""

    def process(jobs: Sequence[JobArgs]) -> None:
        tasks.process_delivery(jobs, store=store, queue=queue, clock=clock)

    def analyse(jobs: Sequence[JobArgs]) -> None:
        tasks.analyse(jobs, store=store, queue=queue, pipeline=pipeline, clock=clock)

    return queue.work({PROCESS: Task(process, batch=10), ANALYSE: Task(analyse, batch=10)}, until_empty=True)


@pytest.fixture
def work(store: Store, queue: EmbeddedQueue, pipeline: Pipeline, clock: SetClock) -> Callable[[], int]:
    """Works off the jobs of the test's store."""
    return lambda: work_off(store, queue, pipeline, clock)


@pytest.fixture
def work_with(pipeline: Pipeline) -> Callable[[Runtime], int]:
    """Works off the jobs of a runtime, with the pipeline of words in place of its model."""
    return lambda runtime: work_off(runtime.store, runtime.queue, pipeline, runtime.clock)


@pytest.fixture
def desk(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]) -> Desk:
    """One that works off the jobs after each step."""
    return Desk(store, source, queue, clock, work)
