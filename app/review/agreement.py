"""How far judges agree: Krippendorff's alpha with an interval, for any number of judges and missing answers.

K. Krippendorff, Computing Krippendorff's alpha-reliability (2011). One unit is one text; its values are what its
judges said, as numbers from 0, in any order; a judge who said nothing is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Callable[[Floats], Floats]
"""Numbers of answers by value, (…, V), to squared differences between values, (…, V, V)."""

DRAWS = 1000
CONFIDENCE = 0.95
Z = 1.959964  # of the normal distribution at CONFIDENCE
PAIR = 2  # answers from which there is something to compare


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha over `n` units with two or more answers, and its bootstrap interval.

    All three are None where it is not defined: nothing to compare, or everybody always said the same one thing.
    """

    n: int
    alpha: float | None = None
    low: float | None = None
    high: float | None = None


def nominal(marginals: Floats) -> Floats:
    """Any two values differ alike."""
    size = marginals.shape[-1]
    return np.broadcast_to(1 - np.eye(size), (*marginals.shape, size))


def ordinal(marginals: Floats) -> Floats:
    """Values differ by how many answers lie between them."""
    middle = marginals.cumsum(axis=-1) - marginals / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def agreement(units: Sequence[Sequence[int]], *, values: int, metric: Metric, seed: int = 0) -> Agreement:
    """Alpha of units whose answers are numbers below `values`; the interval comes from drawing units anew."""
    compared = [unit for unit in units if len(unit) >= PAIR]
    if not compared:
        return Agreement(0)
    pairs = coincidences(compared, values)
    found = float(alpha(pairs.sum(axis=0), metric))
    if np.isnan(found):
        return Agreement(len(compared))
    n = len(compared)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    resampled = alpha((drawn @ pairs.reshape(n, -1)).reshape(DRAWS, values, values), metric)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(resampled, [tail, 100 - tail])
    return Agreement(n, found, float(low), float(high))


def coincidences(units: Sequence[Sequence[int]], values: int) -> Floats:
    """For each unit how often each two values met in it, each answer counting once in all: (U, V, V)."""
    counts = np.array([np.bincount(unit, minlength=values) for unit in units], dtype=np.float64)
    met = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(values)
    return np.asarray(met / (counts.sum(axis=1) - 1)[:, None, None])


def alpha(met: Floats, metric: Metric) -> Floats:
    """Alpha of coincidence matrices (…, V, V); nan where only one value occurs."""
    marginals = met.sum(axis=-1)
    apart = metric(marginals)
    observed = (met * apart).sum(axis=(-2, -1))
    expected = (marginals[..., :, None] * marginals[..., None, :] * apart).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - (marginals.sum(axis=-1) - 1) * observed / expected)


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a share at CONFIDENCE; `n` is at least 1."""
    share, square = count / n, Z**2 / n
    middle = (share + square / 2) / (1 + square)
    half = Z * ((share * (1 - share) + square / 4) / n) ** 0.5 / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
