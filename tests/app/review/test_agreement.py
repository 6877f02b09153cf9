"""Krippendorff's alpha against the worked example of its author, and where it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from app.review.agreement import Agreement, Floats, agreement, nominal, ordinal, share_interval

# K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), part C: four observers, twelve units, five
# values, missing data; the last unit has one answer and drops out.
OBSERVERS = ("123321412...", "1233224125.3", ".33323422 51.".replace(" ", ""), "12332441251.")
UNITS = [[int(row[unit]) - 1 for row in OBSERVERS if row[unit] != "."] for unit in range(12)]


def interval(marginals: Floats) -> Floats:
    """The author's third metric, which the service has no use for: it checks the rest of the formula once more."""
    values = np.arange(marginals.shape[-1], dtype=np.float64)
    apart = (values[:, None] - values) ** 2
    return np.broadcast_to(apart, (*marginals.shape[:-1], *apart.shape))


@pytest.mark.parametrize(("metric", "published"), [(nominal, 0.743), (ordinal, 0.815), (interval, 0.849)])
def test_the_published_example(metric: object, published: float) -> None:
    found = agreement(UNITS, values=5, metric=metric)  # type: ignore[arg-type]  # one of three functions
    assert found.n == 11
    assert found.alpha == pytest.approx(published, abs=0.0005)
    assert found.low is not None
    assert found.high is not None
    assert found.low < published < found.high


def test_the_order_of_answers_and_missing_ones_do_not_count() -> None:
    turned = [list(reversed(unit)) for unit in reversed(UNITS)]
    padded = [*turned, [], [3], [0]]
    found = agreement(padded, values=5, metric=nominal)
    assert found.n == 11
    assert found.alpha == pytest.approx(0.743, abs=0.0005)


def test_full_agreement_chance_and_its_contrary() -> None:
    assert agreement([[0, 0], [1, 1], [2, 2]], values=3, metric=nominal).alpha == pytest.approx(1)
    drawn = np.random.default_rng(1).integers(0, 3, size=(4000, 2)).tolist()
    found = agreement(drawn, values=3, metric=nominal)
    assert found.alpha == pytest.approx(0, abs=0.05)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high
    opposed = agreement([[0, 1]] * 10, values=2, metric=nominal)
    assert opposed.alpha is not None
    assert opposed.alpha < 0


def test_a_near_miss_on_a_scale_is_a_smaller_disagreement() -> None:
    near = agreement([[0, 0], [1, 2], [2, 2], [3, 3], [4, 4]] * 4, values=5, metric=ordinal).alpha
    far = agreement([[0, 0], [1, 1], [2, 2], [3, 3], [4, 0]] * 4, values=5, metric=ordinal).alpha
    assert near is not None
    assert far is not None
    assert near > far


@pytest.mark.parametrize(("units", "n"), [([], 0), ([[1], []], 0), ([[1, 1], [1, 1]], 2)])
def test_nothing_is_said_without_pairs_or_where_one_value_is_all_there_is(units: list[list[int]], n: int) -> None:
    assert agreement(units, values=3, metric=nominal) == Agreement(n)


def test_the_interval_is_the_same_every_time_and_covers_the_truth() -> None:
    assert agreement(UNITS, values=5, metric=nominal) == agreement(UNITS, values=5, metric=nominal)
    random = np.random.default_rng(2)
    covered = 0
    for seed in range(100):
        truth = random.integers(0, 4, size=200)
        noisy = [np.where(random.random(200) < 0.2, random.integers(0, 4, size=200), truth) for _ in range(2)]
        found = agreement(np.stack(noisy, axis=1).tolist(), values=4, metric=nominal, seed=seed)
        covered += found.low is not None and found.high is not None and found.low <= 0.64 <= found.high
    assert covered >= 88  # two readers who each guess one in five: alpha is .8 * .8; 95 expected, .999 above 88


@pytest.mark.parametrize(
    ("count", "n", "low", "high"), [(0, 10, 0.0, 0.278), (8, 10, 0.490, 0.943), (50, 100, 0.404, 0.596)]
)
def test_the_interval_of_a_share(count: int, n: int, low: float, high: float) -> None:
    assert share_interval(count, n) == pytest.approx((low, high), abs=0.001)
