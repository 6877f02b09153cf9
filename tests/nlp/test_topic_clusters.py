"""Groups that continue from labels which only some texts have: copies, and texts that no draw picked."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from nlp.topics.clusters import NEW, OUTSIDE, cluster
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
