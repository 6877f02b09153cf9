"""Figures that tell how far a model may be trusted: precision, recall, F1, intervals, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int_]
    Floats = NDArray[np.float32]


def macro_f1(gold: Ints, predicted: Ints, *, least: int = 20) -> float:
    """Mean F1 over the classes with at least `least` gold rows; rarer ones would only add noise."""
    names, counts = np.unique(gold, return_counts=True)
    return float(f1_score(gold, predicted, labels=names[counts >= least], average="macro", zero_division=0))


def f1_at(scores: Floats, truth: Ints, threshold: float) -> float:
    """Micro-F1 of the labels whose score reaches the threshold; both (N, C)."""
    return float(f1_score(truth, scores >= threshold, average="micro", zero_division=0))


def bootstrap(
    figure: Callable[[Ints, Ints], float], gold: Ints, predicted: Ints, *, times: int = 500, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of a figure over resampled rows."""
    random = np.random.default_rng(seed)
    rows = [random.integers(0, len(gold), len(gold)) for _ in range(times)]
    low, high = np.percentile([figure(gold[row], predicted[row]) for row in rows], [2.5, 97.5])
    return float(low), float(high)


def threshold_for_precision(scores: Floats, right: NDArray[np.bool_], precision: float, least_coverage: float) -> float:
    """The lowest score from which on accepted labels reach `precision`.

    scores, right: (N,), the best label's probability and whether it is the gold one. Where the precision cannot
    be had with `least_coverage` of the rows accepted, the threshold that accepts just that share.
    """
    order = np.argsort(-scores, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    floor = int(np.ceil(least_coverage * len(order)))
    enough = np.flatnonzero(reached >= precision)
    accepted = max(int(enough[-1]) + 1 if len(enough) else 0, floor)
    return float(scores[order[accepted - 1]])
