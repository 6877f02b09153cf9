"""What carries a change, on made-up topics: how often something is marked where nothing happened, and where it did.

The first table backs the rate that the console states (`app.topics.differences.FALSE_SHARE`).
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from app.topics.changes import TopicChange, judged
from app.topics.differences import scatter_of
from app.topics.periods import Stretch, before

PAGES = 1000
SEED = 5
KINDS = (5, 9, 12, 15, 20, 4, 8, 30)  # values of the eight dimensions
TODAY = date(2026, 10, 20)

pytestmark = pytest.mark.bench


def pages(
    *, days: int, rate: float, scatters: bool, factor: float = 1.0, extra: float = 0.0, number: int = PAGES
) -> list[TopicChange]:
    """`days` against 28 before: `rate` a day times `factor`; `extra` more a day, all of the first value of each."""
    random = np.random.default_rng(SEED)
    periods = before(Stretch(TODAY - timedelta(days=days), TODAY - timedelta(days=1)), 28)
    found = []
    for _ in range(number):
        strength = [random.gamma(20, 1 / 20, length) if scatters else np.ones(length) for length in (days, 28)]
        later, earlier = random.poisson(rate * factor * strength[0]), random.poisson(rate * strength[1])
        more = random.poisson(extra * strength[0])
        counted = {}
        for label, kinds in enumerate(KINDS):
            shares = random.dirichlet(np.full(kinds, 0.5))
            now, then = (random.multinomial(side.sum(), shares) for side in (later, earlier))
            now[0] += more.sum()
            rows = enumerate(zip(now.tolist(), then.tolist(), strict=True))
            counted[str(label)] = [(str(kind), a, b) for kind, (a, b) in rows if a + b]
        late = later + more
        found.append(
            judged(
                counted,
                later=int(late.sum()),
                earlier=int(earlier.sum()),
                periods=periods,
                scatter=scatter_of(late.tolist(), earlier.tolist()),
                comparable=True,
            )
        )
    return found


def marked(found: list[TopicChange], mark: str) -> float:
    """The share of pages on which any value has the mark."""
    return float(np.mean([any(getattr(part, mark) for parts in one.parts.values() for part in parts) for one in found]))


def test_where_nothing_happened() -> None:
    for days, rate, scatters in product((28, 7, 2), (0.5, 3, 15), (False, True)):
        found = pages(days=days, rate=rate, scatters=scatters)
        told = f"{days} days, {rate:g} a day, {'scattering' if scatters else 'Poisson'}"
        held = np.mean([not one.sure for one in found])
        print(f"{told}: {marked(found, 'changed'):.1%} and {marked(found, 'shifted'):.1%} of pages, held {held:.1%}")


def test_where_all_doubled_alike() -> None:
    for days, rate in product((28, 2), (3, 15)):
        found = pages(days=days, rate=rate, scatters=True, factor=2)
        print(f"{days} days, {rate} a day, doubled: {marked(found, 'shifted'):.1%} of pages mark a share")


def test_where_one_value_carries_it() -> None:
    for days, rate, extra in ((28, 3, 1), (28, 3, 3), (7, 3, 3), (2, 3, 6), (2, 10, 20)):
        found = pages(days=days, rate=rate, scatters=True, extra=extra, number=300)
        first = [next(part for part in one.parts["1"] if part.name == "0") for one in found]
        changed, shifted = (np.mean([getattr(part, mark) for part in first]) for mark in ("changed", "shifted"))
        print(f"{days} days, {rate} a day, {extra} more in one place: count {changed:.0%}, share {shifted:.0%} marked")
