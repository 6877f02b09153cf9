"""Doubtful labels, by confident learning: rows whose given class a model trained without them finds unlikely.

Each row is read by a linear model on n-grams that did not learn from it (five folds). A class is likely for a row
when its chance reaches the mean chance of that class among the rows that bear it; a row is doubtful when another
class is likely and more so than its own (Northcutt et al. 2021, Confident Learning, eq. 1 and 2). Nothing is edited:
what comes out is a list for a reader.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from nlp.heads import CHOICE_HEADS
from nlp.segment import Segmenter
from nlp.signals import Signals
from nlp.taxonomy import values
from training.table import Table
from training.wide import matrix_of, untrained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from training.corpus import Example

FOLDS = 5
SWAPS = 3  # the commonest, told by name


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubtful label. chance: of the class that is likelier."""

    id: str
    head: str
    given: str
    likely: str
    chance: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One head's labels beside what a model that did not learn from them expects.

    rows: numbers of the N examples that know the head. given: (N,) classes. names: (C,) the classes that occur often
    enough to be told apart. chances: (N, C).
    """

    head: str
    rows: NDArray[np.int_]
    given: NDArray[np.int_]
    names: NDArray[np.int_]
    chances: NDArray[np.float64]


def readings(examples: Sequence[Example]) -> Iterator[Reading]:
    """Every choice head, each row read by a model of the other folds; a head with one class only is left out."""
    docs = [example.doc for example in examples]
    for doc, words in zip(docs, Segmenter().predict(docs), strict=True):
        doc.words = words
    matrix = matrix_of(untrained(docs, Signals({})), docs)
    for head in CHOICE_HEADS:
        counts = Counter(example.gold[head] for example in examples if example.knows(head))
        often = {label for label, count in counts.items() if count >= FOLDS}  # one of each in every fold
        if len(often) < 2:  # noqa: PLR2004 - nothing to take one for the other
            continue
        known = np.array([at for at, row in enumerate(examples) if row.knows(head) and row.gold[head] in often])
        given = np.array([examples[at].gold[head] for at in known])
        model = SGDClassifier(loss="log_loss", alpha=1e-5, random_state=0)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        chances = cross_val_predict(model, matrix[known], given, cv=folds, method="predict_proba")
        yield Reading(head, known, given, np.unique(given), chances)


def doubts(examples: Sequence[Example], read: Iterable[Reading]) -> Iterator[Doubt]:
    """All of them, the surest first within each head."""
    for reading in read:
        likely = doubtful(reading.chances, np.searchsorted(reading.names, reading.given))
        for row in sorted(np.flatnonzero(likely >= 0), key=lambda row: -reading.chances[row, likely[row]]):
            given, other = (values(reading.head)[at] for at in (reading.given[row], reading.names[likely[row]]))
            chance = float(reading.chances[row, likely[row]])
            yield Doubt(examples[reading.rows[row]].doc.id, reading.head, given, other, chance)


def doubtful(chances: NDArray[np.float64], given: NDArray[np.int_]) -> NDArray[np.int_]:
    """(N, C), (N,) → (N,): the likelier class of a doubtful row, -1 for the others."""
    borders = np.array([chances[given == label, label].mean() for label in range(chances.shape[1])])
    reached = np.where(chances >= borders, chances, -1.0)
    best = reached.argmax(axis=1)
    found = (reached.max(axis=1) > 0) & (best != given)
    return np.where(found, best, -1)


def table(examples: Sequence[Example], found: Sequence[Doubt]) -> Table:
    """Per head and kind of row (the letter its id begins with) how many labels are doubtful, and the usual swaps."""
    rows: list[tuple[object, ...]] = []
    for head in CHOICE_HEADS:
        for kind in sorted({example.doc.id[:1] for example in examples}):
            of_kind = sum(example.knows(head) and example.doc.id.startswith(kind) for example in examples)
            here = [doubt for doubt in found if doubt.head == head and doubt.id.startswith(kind)]
            swaps = Counter(f"{doubt.given}→{doubt.likely}" for doubt in here).most_common(SWAPS)
            told = ", ".join(f"{swap} {count}" for swap, count in swaps)
            rows.append((head, kind, of_kind, len(here), len(here) / max(of_kind, 1), told))
    columns_ = ("head", "rows", "n", "doubtful", "share", "given→likely, most often")
    note = "Doubtful is not wrong: it is where a linear model and the reader differ and the model is sure of itself."
    return Table("Doubtful labels", columns_, rows, note)
