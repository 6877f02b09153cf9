"""Figures with intervals: every one is computed on the rows as they are and on the same resamples of them.

A figure is a vector of 1 + RESAMPLES values: the first on all rows, the others on rows drawn with replacement.
Two systems read on the same rows share the draws, so the interval of their difference is the paired one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int_]
    Floats = NDArray[np.float32]

RESAMPLES = 1000
LEAST = 20  # gold rows a class needs to count in a macro-F1; rarer ones would only add noise


def draws(rows: int, *, seed: int = 0) -> Floats:
    """(1 + RESAMPLES, rows): how often each row is drawn; the first line draws each row once."""
    resampled = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), RESAMPLES)
    return np.concatenate([np.ones((1, rows), np.float32), resampled.astype(np.float32)])


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % percentile interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, resampled: Floats) -> Figure:
        """From the vector of a figure or of the difference of two."""
        low, high = np.percentile(resampled[1:], [2.5, 97.5])
        return cls(float(resampled[0]), float(low), float(high))


def common(gold: Ints) -> Ints:
    """The classes with at least LEAST rows, or all where none has as many."""
    names, counts = np.unique(gold, return_counts=True)
    return np.asarray(names[counts >= LEAST] if (counts >= LEAST).any() else names)


def macro_f1(weights: Floats, gold: Ints, told: Ints) -> Floats:
    """Mean F1 over the common classes; gold and told (N,), weights (D, N); answers (D,)."""
    classes = common(gold)
    gold_is, told_is = gold[:, None] == classes, told[:, None] == classes
    return np.asarray(_f1(weights, gold_is, told_is).mean(axis=1))


def micro_f1(weights: Floats, gold: Ints, told: Ints) -> Floats:
    """F1 over all flags of all rows; gold and told 0/1 (N, C)."""
    both, either = (gold & told).sum(axis=1), gold.sum(axis=1) + told.sum(axis=1)
    return share(weights, 2 * both, either)


def share(weights: Floats, part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Σ part / Σ whole over the drawn rows, 1 where there is no whole; part and whole (N,)."""
    over = weights @ whole.astype(np.float32)
    return np.asarray(np.where(over > 0, weights @ part.astype(np.float32) / np.maximum(over, 1e-9), 1.0))


def mean(weights: Floats, values: NDArray[Any]) -> Floats:
    """Mean of a value per row (N,)."""
    return share(weights, values, np.ones(len(values)))


@dataclass(frozen=True, slots=True)
class OfClass:
    """How one class fares."""

    precision: float
    recall: float
    f1: float
    rows: int


def per_class(gold: Ints, told: Ints) -> OfClass:
    """gold, told: 0/1 (N,), whether a row is of the class; a ratio without rows counts as 0."""
    right, of_gold, of_told = int((gold & told).sum()), int(gold.sum()), int(told.sum())
    f1 = 2 * right / (of_gold + of_told) if of_gold + of_told else 0.0
    return OfClass(right / of_told if of_told else 0.0, right / of_gold if of_gold else 0.0, f1, of_gold)


def _f1(weights: Floats, gold_is: NDArray[np.bool_], told_is: NDArray[np.bool_]) -> Floats:
    both = weights @ (gold_is & told_is).astype(np.float32)
    either = weights @ gold_is.astype(np.float32) + weights @ told_is.astype(np.float32)
    return np.asarray(2 * both / np.maximum(either, 1))
