"""Figures against values worked out by hand; intervals against what they must hold."""

from __future__ import annotations

import numpy as np
import pytest

from training.figures import Figure, OfClass, common, draws, macro_f1, mean, micro_f1, per_class, share


def test_macro_f1_leaves_out_classes_too_rare_to_tell() -> None:
    gold = np.array([0] * 20 + [1] * 20 + [2] * 3)
    told = np.array([0] * 20 + [1] * 10 + [0] * 10 + [0] * 3)
    zero, one = 2 * 20 / (20 + 33), 2 * 10 / (20 + 10)
    assert macro_f1(draws(43), gold, told)[0] == pytest.approx((zero + one) / 2)


def test_where_every_class_is_rare_all_of_them_count() -> None:
    assert common(np.array([3, 3, 1])).tolist() == [1, 3]


def test_an_interval_holds_the_figure_and_is_repeatable() -> None:
    random = np.random.default_rng(1)
    gold = random.integers(0, 2, 400)
    told = np.where(random.random(400) < 0.8, gold, 1 - gold)
    figure = Figure.of(macro_f1(draws(400), gold, told))
    assert figure.low < figure.value < figure.high
    assert figure.value == pytest.approx(0.8, abs=0.05)
    assert figure.high - figure.low == pytest.approx(4 * np.sqrt(0.8 * 0.2 / 400), abs=0.02)
    assert figure == Figure.of(macro_f1(draws(400), gold, told))


def test_a_difference_on_the_same_rows_is_surer_than_two_intervals_are() -> None:
    """Two systems that err on the same hard rows: each is uncertain, their difference is not."""
    right = np.arange(300) % 3 > 0
    better = right.copy()
    better[:9] = True
    weights = draws(300)
    one, other = mean(weights, better), mean(weights, right)
    apart = Figure.of(one - other)
    assert apart.value == pytest.approx(3 / 300)
    assert Figure.of(other).high > Figure.of(one).low, "apart, the two cannot be told from each other"
    assert apart.high - apart.low < 0.3 * (Figure.of(one).high - Figure.of(one).low)


def test_micro_f1_counts_over_all_flags() -> None:
    assert micro_f1(draws(2), np.array([[1, 0], [1, 1]]), np.array([[1, 1], [0, 1]]))[0] == pytest.approx(4 / 6)


def test_nothing_asked_and_nothing_told_is_right() -> None:
    assert share(draws(2), np.zeros(2), np.zeros(2))[0] == 1


def test_a_class_is_told_by_precision_recall_and_rows() -> None:
    gold, told = np.array([1, 1, 1, 1, 0, 0]), np.array([1, 0, 0, 0, 1, 0])
    assert per_class(gold, told) == OfClass(precision=1 / 2, recall=1 / 4, f1=2 / 6, rows=4)
    assert per_class(gold, np.zeros(6, int)) == OfClass(0.0, 0.0, 0.0, 4)
