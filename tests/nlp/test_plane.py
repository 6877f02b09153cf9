"""The map keeps near what is near, stays where it was from fit to fit, and shows of every topic what it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from nlp.topics.plane import FEWEST, FEWEST_OF_TOPIC, GAP, draw, place
from nlp.topics.space import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 7
TOPICS, EACH = 5, 24
GROUPS = np.repeat(np.arange(TOPICS), EACH)


def texts(seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors around one centre for each topic."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(TOPICS, 32))
    return unit((centres[GROUPS] + 0.4 * random.normal(size=(len(GROUPS), 32))).astype(np.float32))


def nowhere(count: int) -> NDArray[np.float32]:
    return np.full((count, 2), np.nan, dtype=np.float32)


def all_of(points: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.arange(len(points), dtype=np.int64)


def medians(placed: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.stack([np.median(placed[groups == topic], axis=0) for topic in range(TOPICS)])


@pytest.fixture(scope="module")
def first() -> NDArray[np.float32]:
    return place(texts(), all_of(texts()), before=nowhere(len(GROUPS)), seed=SEED)


def test_neighbours_in_the_plane_are_of_the_same_topic(first: NDArray[np.float32]) -> None:
    distance = np.linalg.norm(first[:, None] - first[None], axis=2)
    near = distance.argsort(axis=1)[:, 1:6]
    assert (GROUPS[near] == GROUPS[:, None]).mean() > 0.9


def test_the_same_texts_give_the_same_map(first: NDArray[np.float32]) -> None:
    again = place(texts(), all_of(texts()), before=nowhere(len(GROUPS)), seed=SEED)
    assert np.array_equal(first, again)


def test_no_dot_hides_another(first: NDArray[np.float32]) -> None:
    assert pdist(first / np.ptp(first, axis=0)).min() > 0.7 * GAP


@pytest.mark.parametrize("turned", [[[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[-1, 0], [0, 1]]])
def test_a_topic_stays_where_it_was_when_texts_go_and_come(first: NDArray[np.float32], turned: list[list[int]]) -> None:
    last = first @ np.array(turned, dtype=np.float32)
    points, before = texts(), last.copy()
    new = np.arange(0, len(points), 6)
    points[new], before[new] = texts(seed=1)[new], np.nan
    placed = place(points, all_of(points), before=before, seed=SEED + 1)
    moved = np.linalg.norm(medians(placed, GROUPS) - medians(last, GROUPS), axis=1)
    assert moved.max() < 0.35  # of a map whose topics lie about 1 from its middle
    assert np.linalg.norm(placed[new] - medians(last, GROUPS)[GROUPS[new]], axis=1).mean() < 0.6


def test_texts_of_which_too_few_were_on_the_last_map_begin_anew(first: NDArray[np.float32]) -> None:
    before = nowhere(len(GROUPS))
    before[: FEWEST - 1] = 5.0
    assert np.array_equal(place(texts(), all_of(texts()), before=before, seed=SEED), first)


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_a_few_texts_have_no_map(count: int) -> None:
    rows = np.arange(count, dtype=np.int64)
    assert place(texts(), rows, before=nowhere(len(GROUPS)), seed=SEED).shape == (0, 2)


def test_copies_of_one_text_have_places_too() -> None:
    points = np.repeat(texts()[:1], 20, axis=0)
    placed = place(points, all_of(points), before=nowhere(20), seed=SEED)
    assert placed.shape == (20, 2)
    assert np.isfinite(placed).all()


sizes = st.lists(st.integers(1, 300), min_size=1, max_size=30)


@given(sizes, st.integers(40, 400))
def test_every_topic_keeps_its_share_and_small_ones_a_few(counts: list[int], most: int) -> None:
    groups = np.repeat(np.arange(-1, len(counts) - 1), counts)
    keys = np.arange(1, len(groups) + 1)
    rows = draw(groups, keys, most=most)
    assert len(rows) == len(set(rows.tolist())) <= max(most, 0)
    assert (np.diff(rows) > 0).all()
    if len(groups) <= most:
        assert len(rows) == len(groups)
    shown = np.unique(groups[rows], return_counts=True)[1]
    least = min(FEWEST_OF_TOPIC, most // len(counts))
    assert all(few >= min(count, least) for few, count in zip(shown, counts, strict=True))
    order = np.argsort(counts, kind="stable")
    assert (np.diff(shown[order]) >= 0).all()


def test_most_of_what_was_drawn_stays_drawn_when_texts_are_added() -> None:
    groups = np.tile(np.arange(10), 400)
    keys = np.arange(len(groups)) + 1
    before = set(keys[draw(groups[:3000], keys[:3000], most=500)].tolist())
    after = set(keys[draw(groups, keys, most=500)].tolist())
    assert len(before & after) > 0.65 * len(before)  # a quarter of all texts is new
    assert len([key for key in after if key > 3000]) > 0.15 * len(after)
