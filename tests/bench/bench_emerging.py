"""Alerts on made-up banks: false alarms where nothing rises, and how soon a rise is reported.

The first line is the figure that the console states (`app.topics.alerts.FALSE_ALARMS`). A rise
may begin on any weekday; the one on which it is noticed least is told beside the mean.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from tests.nlp.bankdays import RATES, TOPICS, UNASSIGNED, false_alarms, new_theme, power

YEARS = 200
BATCH = 50
TRIALS = 2100
SEED = 7

pytestmark = pytest.mark.bench


def rate(**bank: Any) -> float:  # noqa: ANN401 - what false_alarms takes
    """False alarms in four weeks, over YEARS years in pieces that fit into memory."""
    return float(np.mean([false_alarms(BATCH, seed=SEED + part, **bank) for part in range(YEARS // BATCH)]))


def test_false_alarms() -> None:
    mixes = {
        "0.3 to 40 a day": RATES,
        "all 10 a day": np.append(np.full(TOPICS, 10.0), UNASSIGNED),
        "all 1 a day": np.append(np.full(TOPICS, 1.0), UNASSIGNED),
    }
    for name, rates in mixes.items():
        for spread in (0.05, 0.2):
            began = time.perf_counter()
            found = rate(rates=rates, spread=spread)
            seconds = time.perf_counter() - began
            print(f"{name}, spread {spread}: {found:.2f} in four weeks ({YEARS} years, {seconds:.0f} s)")
    for less in (0.2, 0.4):
        print(f"every second topic with {less:.0%} less of the weekend: {rate(odd=less):.2f} in four weeks")
    for drift in (0.05, 0.1):
        print(f"levels that wander by {drift:.0%} a week: {rate(drift=drift):.2f} in four weeks")


def test_power() -> None:
    for base, factor, within in ((10, 3, 1), (10, 3, 2), (10, 2, 7), (3, 3, 7), (30, 1.5, 7)):
        found = power(TRIALS, base=base, factor=factor, within=within, seed=SEED)
        print(
            f"{base} a day, +{factor - 1:.0%}: reported within {within} days in {found.reported:.1%} "
            f"({found.worst:.1%} for the worst weekday), interval holds the truth in {found.covered:.1%}"
        )
    print(f"new theme of 15 a day: reported within 3 days in {new_theme(TRIALS, texts=15, within=3, seed=SEED):.1%}")
    for base in (10, 25, 50):
        found = power(TRIALS, base=base, factor=1 + 15 / base, within=3, seed=SEED, row=TOPICS)
        print(f"the same among {base} unassigned a day: within 3 days in {found.reported:.1%}")
