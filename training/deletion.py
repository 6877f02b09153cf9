"""Is the evidence what carries a label? Without it the label's score must fall more than without random words."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from nlp.doc import SUBJECT, Doc, Turn
from nlp.heads import HEADS, Judge
from nlp.taxonomy import values
from training.figures import Figure, draws, mean
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from nlp.doc import Label, Span
    from nlp.pipeline import Pipeline

SEED = 20261101


def table(pipeline: Pipeline, docs: Sequence[Doc]) -> Table:
    """Per head the mean fall of an accepted label's score without its evidence and without as many random words.

    Texts whose evidence is all there is are left out: nothing would remain to be judged.
    """
    drawn = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    trials = [
        (head, values(head).index(label.name), label.score, doc, evidence)
        for doc in pipeline.run(docs)
        if doc.failure is None
        for head, label in _accepted(doc)
        if 0 < len(evidence := _words(doc, label.evidence)) < len(_all(doc))
    ]
    without = [_without(doc, evidence) for _, _, _, doc, evidence in trials]
    without_others = [_without(doc, drawn.sample(_all(doc), len(evidence))) for _, _, _, doc, evidence in trials]
    judge = next(stage for stage in pipeline.stages if isinstance(stage, Judge))
    told = [list(pipeline.run(cut)) for cut in (without, without_others)]
    falls: dict[str, list[tuple[float, float]]] = {head: [] for head in HEADS}
    for (head, index, score, _, _), *cut in zip(trials, *told, strict=True):
        if all(doc.failure is None for doc in cut):
            after = [float(judge.scores(doc)[head][index]) for doc in cut]
            falls[head].append((score - after[0], score - after[1]))
    rows: list[tuple[object, ...]] = []
    for head, found in falls.items():
        if found:
            both = np.array(found)
            apart = Figure.of(mean(draws(len(both)), both[:, 0] - both[:, 1]))
            larger = float((both[:, 0] > both[:, 1]).mean())
            rows.append((head, len(both), *both.mean(axis=0).tolist(), apart.value, apart.low, apart.high, larger))
    columns = (
        "head",
        "n",
        "fall without evidence",
        "without random words",
        "difference",
        "low",
        "high",
        "share larger",
    )
    return Table(
        "Evidence, by deletion", columns, rows, "Scores are calibrated probabilities of the label that was given."
    )


def _accepted(doc: Doc) -> Iterator[tuple[str, Label]]:
    for head in HEADS:
        for label in doc.labels[head]:
            if not label.abstained:
                yield head, label


def _all(doc: Doc) -> list[Span]:
    return [word for part, words in doc.words.items() if doc.judged(part) for word in words]


def _words(doc: Doc, evidence: Sequence[Span]) -> list[Span]:
    """The words that lie in the evidence."""
    return [
        word
        for word in _all(doc)
        if any(span.part == word.part and span.start < word.end and word.start < span.end for span in evidence)
    ]


def _without(doc: Doc, words: Collection[Span]) -> Doc:
    """The same doc with some words cut out."""

    def cut(part: int) -> str:
        gone = {at for word in words if word.part == part for at in range(word.start, word.end)}
        return "".join(char for at, char in enumerate(doc.part(part)) if at not in gone)

    turns = tuple(Turn(turn.role, cut(part)) for part, turn in enumerate(doc.turns))
    return Doc(doc.id, turns, cut(SUBJECT) if doc.subject else "")
