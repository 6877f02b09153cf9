from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.tracker.estimate import MIN_PAIRS, Verdict, paired_change, rate

scores = st.integers(1, 5)
pairs = st.lists(st.tuples(scores, scores), min_size=2, max_size=60)


@pytest.mark.parametrize(
    ("before", "after", "figures", "verdict"),
    [
        # differences 1 2 1 2 1 2 1 2 1 2: mean 1.5, s = 0.5270, t(9) = 2.2622, half = 0.3770
        ([2] * 10, [3, 4] * 5, (1.5, 1.1230, 1.8770), Verdict.BETTER),
        # differences −1 −2 …: the same, mirrored
        ([4] * 10, [3, 2] * 5, (-1.5, -1.8770, -1.1230), Verdict.WORSE),
        # differences 1 −1 …: mean 0, s = 1.0541, half = 0.7541
        ([3] * 10, [4, 2] * 5, (0.0, -0.7541, 0.7541), Verdict.UNCLEAR),
        # nine pairs, however clear, are too few: s = 0.5270, t(8) = 2.3060, half = 0.4051
        ([1] * 9, [5, 4, 5, 4, 5, 4, 5, 4, 5], (3.5556, 3.1504, 3.9607), Verdict.TOO_FEW),
        # 0 2 0 2 … (n = 12): mean 1, s = 1.0445, t(11) = 2.2010, half = 0.6636
        ([2] * 12, [2, 4] * 6, (1.0, 0.3364, 1.6636), Verdict.BETTER),
        # everybody the same step: no spread, so the interval is the point
        ([2] * 10, [3] * 10, (1.0, 1.0, 1.0), Verdict.BETTER),
        ([3] * 10, [3] * 10, (0.0, 0.0, 0.0), Verdict.UNCLEAR),
    ],
)
def test_figures_worked_by_hand(
    before: list[float], after: list[float], figures: tuple[float, float, float], verdict: Verdict
) -> None:
    change = paired_change(before, after)
    assert change.n == len(before)
    assert (change.difference, change.low, change.high) == pytest.approx(figures, abs=5e-5)
    assert change.verdict is verdict


@pytest.mark.parametrize(("before", "after"), [([], []), ([3], [5])])
def test_none_or_one_customer_gives_no_interval(before: list[float], after: list[float]) -> None:
    change = paired_change(before, after)
    assert (change.low, change.high, change.verdict) == (None, None, Verdict.TOO_FEW)
    assert "样本太少" in change.wording


def test_two_lists_that_are_not_of_the_same_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        paired_change([1, 2], [1])


@given(pairs)
def test_the_interval_is_scipys_paired_t_interval(answers: list[tuple[int, int]]) -> None:
    before, after = [b for b, _ in answers], [a for _, a in answers]
    change = paired_change(before, after)
    if len({a - b for b, a in answers}) > 1:  # scipy warns where there is no spread
        expected = stats.ttest_rel(after, before).confidence_interval(0.95)
        assert (change.low, change.high) == pytest.approx((expected.low, expected.high))
    assert change.difference == pytest.approx(sum(after) / len(after) - sum(before) / len(before))


@given(pairs, st.randoms(use_true_random=False))
def test_order_of_customers_does_not_matter(answers: list[tuple[int, int]], order: random.Random) -> None:
    shuffled = order.sample(answers, len(answers))
    one, other = (paired_change([b for b, _ in rows], [a for _, a in rows]) for rows in (answers, shuffled))
    assert one.verdict is other.verdict
    assert one.difference == pytest.approx(other.difference)


@given(pairs)
def test_swapping_before_and_after_mirrors_the_answer(answers: list[tuple[int, int]]) -> None:
    before, after = [b for b, _ in answers], [a for _, a in answers]
    change, mirrored = paired_change(before, after), paired_change(after, before)
    assert change.low is not None
    assert mirrored.high is not None
    assert change.low == pytest.approx(-mirrored.high)
    opposite = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    assert mirrored.verdict is opposite.get(change.verdict, change.verdict)


@given(pairs)
def test_the_words_claim_no_more_than_the_interval(answers: list[tuple[int, int]]) -> None:
    change = paired_change([b for b, _ in answers], [a for _, a in answers])
    assert change.low is not None
    assert change.high is not None
    assert change.low <= (change.difference or 0) <= change.high
    claims = any(word in change.wording for word in ("上升", "下降"))
    assert claims == (change.n >= MIN_PAIRS and not change.low <= 0 <= change.high)
    assert f"{change.n} 位" in change.wording


def test_under_no_effect_a_change_is_claimed_about_one_time_in_twenty() -> None:
    dice = random.Random(7)
    claims = 0
    for _ in range(1000):
        before = [dice.choice([1, 1, 2, 2, 3, 4]) for _ in range(30)]
        after = [dice.choice([1, 1, 2, 2, 3, 4]) for _ in range(30)]
        claims += paired_change(before, after).verdict is not Verdict.UNCLEAR
    assert 30 <= claims <= 70


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (20, 20, 0.8389, 1.0)],  # Wilson 1927, by hand
)
def test_a_rate_comes_with_wilsons_interval(k: int, n: int, low: float, high: float) -> None:
    told = rate(k, n)
    assert told.value == k / n
    assert (told.low, told.high) == pytest.approx((low, high), abs=5e-5)


def test_a_rate_of_nobody_is_no_rate() -> None:
    assert rate(0, 0).value is None
    assert not math.isnan(rate(0, 1).high or 0)
