"""Figures on labelled rows, read through the whole pipeline as in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlp.heads import CHOICE_HEADS, RISK
from nlp.metrics import bootstrap, f1_at, macro_f1
from nlp.taxonomy import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nlp.doc import Doc
    from nlp.pipeline import Pipeline
    from training.corpus import Example


def evaluate(pipeline: Pipeline, examples: Sequence[Example]) -> Iterator[str]:
    """Lines of a table in Markdown.

    Per head macro-F1 with its 95 % interval, accuracy, precision of what is accepted and its coverage; then
    risks and demand.
    """
    docs = list(pipeline.run([example.doc for example in examples]))
    read = [(doc, example) for doc, example in zip(docs, examples, strict=True) if doc.failure is None]
    yield f"n = {len(read)} of {len(examples)} (the rest failed)"
    yield "| head | macro-F1 (classes with ≥ 20) | 95 % interval | accuracy | precision accepted | coverage |"
    yield "|---|---|---|---|---|---|"
    for head in CHOICE_HEADS:
        names = values(head)
        gold = np.array([example.gold[head] for _, example in read])
        predicted = np.array([names.index(doc.labels[head][0].name) for doc, _ in read])
        accepted = np.array([not doc.labels[head][0].abstained for doc, _ in read])
        low, high = bootstrap(macro_f1, gold, predicted)
        right = gold == predicted
        yield (
            f"| {head} | {macro_f1(gold, predicted):.3f} | {low:.3f}–{high:.3f} | {right.mean():.3f} "
            f"| {right[accepted].mean():.3f} | {accepted.mean():.3f} |"
        )
        if head == "sentiment":
            sign, told = np.sign(gold - 2), np.sign(predicted - 2)
            low, high = bootstrap(macro_f1, sign, told)
            yield (
                f"| sentiment 3-way | {macro_f1(sign, told):.3f} | {low:.3f}–{high:.3f} "
                f"| {(sign == told).mean():.3f} | – | – |"
            )
    truth = np.array([example.risks for _, example in read])
    told_risks = np.array(
        [[any(label.name == name for label in doc.labels[RISK]) for name in values(RISK)] for doc, _ in read]
    )
    yield f"risk micro-F1 {f1_at(told_risks.astype(np.float32), truth, 0.5):.3f} ({truth.sum()} flags)"
    yield f"demand character-F1 {_character_f1([doc for doc, _ in read], [example for _, example in read]):.3f}"


def _character_f1(docs: Sequence[Doc], examples: Sequence[Example]) -> float:
    """Over all characters of all texts that gold or prediction calls part of a demand."""
    both = told = gold = 0
    for doc, example in zip(docs, examples, strict=True):
        mine, theirs = doc.demand, example.demand
        told += mine.end - mine.start if mine else 0
        gold += theirs.end - theirs.start if theirs else 0
        if mine and theirs and mine.part == theirs.part:
            both += max(0, min(mine.end, theirs.end) - max(mine.start, theirs.start))
    return 2 * both / (told + gold) if told + gold else 1.0
