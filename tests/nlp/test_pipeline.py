"""Docs come back in order, whole or with a reason, whatever the batches were."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.doc import Doc, Failure
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.pipeline import WINDOW, Pipeline, WiringError
from nlp.segment import Segmenter

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Fussy:
    """Cannot bear a doc that says 坏, alone or in company."""

    fills: str = "words"
    needs: tuple[str, ...] = ("normal",)
    version: str = "fussy1"
    sizes: list[int] = field(default_factory=list)

    def predict(self, docs: Sequence[Doc]) -> list[dict[int, Any]]:
        self.sizes.append(len(docs))
        if any("坏" in doc.part(0) for doc in docs):
            raise ZeroDivisionError("this message quotes the customer")
        return [{} for _ in docs]


@dataclass
class Short(Fussy):
    """Answers for one doc too few when there are several."""

    def predict(self, docs: Sequence[Doc]) -> list[dict[int, Any]]:
        return [{} for _ in docs[: max(1, len(docs) - 1)]]


TEXTS = st.lists(st.text("电话13812345678幺三八 ,坏卡号6225", max_size=40), max_size=30)


def test_a_need_nobody_fills_is_refused_at_once() -> None:
    with pytest.raises(WiringError, match="stage identifiers needs normal"):
        Pipeline([Masker()])
    with pytest.raises(WiringError, match="two stages fill normal"):
        Pipeline([Normalizer(), Normalizer()])


def test_version_names_every_stage() -> None:
    stages = (Normalizer(), Masker(), Segmenter())
    assert Pipeline(stages).version == "+".join(stage.version for stage in stages)


@given(TEXTS, st.integers(1, 9))
@settings(max_examples=50)
def test_results_do_not_depend_on_the_batch(texts: list[str], batch_size: int) -> None:
    pipeline = Pipeline([Normalizer(), Masker(), Segmenter()])
    docs = [Doc.of(str(number), text) for number, text in enumerate(texts)]
    together = list(pipeline.run(docs, batch_size=batch_size))
    alone = [done for doc in docs for done in pipeline.run([doc], batch_size=1)]
    assert together == alone
    assert [doc.id for doc in together] == [doc.id for doc in docs]
    assert all(doc.normal == {} for doc in docs)  # the docs given stay as they were


@given(TEXTS, st.integers(1, 9))
@settings(max_examples=50)
def test_a_bad_doc_harms_no_other(texts: list[str], batch_size: int) -> None:
    docs = [Doc.of(str(number), text) for number, text in enumerate(texts)]
    done = list(Pipeline([Normalizer(), Fussy(), Masker()]).run(docs, batch_size=batch_size))
    assert [doc.id for doc in done] == [doc.id for doc in docs]
    for doc in done:
        bad = "坏" in doc.part(0)
        assert doc.failure == (Failure("words", "ZeroDivisionError") if bad else None)
        assert doc.normal
        assert not (bad and doc.identifiers)  # later stages leave it alone


def test_a_stage_that_answers_for_too_few_is_caught() -> None:
    done = list(Pipeline([Normalizer(), Short()]).run([Doc.of("1", "一"), Doc.of("2", "二")]))
    assert all(doc.failure is None for doc in done)  # each was tried alone, where it answers


def test_input_may_be_endless() -> None:
    pulled = count()
    docs = (Doc.of(str(number), "好" * (number % 7)) for number in pulled)
    first = list(islice(Pipeline([Normalizer()]).run(docs, batch_size=2), 5))
    assert [doc.id for doc in first] == ["0", "1", "2", "3", "4"]
    assert next(pulled) <= 2 * WINDOW


def test_batches_hold_docs_of_like_length() -> None:
    lengths = [1, 100, 2, 90, 3, 80]
    stage = Fussy()
    seen: list[list[int]] = []

    @dataclass
    class Watch(Fussy):
        fills: str = "labels"

        def predict(self, docs: Sequence[Doc]) -> list[dict[int, Any]]:
            seen.append([len(doc.part(0)) for doc in docs])
            return [{} for _ in docs]

    list(Pipeline([Normalizer(), stage, Watch()]).run([Doc.of("x", "好" * n) for n in lengths], batch_size=3))
    assert seen == [[1, 2, 3], [80, 90, 100]]
    assert stage.sizes == [3, 3]


def test_a_batch_holds_at_least_one_doc() -> None:
    with pytest.raises(ValueError, match="batch_size"):
        list(Pipeline([Normalizer()]).run([], batch_size=0))
