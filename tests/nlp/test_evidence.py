"""Contributions of tokens → words that are shown."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.doc import Span
from nlp.evidence import WordShares, joined
from nlp.heads import Head, sentiment_value, softmax

WORDS = {0: (Span(0, 0, 2), Span(0, 2, 4), Span(0, 5, 7)), 1: (Span(1, 0, 3),)}


@pytest.mark.parametrize(
    ("contributions", "spans", "shown"),
    [
        ([3.0, 0.1, 0.1], [Span(0, 0, 2), Span(0, 2, 4), Span(0, 5, 7)], (Span(0, 0, 2),)),
        ([1.0, 1.0, 0.1], [Span(0, 0, 2), Span(0, 2, 4), Span(0, 5, 7)], (Span(0, 0, 4),)),  # neighbours joined
        ([4.0, -1.0], [Span(0, 0, 4), Span(0, 5, 7)], (Span(0, 0, 2),)),  # a token across two words is shared
        ([1.0, 1.0], [Span(1, 0, 3), None], (Span(1, 0, 3),)),  # a marker has no words
        ([-1.0, -2.0], [Span(0, 0, 2), Span(0, 2, 4)], ()),
        ([1.0], [Span(0, 4, 5)], ()),  # a blank belongs to no word
    ],
)
def test_the_strongest_words_are_shown(
    contributions: list[float], spans: list[Span | None], shown: tuple[Span, ...]
) -> None:
    assert WordShares(spans, WORDS).evidence(np.array(contributions, dtype=np.float32)) == shown


def test_spans_of_different_parts_stay_apart() -> None:
    assert joined([Span(1, 0, 3), Span(0, 0, 3), Span(0, 2, 4)]) == (Span(0, 0, 4), Span(1, 0, 3))


def test_contributions_add_up_to_the_logit() -> None:
    random = np.random.default_rng(0)
    states = random.normal(size=(7, 4)).astype(np.float32)
    query, weight, bias = (random.normal(size=size).astype(np.float32) for size in ((3, 4), (3, 8), (3,)))
    head = Head("intent", query, weight, bias, temperature=1.0, threshold=0.5, wide=0.0)
    added = head.contributions(states).sum(axis=0)
    for label in range(3):
        attention = softmax(states @ query[label])
        pooled = np.concatenate([attention @ states, states.mean(axis=0)])
        np.testing.assert_allclose(added[label], weight[label] @ pooled, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("scores", "value"), [([1, 0, 0, 0, 0], -1.0), ([0, 0, 1, 0, 0], 0.0), ([0, 0, 0, 0.5, 0.5], 0.75)]
)
def test_sentiment_value_is_the_expectation(scores: list[float], value: float) -> None:
    assert sentiment_value(np.array(scores, dtype=np.float32)) == pytest.approx(value)
