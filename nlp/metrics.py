"""Figures that thresholds are chosen by: micro-F1 and the precision of what is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def f1_at(scores: Floats, truth: NDArray[np.int_], threshold: float) -> float:
    """Micro-F1 of the labels whose score reaches the threshold; both (N, C)."""
    return float(f1_score(truth.ravel(), (scores >= threshold).ravel(), zero_division=0))


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
