"""Which topics rose more than chance explains: counts by day judged against what is usual for the topic.

Usual is the topic's own level over the eight weeks before the last one, times the weekday's or the holiday's share,
which all topics tell together. Counts scatter more than Poisson ones; how much more is estimated over all topics. Sums
over the last 1, 2 and 7 days are judged by a negative binomial tail that knows how uncertain the level is, and the
topics of a day together by Benjamini–Hochberg, so that on a day when nothing rose an alarm has the chance DAILY.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

WINDOWS = {1: 0.2, 2: 0.5, 7: 0.3}  # days to their share of DAILY; the short ones are quick, the long one is sharp
RECENT = 7  # the last days: judged, and kept out of what is usual
WEEK = 7
WEEKS = 8  # before RECENT, that say what is usual
FEWEST_WEEKS = 4  # with fewer nothing is judged
DAYS = RECENT + WEEK * WEEKS  # that `judge` reads at most
DAILY = 1 / 28  # chance of a false alarm on a day: one in four weeks
CLOSED_AFTER = 7  # days without a finding, after which a topic may raise the alarm anew
FEWEST = 5  # texts in a window, below which nobody is alarmed
HOLIDAY = 7  # as a kind of day, after the weekdays 0 to 6
SPREAD_FLOOR = 0.02  # variance is mean + spread · mean², however calm the weeks were
SPREAD_GUESS = 0.05  # only weighs the topics when their spread is estimated
SHARE_PRIOR = 50.0  # texts by which the share of a kind of day is drawn to its guess
LEVEL_PRIOR = 0.5  # texts that even a topic without history is thought to have had
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Judged:
    """The last day, for rows of topics; arrays end in (rows,), those over days in (rows, RECENT).

    `p` is the chance of such counts, or rarer ones, where nothing rose; `usual` what was expected of each of the last
    RECENT days; `unsure` the relative standard error of the level; `spread` the excess of variance of all rows.
    """

    p: Floats
    counts: Floats
    usual: Floats
    unsure: Floats
    spread: Floats


@dataclass(frozen=True, slots=True)
class Rise:
    """`observed` texts in the last `days` days where `expected` are usual; `factor` with its 95 % interval."""

    days: int
    observed: int
    expected: float
    factor: float
    low: float
    high: float


def judge(counts: Floats, kinds: Sequence[int]) -> Judged | None:
    """Judge the last of the days; None where the records are too short to say what is usual.

    `counts` is (..., rows, days), topics born lately with the zeros before their birth; `kinds` tells of each day its
    weekday from Monday's 0, or HOLIDAY. At most the last DAYS days are read.
    """
    weeks = min(WEEKS, (counts.shape[-1] - RECENT) // WEEK)
    if weeks < FEWEST_WEEKS:
        return None
    days = RECENT + weeks * WEEK
    counts, kind = counts[..., -days:], np.asarray(kinds)[-days:]
    before, recent = counts[..., :-RECENT], counts[..., -RECENT:]
    shares = _shares(before, kind[:-RECENT])[..., kind]  # of each day, of the batch
    level = _level(before, shares[..., :-RECENT], weeks)
    usual = level[..., None] * shares[..., None, :]
    spread = _spread(before, usual[..., :-RECENT])
    variance = level + spread[..., None] * level**2  # of a day of average share
    unsure = np.sqrt(variance / (WEEK * (weeks - 1))) / level  # two weeks are cut away, and count for one
    usual = usual[..., -RECENT:]
    tails = [
        _tail(recent[..., -window:], usual[..., -window:], unsure, spread) / share for window, share in WINDOWS.items()
    ]
    p = np.minimum(1.0, np.minimum.reduce(tails))
    return Judged(p, recent, usual, unsure, spread)


def alarms(p: Floats, ongoing: Bools) -> tuple[Bools, Bools]:
    """Which rows raise the alarm, and which of the `ongoing` are still high; both (..., rows).

    A row is ongoing until CLOSED_AFTER days after it was last high, and does not fire. It takes no part in the
    comparison either: a rise that everybody knows would make the others' alarms cheaper day after day.
    """
    rows = p.shape[-1]
    candidates = np.where(ongoing, 2.0, p)
    order = np.sort(candidates, axis=-1)
    allowed = DAILY * np.arange(1, rows + 1) / rows
    limit = np.where(order <= allowed, allowed, 0.0).max(axis=-1, keepdims=True)
    return candidates <= limit, ongoing & (p <= DAILY / rows)


def rise(judged: Judged, row: int) -> Rise:
    """Since when a row of an unbatched judgement rose, by the stretch up to the last day that says most; how much."""
    counts, usual = judged.counts[row], judged.usual[row]
    spread, unsure = float(judged.spread), float(judged.unsure[row])
    observed = np.cumsum(counts[::-1])
    expected = np.cumsum(usual[::-1])
    lengths = np.arange(1, RECENT + 1)
    doubt = 1 + spread * expected / lengths
    told = (observed * np.log(np.maximum(observed, 1) / expected) - observed + expected) / doubt
    days = int(np.argmax(np.where(observed > expected, told, 0.0))) + 1
    seen, usually = float(observed[days - 1]), float(expected[days - 1])
    factor = seen / usually
    width = Z95 * np.sqrt(1 / max(seen, 1.0) + spread / days + unsure**2)
    return Rise(days, int(seen), usually, factor, float(factor * np.exp(-width)), float(factor * np.exp(width)))


def _shares(counts: Floats, kind: NDArray[np.int64]) -> Floats:
    """(..., 8): what a weekday or a holiday gets, beside an average day's 1, pooled over the rows and drawn to a guess.

    The guess is 1 for a weekday and Sunday's share for a holiday.
    """
    total = counts.sum(axis=-2)
    ordinary = kind != HOLIDAY
    mean = total[..., ordinary].mean(axis=-1)
    shares = np.ones((*total.shape[:-1], HOLIDAY + 1))
    for one in range(HOLIDAY + 1):
        guess = 1.0 if one < HOLIDAY else shares[..., HOLIDAY - 1]
        seen, days = total[..., kind == one].sum(axis=-1), (kind == one).sum()
        shares[..., one] = (seen + SHARE_PRIOR * guess) / (days * mean + SHARE_PRIOR)
    return np.asarray(shares / shares[..., :HOLIDAY].mean(axis=-1, keepdims=True))


def _level(counts: Floats, shares: Floats, weeks: int) -> Floats:
    """Texts on a day of share 1, the mean of the weeks without the highest and the lowest one."""
    by_week = counts.reshape(*counts.shape[:-1], weeks, WEEK).sum(axis=-1)
    exposure = shares.reshape(*shares.shape[:-1], 1, weeks, WEEK).sum(axis=-1)
    middle = np.sort(by_week / exposure, axis=-1)[..., 1:-1]
    return np.asarray(middle.mean(axis=-1) + LEVEL_PRIOR / (WEEK * (weeks - 2)))


def _spread(counts: Floats, usual: Floats) -> Floats:
    """(...,): the weighted median over the rows, so that some topics' outbreaks do not make all the others deaf."""
    days = counts.shape[-1]
    excess = ((counts - usual) ** 2).sum(axis=-1) * days / (days - 1) - usual.sum(axis=-1)
    own = excess / (usual**2).sum(axis=-1)
    mean = usual.mean(axis=-1)
    weight = mean**2 / (1 + SPREAD_GUESS * mean) ** 2  # inverse variance of `own`, up to a constant
    order = np.argsort(own, axis=-1)
    share = np.cumsum(np.take_along_axis(weight, order, axis=-1), axis=-1)
    middle = (share < share[..., -1:] / 2).sum(axis=-1, keepdims=True)
    median = np.take_along_axis(np.take_along_axis(own, order, axis=-1), middle, axis=-1)[..., 0]
    return np.asarray(np.maximum(median, SPREAD_FLOOR))


def _tail(counts: Floats, usual: Floats, unsure: Floats, spread: Floats) -> Floats:
    """(..., rows): the chance of at least so many in the window, by a negative binomial of equal mean and variance."""
    observed, mean = counts.sum(axis=-1), usual.sum(axis=-1)
    excess = spread[..., None] * (usual**2).sum(axis=-1) + (mean * unsure) ** 2
    tail = betainc(np.maximum(observed, 1), mean**2 / excess, excess / (mean + excess))
    return np.where(observed >= FEWEST, tail, 1.0)
