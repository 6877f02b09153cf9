"""Ids that continue: the groups of a fit are matched to the topics of the previous one.

The best overall pairing (optimal assignment) of shared texts, with the likeness of the centroids to break ties,
decides; a pair that shares too little is no continuation. What stays unpaired on the new side is born and gets
an id that was never used; on the old side it is retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from nlp.topics.clusters import OUTSIDE
from nlp.topics.space import centroids

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARED = 0.25  # of the texts of either side, for a group to continue a topic
LIKENESS = 0.1  # weight of the centroids' cosine beside the share of texts


@dataclass(frozen=True, slots=True)
class Matched:
    """`ids[g]` is the topic id of group g; `born` and `retired` are ids."""

    ids: NDArray[np.int64]
    born: tuple[int, ...]
    retired: tuple[int, ...]


def match(
    points: NDArray[np.float32], groups: NDArray[np.int64], previous: NDArray[np.int64], *, next_id: int
) -> Matched:
    """Give each group 0 … k-1 an id. `previous` (n,) holds topic ids, OUTSIDE or NEW; all ids are below `next_id`.

    groups: (n,) with OUTSIDE for texts without one.
    """
    count = int(groups.max(initial=OUTSIDE)) + 1
    old = np.unique(previous[previous >= 0])
    rows = np.full(len(previous), OUTSIDE, dtype=np.int64)
    rows[previous >= 0] = np.searchsorted(old, previous[previous >= 0])
    overlap = np.zeros((len(old), count))
    both = (rows >= 0) & (groups >= 0)
    np.add.at(overlap, (rows[both], groups[both]), 1)
    # of a group only the texts that the previous fit placed can tell where it comes from
    sizes_old = np.maximum(overlap.sum(axis=1, keepdims=True), 1)
    sizes_new = np.maximum(overlap.sum(axis=0, keepdims=True), 1)
    share = overlap / np.maximum(sizes_old, sizes_new)
    alike = centroids(points, rows, len(old)) @ centroids(points, groups, count).T
    ids = np.full(count, OUTSIDE, dtype=np.int64)
    for before, after in zip(*linear_sum_assignment(-(share + LIKENESS * alike)), strict=True):
        if share[before, after] >= SHARED:
            ids[after] = old[before]
    births = np.flatnonzero(ids == OUTSIDE)
    ids[births] = np.arange(next_id, next_id + len(births))
    retired = tuple(int(one) for one in old if one not in ids)
    return Matched(ids, tuple(int(one) for one in ids[births]), retired)
