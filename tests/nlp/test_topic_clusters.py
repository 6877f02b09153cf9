"""Groups that continue from labels which only some texts have: copies, and texts that no draw picked."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from nlp.topics.clusters import NEW, OUTSIDE, SAME, cluster, near_duplicates
from nlp.topics.space import unit

GROUPS, EACH, WIDTH = 6, 12, 48
TRUTH = np.repeat(np.arange(GROUPS), EACH)


@pytest.fixture
def points() -> NDArray[np.float32]:
    """EACH texts about each of GROUPS directions, in the order of TRUTH."""
    noise = 0.05 * np.random.default_rng(0).normal(size=(len(TRUTH), WIDTH))
    return unit((np.eye(GROUPS, WIDTH)[TRUTH] + noise).astype(np.float32))


def unlike(count: int) -> NDArray[np.float32]:
    """Words of texts no two of which are copies."""
    return unit(np.random.default_rng(1).normal(size=(count, WIDTH)).astype(np.float32))


@pytest.mark.parametrize("first", [NEW, OUTSIDE])
def test_a_set_of_copies_continues_from_whichever_had_a_topic(points: NDArray[np.float32], first: int) -> None:
    words = unlike(len(points))
    known = np.r_[np.full(len(TRUTH), first), TRUTH]
    labels = cluster(np.vstack([points, points]), np.vstack([words, words]), seed=7, known=known)
    assert (labels == np.tile(TRUTH, 2)).all()


def test_copies_that_had_several_topics_continue_the_one_of_most(points: NDArray[np.float32]) -> None:
    words = unlike(len(points))
    known = np.r_[(TRUTH + 1) % GROUPS, TRUTH, TRUTH]
    labels = cluster(np.vstack([points] * 3), np.vstack([words] * 3), seed=7, known=known)
    assert (labels == np.tile(TRUTH, 3)).all()


def test_groups_are_new_where_no_text_that_was_drawn_had_a_topic(
    points: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.topics.clusters._drawn", lambda *_: np.arange(len(TRUTH)))
    known = np.r_[np.full(len(TRUTH), NEW), np.arange(GROUPS)]
    rows = np.vstack([points, np.eye(GROUPS, WIDTH, dtype=np.float32)])
    labels = cluster(rows, unlike(len(rows)), seed=7, known=known)
    assert (labels >= GROUPS).all()  # none is taken for one of the known
    assert adjusted_rand_score(np.r_[TRUTH, np.arange(GROUPS)], labels) == 1


def of_all_pairs(words: NDArray[np.float32]) -> tuple[list[int], list[int]]:
    """The sets of near-copies, from all pairs at once."""
    rows, columns = np.nonzero(words @ words.T > SAME)
    graph = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(words), len(words)))
    _, sets = connected_components(graph, directed=False)
    _, first, inverse = np.unique(sets, return_index=True, return_inverse=True)
    return first.tolist(), inverse.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_copies_chains_of_near_copies_and_empty_rows_form_the_sets_that_all_pairs_form(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = np.random.default_rng(seed)
    near = random.normal(size=(120, 5))  # here and there one joins two that are no copies of each other
    angles = np.arange(40) * 0.2  # a chain of neighbours
    chain = np.c_[np.cos(angles), np.sin(angles), np.zeros((40, 3))]
    rows = np.vstack([near, near[random.integers(0, 120, 60)], chain[:20], chain[22:], np.zeros((2, 5))])
    words = unit(random.permutation(rows).astype(np.float32))
    monkeypatch.setattr("nlp.topics.clusters.BLOCK", 7)
    first, sets = near_duplicates(words)
    assert (first.tolist(), sets.tolist()) == of_all_pairs(words)
    assert 20 < len(first) < 120


def test_twice_as_many_copies_of_one_text_are_sorted_in_about_twice_the_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by the bytes asked for, which do not depend on the machine."""
    monkeypatch.setattr("nlp.topics.clusters.BLOCK", 50)

    def bytes_for(count: int) -> int:
        words = np.tile(unlike(1), (count, 1))
        tracemalloc.start()
        first, _ = near_duplicates(words)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert first.tolist() == [0]
        return most

    assert bytes_for(2_000) < 2.5 * bytes_for(1_000)
