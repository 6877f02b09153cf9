"""From answers to figures: one `Measured` per head, with every system's value and its resamples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nlp.doc import Span
from nlp.heads import CHOICE_HEADS, RISK
from nlp.model import DEMAND
from training import figures
from training.peers.told import POLE, SIGN, UNKNOWN, Told
from training.rows import gold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.corpus import Example
    from training.figures import Floats, Ints

SCORE = "sentiment score"
_MIDDLE = 2  # of the five sentiments; their indices less this, halved, are scores in [-1, 1]


@dataclass(slots=True)
class Measured:
    """One head on the `rows` (numbers) whose answer is known.

    values: system → the figure's vector (training.figures). shares: system → accuracy, precision of what it
    accepts, coverage, where it has them. Of the mean absolute error less is better, of the rest more.
    """

    head: str
    figure: str
    rows: Ints
    values: dict[str, Floats] = field(default_factory=dict)
    shares: dict[str, tuple[float, float | None, float | None]] = field(default_factory=dict)

    @property
    def better(self) -> int:
        """1 where more is better, -1 where less is."""
        return -1 if self.head == SCORE else 1


def measure(examples: Sequence[Example], told: dict[str, Told]) -> list[Measured]:
    """Every head that some row knows; a system that does not answer a head is not in it."""
    heads = (*CHOICE_HEADS, SIGN, POLE)
    found = [*(_choice(head, examples, told) for head in heads), _score(examples, told)]
    found += [_risk(examples, told), _demand(examples, told)]
    return [measured for measured in found if len(measured.rows)]


def _choice(head: str, examples: Sequence[Example], told: dict[str, Told]) -> Measured:
    every = np.array([gold(example, head) for example in examples], dtype=int)
    measured = Measured(head, "macro-F1", np.flatnonzero(every != UNKNOWN))
    right_one = every[measured.rows]
    for name, answers in _answering(measured, told):
        if head in answers.choice:
            mine = np.array(answers.choice[head])[measured.rows]
            measured.values[name] = figures.macro_f1(figures.draws(len(mine)), right_one, mine)
            measured.shares[name] = _shares(mine == right_one, answers, measured)
    return measured


def _shares(right: np.ndarray, answers: Told, measured: Measured) -> tuple[float, float | None, float | None]:
    if measured.head not in answers.accepted:
        return float(right.mean()), None, None
    accepted = np.array(answers.accepted[measured.head])[measured.rows]
    return float(right.mean()), float(right[accepted].mean()) if accepted.any() else None, float(accepted.mean())


def _score(examples: Sequence[Example], told: dict[str, Told]) -> Measured:
    """A system without a score of its own is taken by its label."""
    every = np.array([gold(example, "sentiment") for example in examples], dtype=int)
    measured = Measured(SCORE, "mean absolute error", np.flatnonzero(every != UNKNOWN))
    for name, answers in _answering(measured, told):
        if "sentiment" in answers.choice:
            labels = (np.array(answers.choice["sentiment"]) - _MIDDLE) / 2
            mine = (np.array(answers.score) if answers.score else labels)[measured.rows]
            apart = np.abs(mine - (every[measured.rows] - _MIDDLE) / 2)
            measured.values[name] = figures.mean(figures.draws(len(mine)), apart)
    return measured


def _risk(examples: Sequence[Example], told: dict[str, Told]) -> Measured:
    known = [at for at, example in enumerate(examples) if example.knows(RISK)]
    measured = Measured(RISK, "micro-F1", np.array(known, dtype=int))
    truth = np.array([examples[at].risks for at in known], dtype=int)
    for name, answers in _answering(measured, told):
        if answers.risks:
            mine = np.array(answers.risks)[measured.rows]
            measured.values[name] = figures.micro_f1(figures.draws(len(mine)), truth, mine)
    return measured


def _demand(examples: Sequence[Example], told: dict[str, Told]) -> Measured:
    """Over all characters of all texts that gold or answer calls part of a demand."""
    known = [at for at, example in enumerate(examples) if example.knows(DEMAND)]
    measured = Measured(DEMAND, "character-F1", np.array(known, dtype=int))
    for name, answers in _answering(measured, told):
        if answers.demand:
            pairs = [(examples[at].demand, _span(answers.demand[at])) for at in known]
            both = np.array([_overlap(one, other) for one, other in pairs])
            either = np.array([_length(one) + _length(other) for one, other in pairs])
            measured.values[name] = figures.share(figures.draws(len(known)), 2 * both, either)
    return measured


def _answering(measured: Measured, told: dict[str, Told]) -> Iterator[tuple[str, Told]]:
    """No system where no row is known: there is nothing to draw from."""
    yield from told.items() if len(measured.rows) else ()


def _span(told: tuple[int, int, int] | None) -> Span | None:
    return Span(*told) if told else None


def _length(span: Span | None) -> int:
    return span.end - span.start if span else 0


def _overlap(one: Span | None, other: Span | None) -> int:
    if not one or not other or one.part != other.part:
        return 0
    return max(0, min(one.end, other.end) - max(one.start, other.start))
