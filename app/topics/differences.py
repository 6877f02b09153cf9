"""What may be said of counts and shares in two periods: differences with intervals, and which are more than chance.

Arrays in, arrays out, no store. Every interval is at CONFIDENCE for itself alone; `found` keeps the false ones among
many in check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, ndtri, stdtrit

from app.topics.rates import CONFIDENCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FALSE_SHARE = 0.05  # of what is marked may be chance; where nothing changed, the chance of any mark at all
Z = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True, slots=True)
class Estimate:
    """One difference between `low` and `high`."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """True where the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Differences:
    """Rows (n,): the differences, their intervals, and the chance of such ones, or rarer, where nothing changed."""

    value: Floats
    low: Floats
    high: Floats
    p: Floats

    def __getitem__(self, row: int) -> Estimate:
        return Estimate(float(self.value[row]), float(self.low[row]), float(self.high[row]))


def count_differences(later: Floats, earlier: Floats, *, ratio: float, scatter: Floats | float = 1.0) -> Differences:
    """`later` − ratio · `earlier` for counts (n,); `ratio` is the later period's days over the earlier one's.

    `scatter` is the variance over the mean, 1 for Poisson counts. Interval: MOVER (Zou and Donner, Statistics in
    Medicine 27, 2008) on the score limits of each count. p: two-sided exact binomial test of `later` given the sum
    (Przyborowski and Wilenski, Biometrika 31, 1940), on counts divided by the scatter.
    """
    value = later - ratio * earlier
    low_later, high_later = _limits(later, scatter)
    low_earlier, high_earlier = _limits(earlier, scatter)
    low = value - np.hypot(later - low_later, ratio * (high_earlier - earlier))
    high = value + np.hypot(high_later - later, ratio * (earlier - low_earlier))
    share, a, b = ratio / (1 + ratio), later / scatter, earlier / scatter
    many = np.where(later > 0, betainc(np.maximum(a, 1e-9), b + 1, share), 1.0)
    few = np.where(earlier > 0, betainc(np.maximum(b, 1e-9), a + 1, 1 - share), 1.0)
    return Differences(value, low, high, np.minimum(1.0, 2 * np.minimum(many, few)))


def share_differences(later: Floats, of_later: int, earlier: Floats, of_earlier: int) -> Differences:
    """`later` / `of_later` − `earlier` / `of_earlier` for counts (n,), each a part of its total, which is above 0.

    Interval: Newcombe's hybrid score one (Statistics in Medicine 17, 1998, method 10). p: two-sided exact
    hypergeometric test (Fisher), twice the smaller tail. Days on which all of the topic swells do not disturb it.
    """
    value = later / of_later - earlier / of_earlier
    low_later, high_later = wilson(later, of_later)
    low_earlier, high_earlier = wilson(earlier, of_earlier)
    low = value - np.hypot(later / of_later - low_later, high_earlier - earlier / of_earlier)
    high = value + np.hypot(high_later - later / of_later, earlier / of_earlier - low_earlier)
    return Differences(value, low, high, _fisher(later, of_later, earlier, of_earlier))


def wilson(count: Floats, of: int) -> tuple[Floats, Floats]:
    """The limits of Wilson's score interval of count / of; `of` is above 0."""
    share = count / of
    middle = share + Z**2 / (2 * of)
    half = Z * np.sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    return (middle - half) / (1 + Z**2 / of), (middle + half) / (1 + Z**2 / of)


def scatter_of(*periods: Sequence[int]) -> float:
    """The variance over the mean of counts by day: Pearson's estimate over the periods, each with its own mean.

    It is raised by Student's t for its own uncertainty (quasi-Poisson: McCullagh and Nelder, Generalized Linear Models,
    1989, 6.2.3), and at least 1: calmer than Poisson is luck. Weekdays that differ add to it.
    """
    told = [np.asarray(days, dtype=np.float64) for days in periods if sum(days)]
    free = sum(len(days) - 1 for days in told)
    if not free:
        return 1.0
    pearson = sum(((days - days.mean()) ** 2).sum() / days.mean() for days in told) / free
    return max(1.0, float(pearson * (stdtrit(free, (1 + CONFIDENCE) / 2) / Z) ** 2))


def found(p: Floats) -> Bools:
    """Which of the tests (n,) are more than chance: at most FALSE_SHARE of them falsely (Benjamini–Hochberg, 1995)."""
    if not len(p):
        return np.zeros(0, dtype=np.bool_)
    order = np.sort(p)
    allowed = FALSE_SHARE * np.arange(1, len(p) + 1) / len(p)
    return np.asarray(p <= np.where(order <= allowed, allowed, -1.0).max())


def _limits(count: Floats, scatter: Floats | float) -> tuple[Floats, Floats]:
    """Score limits of a count's mean: where (count − mean)² = Z² · scatter · mean."""
    middle = count + Z**2 * scatter / 2
    half = Z * np.sqrt(scatter * (count + Z**2 * scatter / 4))
    return middle - half, middle + half


def _fisher(later: Floats, of_later: int, earlier: Floats, of_earlier: int) -> Floats:
    """scipy.stats has it too, and takes seconds to import."""
    logs = gammaln(np.arange(of_later + of_earlier + 1) + 1.0)  # of n!

    def choose(n: int, k: NDArray[np.int64]) -> Floats:
        return np.asarray(logs[n] - logs[k] - logs[n - k])

    p = np.ones(len(later))
    for row, (ours, theirs) in enumerate(zip(later.astype(int), earlier.astype(int), strict=True)):
        both = int(ours + theirs)
        possible = np.arange(max(0, both - of_earlier), min(both, of_later) + 1)
        log = choose(of_later, possible) + choose(of_earlier, both - possible)
        chance = np.exp(log - log.max())
        chance /= chance.sum()
        p[row] = min(1.0, 2 * min(chance[possible >= ours].sum(), chance[possible <= ours].sum()))
    return p
