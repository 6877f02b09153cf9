"""Conventions that drift: stretches of rows in which a class is given far more or less often than the words let expect.

Rows are labelled one after another, by readers who settle a border case one way on one day and otherwise on another.
A model that did not learn from a row (training/noise.py) says how often each class is to be expected among BLOCK rows
that follow one another, scaled so that it is right for all rows of their kind; the count is a sum of independent
draws, so its deviation is √(Σ p(1 − p) + _FEW).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlp.taxonomy import values
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from training.corpus import Example
    from training.noise import Reading

BLOCK = 500  # rows of one kind (the letter their id begins with), in the file's order
FAR = 4.0  # deviations; 29 blocks of 48 classes make 1,400 comparisons, and chance alone 0.1 such finds
_FEW = 1.0  # keeps a class that is hardly ever expected from being a find when it is given twice


@dataclass(frozen=True, slots=True)
class Drift:
    """One class in one block: given so often, expected so often, and the difference in deviations."""

    head: str
    label: str
    first: str  # ids of the block's ends
    last: str
    given: int
    expected: float
    deviations: float


def drifts(examples: Sequence[Example], read: Iterable[Reading]) -> Iterator[Drift]:
    """Every class and block that is FAR off, head after head."""
    for reading in read:
        is_given = reading.given[:, None] == reading.names
        for kind in _kinds(examples, reading):
            scaled = reading.chances * (is_given[kind].sum(0) / reading.chances[kind].sum(0))
            for block in (kind[at : at + BLOCK] for at in range(0, len(kind), BLOCK)):
                chance = np.minimum(scaled[block], 1)
                given, expected = is_given[block].sum(0), chance.sum(0)
                off = (given - expected) / np.sqrt((chance * (1 - chance)).sum(0) + _FEW)
                first, last = (examples[reading.rows[block[at]]].doc.id for at in (0, -1))
                for at in np.flatnonzero(abs(off) >= FAR):
                    label = values(reading.head)[reading.names[at]]
                    yield Drift(reading.head, label, first, last, int(given[at]), float(expected[at]), float(off[at]))


def _kinds(examples: Sequence[Example], reading: Reading) -> list[NDArray[np.int_]]:
    """The reading's rows by the letter their id begins with, in the file's order."""
    letters = np.array([examples[row].doc.id[:1] for row in reading.rows])
    return [np.flatnonzero(letters == letter) for letter in np.unique(letters)]


def table(found: Sequence[Drift]) -> Table:
    """The finds, as they were found."""
    rows: list[tuple[object, ...]] = [
        (one.head, one.label, f"{one.first} – {one.last}", one.given, round(one.expected), one.deviations)
        for one in found
    ]
    note = f"Blocks of {BLOCK} rows in the file's order; only what lies {FAR:.0f} deviations off or further."
    return Table("Conventions that drift", ("head", "class", "rows", "given", "expected", "deviations"), rows, note)
