"""Runs docs through stages: checked wiring, batches of like length, one bad doc harms no other."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp.doc import Doc, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from nlp.stage import Stage

WINDOW = 16  # batches that are read ahead and sorted by length together


class WiringError(ValueError):
    """A stage needs a field that nothing before it fills, or fills one that is filled already."""


class Pipeline:
    """Stages in order. Immutable; `run` may be called from several threads when the stages allow it."""

    def __init__(self, stages: Sequence[Stage[Any]]) -> None:
        filled: set[str] = set()
        for stage in stages:
            missing = [need for need in stage.needs if need not in filled]
            if missing:
                raise WiringError(f"stage {stage.fills} needs {', '.join(missing)}, which no stage before it fills")
            if stage.fills in filled:
                raise WiringError(f"two stages fill {stage.fills}")
            filled.add(stage.fills)
        self.stages = tuple(stages)

    @property
    def version(self) -> str:
        """The versions of all stages; results of equal versions are comparable."""
        return "+".join(stage.version for stage in self.stages)

    def run(self, docs: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """The docs with every stage's field filled, in the order they came.

        Reads at most `WINDOW` batches ahead, so the input may be endless. A doc that a stage cannot take
        comes back with `failure` set and without the fields of that stage and the later ones. The docs given
        are not changed. ValueError for a batch_size below 1.
        """
        if batch_size < 1:
            raise ValueError("batch_size must be at least 1")
        source = iter(docs)
        while window := [replace(doc) for doc in islice(source, batch_size * WINDOW)]:
            order = sorted(range(len(window)), key=lambda at: _length(window[at]))
            for first in range(0, len(order), batch_size):
                self._batch([window[at] for at in order[first : first + batch_size]])
            yield from window

    def embed(self, texts: Sequence[str], *, batch_size: int = 64) -> NDArray[np.float32]:
        """Unit vectors (n, hidden) of short texts, by the stages up to the encoder alone.

        Raises ValueError for a text in which there is nothing to read, without quoting it.
        """
        ends = next(number for number, stage in enumerate(self.stages, 1) if stage.fills == "encoding")
        first = Pipeline(self.stages[:ends])
        vectors = []  # alone: what the encoder says of every piece is let go at once
        for doc in first.run((Doc.of(str(n), text) for n, text in enumerate(texts, 1)), batch_size=batch_size):
            if doc.encoding is None:
                raise ValueError(f"text {doc.id} of {len(texts)} cannot be read")
            vectors.append(doc.encoding.embedding)
        return np.stack(vectors)

    def _batch(self, docs: Sequence[Doc]) -> None:
        for stage in self.stages:
            whole = [doc for doc in docs if doc.failure is None]
            try:
                _fill(stage, whole)
            except Exception:  # noqa: BLE001 - whatever it was, each doc is tried alone below
                for doc in whole:
                    _fill_alone(stage, doc)


def _fill(stage: Stage[Any], docs: Sequence[Doc]) -> None:
    """Sets the stage's field on all docs or, when the stage fails, on none."""
    if not docs:
        return
    for doc, value in list(zip(docs, stage.predict(docs), strict=True)):
        setattr(doc, stage.fills, value)


def _fill_alone(stage: Stage[Any], doc: Doc) -> None:
    try:
        _fill(stage, [doc])
    except Exception as error:  # noqa: BLE001 - the class is kept, the message may quote the customer
        doc.failure = Failure(stage.fills, type(error).__name__)


def _length(doc: Doc) -> int:
    return sum(len(doc.part(part)) for part in doc.parts())
