"""Figures and thresholds against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.metrics import f1_at, threshold_for_precision


@pytest.mark.parametrize(
    ("right", "precision", "least", "accepted"),
    [
        ([True, True, True, True], 0.9, 0.5, 4),
        ([True, True, False, False], 0.9, 0.5, 2),
        ([False, True, True, True], 0.75, 0.25, 4),  # a mistake at the top is made up for below
        ([True, False, False, False], 0.9, 0.75, 3),  # cannot be had: the least coverage
    ],
)
def test_threshold_accepts_as_many_as_the_precision_allows(
    right: list[bool], precision: float, least: float, accepted: int
) -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    threshold = threshold_for_precision(scores, np.array(right), precision, least)
    assert (scores >= np.float32(threshold)).sum() == accepted


def test_f1_counts_over_all_labels() -> None:
    truth = np.array([[1, 0], [1, 1]])
    scores = np.array([[0.9, 0.6], [0.2, 0.7]], dtype=np.float32)
    assert f1_at(scores, truth, 0.5) == pytest.approx(2 * 2 / (3 + 3))


def test_f1_of_a_single_label_counts_what_was_found_and_not_what_was_rightly_left() -> None:
    truth = np.array([[1], [1], [0], [0]])
    scores = np.array([[0.9], [0.2], [0.1], [0.6]], dtype=np.float32)
    assert f1_at(scores, truth, 0.5) == pytest.approx(0.5)
    assert f1_at(scores, truth, 0.7) == pytest.approx(2 / 3)
