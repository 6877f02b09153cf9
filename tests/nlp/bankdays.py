"""A bank's counts by topic and day, made up: negative binomial, with weekdays and holidays, and with rises put in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from nlp.topics import emerging
from nlp.topics.emerging import Judged, alarms, judge, rise

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOPICS = 60
SPREAD = 0.05
WEEKDAYS = np.array([1.15, 1.1, 1.05, 1.0, 1.1, 0.85, 0.75])
SHARES = np.append(WEEKDAYS / WEEKDAYS.mean(), 0.55)  # the last is a holiday's
FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
FIRST = date(2025, 1, 1)
YEAR = 365
UNASSIGNED = 50.0
RATES = np.append(np.geomspace(0.3, 40, TOPICS), UNASSIGNED)  # texts a day; the last row is 未归类
ONE = 30  # the topic that a rise is put into


def kinds(days: int) -> list[int]:
    """Of the days from FIRST."""
    calendar = [FIRST + timedelta(days=number) for number in range(days)]
    return [emerging.HOLIDAY if (day.month, day.day) in FIXED else day.weekday() for day in calendar]


def draw(random: np.random.Generator, mean: NDArray[np.float64], *, spread: float = SPREAD) -> NDArray[np.float64]:
    """Counts with variance mean + spread · mean²."""
    return random.negative_binomial(1 / spread, 1 / (1 + spread * mean)).astype(np.float64)


def false_alarms(
    years: int,
    *,
    seed: int,
    rates: NDArray[np.float64] = RATES,
    spread: float = SPREAD,
    odd: float = 0.0,
    drift: float = 0.0,
) -> float:
    """Alarms in four weeks over all rows, in banks where nothing jumps; each year comes after its history.

    Two ways in which a real bank is worse than the assumptions: every second row gets `odd` less of the weekend than
    the others, and all levels wander by `drift` (a standard deviation of logarithms) from week to week.
    """
    random = np.random.default_rng(seed)
    kind = kinds(emerging.DAYS + YEAR)
    shares = np.tile(SHARES, (len(rates), 1))
    shares[::2, 5:7] *= 1 - odd
    steps = random.normal(scale=drift, size=(years, len(rates), len(kind) // 7 + 1))
    level = rates[:, None] * np.exp(np.cumsum(steps, axis=-1) - np.cumsum(steps, axis=-1).mean(axis=-1, keepdims=True))
    mean = np.repeat(level, 7, axis=-1)[..., : len(kind)] * shares[:, kind]
    counts = draw(random, mean, spread=spread)
    quiet = np.full(counts.shape[:2], emerging.CLOSED_AFTER + 1)
    fired = 0
    for day in range(emerging.DAYS, emerging.DAYS + YEAR):
        found = _judged(counts[..., : day + 1], kind[: day + 1])
        fires, stays = alarms(found.p, quiet <= emerging.CLOSED_AFTER)
        fired += int(fires.sum())
        quiet = np.where(fires | stays, 1, quiet + 1)
    return fired / years / YEAR * 28


@dataclass(frozen=True, slots=True)
class Power:
    """`reported` is the share of trials with an alarm in time, `worst` that of the weekday of onset where it is least.

    `covered` is the share of those whose stretch is right and whose factor's interval holds the true factor.
    """

    reported: float
    worst: float
    covered: float


def power(trials: int, *, base: float, factor: float, within: int, seed: int, row: int = ONE) -> Power:
    """A topic of `base` texts a day has `factor` times as many from one day on: is it reported `within` days?"""
    random = np.random.default_rng(seed)
    rates = RATES.copy()
    rates[row] = base
    reported, covered = [], []
    for weekday in range(7):
        onset = emerging.DAYS + 7 + weekday  # behind the New Year's day
        kind = kinds(onset + within)
        mean = np.broadcast_to(rates[:, None] * SHARES[kind], (trials // 7, len(rates), len(kind))).copy()
        mean[:, row, onset:] *= factor
        counts = draw(random, mean)
        hit = np.zeros(len(counts), dtype=bool)
        for day in range(onset, onset + within):
            found = _judged(counts[..., : day + 1], kind[: day + 1])
            hit |= alarms(found.p, np.zeros(counts.shape[:2], dtype=bool))[0][:, row]
        reported.append(float(hit.mean()))
        rises = [rise(_one(found, int(number)), row) for number in np.flatnonzero(hit)]
        covered += [one.low <= factor <= one.high for one in rises if one.days == within]
    return Power(float(np.mean(reported)), min(reported), float(np.mean(covered)) if covered else 0.0)


def new_theme(trials: int, *, texts: float, within: int, seed: int) -> float:
    """Share of trials in which a topic without history, of `texts` a day, is reported in time."""
    return power(trials, base=1e-9, factor=texts / 1e-9, within=within, seed=seed).reported


def _judged(counts: NDArray[np.float64], kind: list[int]) -> Judged:
    found = judge(counts, kind)
    assert found is not None
    return found


def _one(found: Judged, number: int) -> Judged:
    """One trial of a batch."""
    return Judged(
        found.p[number], found.counts[number], found.usual[number], found.unsure[number], found.spread[number]
    )
