"""Differences of counts and shares: known figures, what always holds, and that the promised chances are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.topics.differences import (
    FALSE_SHARE,
    Differences,
    count_differences,
    found,
    scatter_of,
    share_differences,
    wilson,
)

DRAWS = 1000


def counts(later: int, earlier: int, ratio: float = 1.0, scatter: float = 1.0) -> Differences:
    return count_differences(np.array([later]), np.array([earlier]), ratio=ratio, scatter=scatter)


def shares(later: int, of_later: int, earlier: int, of_earlier: int) -> Differences:
    return share_differences(np.array([later]), of_later, np.array([earlier]), of_earlier)


@pytest.mark.parametrize(
    ("later", "of_later", "earlier", "of_earlier", "value", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        (56, 70, 48, 80, 0.2, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.6, 0.1705, 0.8090),
        (5, 56, 0, 29, 0.0893, -0.0381, 0.1926),
    ],
)
def test_shares_of_the_literature(
    later: int, of_later: int, earlier: int, of_earlier: int, value: float, low: float, high: float
) -> None:
    told = shares(later, of_later, earlier, of_earlier)[0]
    assert (told.value, told.low, told.high) == pytest.approx((value, low, high), abs=1e-4)


def test_exact_tests_of_the_literature() -> None:
    assert shares(3, 4, 1, 4).p[0] == pytest.approx(2 * 17 / 70)  # the lady tasting tea
    assert counts(8, 2).p[0] == pytest.approx(2 * 56 / 1024)
    assert counts(0, 5, ratio=0.5).p[0] == pytest.approx(2 * (2 / 3) ** 5)


def test_the_two_kinds_of_interval_know_a_rise_from_chance() -> None:
    assert counts(60, 20)[0].sure
    assert not counts(22, 20)[0].sure
    assert not counts(60, 20, scatter=8)[0].sure
    assert counts(10, 100, ratio=0.1)[0].value == pytest.approx(0)


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.02, 20), st.floats(1, 10))
def test_an_interval_holds_its_value_and_mirrors(later: int, earlier: int, ratio: float, scatter: float) -> None:
    told = counts(later, earlier, ratio, scatter)
    one = told[0]
    assert one.low <= one.value <= one.high
    assert 0 <= told.p[0] <= 1
    mirrored = counts(earlier, later, 1 / ratio, scatter)
    assert mirrored[0].low * ratio == pytest.approx(-one.high, abs=1e-6)
    assert mirrored.p[0] == pytest.approx(told.p[0], abs=1e-9)


@given(st.integers(1, 80), st.integers(1, 80), st.data())
def test_shares_stay_between_minus_one_and_one(of_later: int, of_earlier: int, data: st.DataObject) -> None:
    later, earlier = data.draw(st.integers(0, of_later)), data.draw(st.integers(0, of_earlier))
    told = shares(later, of_later, earlier, of_earlier)
    assert -1 - 1e-9 <= told[0].low <= told[0].value + 1e-9
    assert told[0].value - 1e-9 <= told[0].high <= 1 + 1e-9
    assert 0 < told.p[0] <= 1
    assert shares(earlier, of_earlier, later, of_later).p[0] == pytest.approx(told.p[0])


def test_wilson() -> None:
    low, high = wilson(np.array([7.0]), 20)
    assert (low[0], high[0]) == pytest.approx((0.1812, 0.5671), abs=1e-4)


def test_found_is_benjamini_and_hochberg() -> None:
    p = np.array([0.001, 0.041, 0.02, 0.012, 0.9])
    assert found(p).tolist() == [True, False, True, True, False]
    assert found(np.array([0.04, 0.045, 0.03])).all()
    assert not found(np.array([1.0, 0.06])).any()
    assert found(np.zeros(0)).shape == (0,)


def test_days_that_scatter_more_than_chance() -> None:
    assert scatter_of([5] * 28, [3] * 28) == 1.0  # calmer than chance is luck
    assert scatter_of([0, 10] * 14, [0, 4] * 14) > 3
    assert scatter_of([7], [7]) == scatter_of([0] * 7, [0] * 7) == 1.0


@pytest.mark.parametrize(
    ("later", "earlier", "ratio"), [(3, 5, 1), (10, 5, 1), (40, 20, 1), (300, 300, 1), (5, 100, 2 / 28), (30, 90, 0.25)]
)
def test_intervals_of_counts_keep_their_promise(later: float, earlier: float, ratio: float) -> None:
    random = np.random.default_rng(1)
    drawn = count_differences(
        random.poisson(later, DRAWS).astype(float), random.poisson(earlier, DRAWS).astype(float), ratio=ratio
    )
    truth = later - ratio * earlier
    assert ((drawn.low <= truth) & (truth <= drawn.high)).mean() >= 0.93


@pytest.mark.parametrize("days", [(28, 28), (7, 7), (2, 28)])
def test_intervals_of_counts_whose_days_scatter_keep_it_too(days: tuple[int, int]) -> None:
    """Days 15 texts strong, of a variance that is 1.75 times the mean."""
    random = np.random.default_rng(2)
    held = 0
    for _ in range(DRAWS):
        later, earlier = (random.poisson(random.gamma(20, 15 / 20, length)) for length in days)
        told = counts(later.sum(), earlier.sum(), days[0] / days[1], scatter_of(later.tolist(), earlier.tolist()))[0]
        held += told.low <= 0 <= told.high
    assert held / DRAWS >= 0.93


@pytest.mark.parametrize(
    ("later", "of_later", "earlier", "of_earlier"), [(0.1, 50, 0.1, 50), (0.3, 100, 0.1, 100), (0.5, 20, 0.2, 200)]
)
def test_intervals_of_shares_keep_their_promise(later: float, of_later: int, earlier: float, of_earlier: int) -> None:
    random = np.random.default_rng(3)
    drawn = share_differences(
        random.binomial(of_later, later, DRAWS).astype(float),
        of_later,
        random.binomial(of_earlier, earlier, DRAWS).astype(float),
        of_earlier,
    )
    assert ((drawn.low <= later - earlier) & (later - earlier <= drawn.high)).mean() >= 0.93


@pytest.mark.parametrize(("later", "earlier"), [(60, 60), (15, 200), (300, 250)])
def test_where_nothing_shifted_few_words_are_marked(later: int, earlier: int) -> None:
    """200 words, some common and some rare, said alike in both periods."""
    random = np.random.default_rng(4)
    said = random.beta(0.5, 6, 200)
    pages = 0.0
    for _ in range(300):
        ours, theirs = (random.binomial(texts, said).astype(float) for texts in (later, earlier))
        often = ours + theirs >= 5
        pages += float(found(share_differences(ours[often], later, theirs[often], earlier).p).any())
    assert pages / 300 <= FALSE_SHARE + 0.02
