"""Where texts lie on the map 主题地图: positions in the plane that keep near what is near in the space.

Measured on the authored corpus, some 1,490 of its 2,515 texts in 29 topics, one thread of a shared core (the first
four columns by tests/bench/bench_map.py). "Kept" is the share of a text's ten nearest neighbours that are among its ten
nearest in the plane, "trust" scikit-learn's trustworthiness with ten, "topic" the share of the ten nearest in the plane
that have the text's own topic. All answer twice alike. "Moved" is how far the topics' medians lie from where they were
after a refit in which a tenth of the texts changed, median and largest, of a map of radius 1 turned onto the last one.

|           | kept | trust | topic | seconds | MiB | moved, started from the last map | moved, afresh |
| the space | 1    | 1     | 0.70  |         |     |                                  |               |
| PCA       | 0.08 | 0.78  | 0.19  | 0.05    | 58  |                                  | 0.04, 0.08    |
| t-SNE     | 0.49 | 0.98  | 0.73  | 5 to 8  | 54  | 0.04, 0.07; another tenth 0.17   | 0.08, 0.39    |
| UMAP      | 0.39 | 0.97  | 0.72  | 2.5     | 288 | 0.30, 0.73                       | 0.61, 1.91    |

UMAP takes 1 to 2 s to import and 8 to 20 s to compile in each process, so that the one map of a fit costs no less than
t-SNE's, which needs 2 s when it is started from the last map. Four dots in five then lie on one another: pushing them
GAP apart takes 0.03 s and costs 0.03 of what is kept, which the figures above have paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Labels = NDArray[np.int64]

MOST = 1500  # texts on a map: a page holds no more, and no eye tells more apart
FEWEST_OF_TOPIC = 8  # that a small topic keeps where the larger ones are thinned out
FEWEST = 10  # with fewer texts a map says nothing
PERPLEXITY = 30  # about how many neighbours a text tries to keep
NEAREST = 5  # placed texts among which one that was not on the last map begins
GAP, PUSHES = 0.01, 50  # of either side of the map, so that each of MOST dots can be seen and opened
AGAIN = {"early_exaggeration": 1.0, "max_iter": 500}  # from where the texts were, without tearing them apart first
_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2**64 over the golden ratio: neighbouring numbers come to lie far apart


def draw(groups: Labels, keys: Labels, *, most: int = MOST) -> Labels:
    """Rows (m,) in order, m ≤ `most`: every group's share, small groups with FEWEST_OF_TOPIC texts at least.

    groups: (n,) topic ids, OUTSIDE counts as one. keys: (n,) numbers that name the texts for good: a text that was
    drawn stays drawn while its group's share holds, whatever is added around it.
    """
    if len(groups) <= most:
        return np.arange(len(groups), dtype=np.int64)
    lot = keys.astype(np.uint64) * _MIX
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    least = np.minimum(sizes, min(FEWEST_OF_TOPIC, most // len(sizes)))
    rest = sizes - least
    share = least + rest * (most - least.sum()) // max(int(rest.sum()), 1)
    order = np.lexsort((lot, inverse))
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.flatnonzero(rank < share[inverse]).astype(np.int64)


def place(points: Points, rows: Labels, *, before: Points, seed: int) -> Points:
    """Positions (m, 2) of some rows of the unit vectors (n, d), about 0 with a mean square distance of 1 from it.

    before: (n, 2), a row of NaN for texts that were not on the last map. What was there begins there, so that a topic
    is found where it was. The same arguments give the same positions. Fewer than FEWEST rows give none: (0, 2).
    """
    if len(rows) < FEWEST:
        return np.zeros((0, 2), dtype=np.float32)
    known = np.flatnonzero(~np.isnan(before[:, 0]))
    stay = np.isin(rows, known)
    if stay.sum() < FEWEST:
        return _parted(_scaled(_tsne(points[rows], seed=seed)))
    start = before[rows].copy()
    likeness = points[rows[~stay]] @ points[known].T
    near = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
    start[~stay] = before[known[near]].mean(axis=1)
    return _parted(_turned(_scaled(_tsne(points[rows], seed=seed, start=start)), before[rows], stay))


def _tsne(points: Points, *, seed: int, start: Points | None = None) -> Points:
    from sklearn.manifold import TSNE

    begin = {"init": "pca"} if start is None else {"init": _spread(start, seed=seed), **AGAIN}
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    # sums of several threads differ in their last digits, and the map with them; on busy cores they wait for each other
    with threadpool_limits(limits=1):
        model = TSNE(2, perplexity=perplexity, metric="cosine", random_state=seed, **begin)
        placed: Points = model.fit_transform(points).astype(np.float32)
    return placed


def _spread(start: Points, *, seed: int) -> Points:
    """The start in the size t-SNE gives so many texts, no two in one place, from where they could not part."""
    wide = _scaled(start) * np.sqrt(len(start))
    spread: Points = (wide + np.random.default_rng(seed).normal(scale=0.1, size=wide.shape)).astype(np.float32)
    return spread


def _scaled(placed: Points) -> Points:
    centred = placed - placed.mean(axis=0)
    size = np.sqrt(np.square(centred).sum(axis=1).mean())
    scaled: Points = (centred / max(float(size), 1e-9)).astype(np.float32)
    return scaled


def _turned(placed: Points, before: Points, stay: NDArray[np.bool_]) -> Points:
    """Turned, mirrored and moved onto the last map (orthogonal Procrustes over the texts that are on both)."""
    here, there = placed[stay].mean(axis=0), before[stay].mean(axis=0)
    rotation, _ = orthogonal_procrustes(placed[stay] - here, before[stay] - there)
    turned: Points = ((placed - here) @ rotation + there).astype(np.float32)
    return turned


def _parted(placed: Points) -> Points:
    """Dots that are nearer than GAP pushed from each other, half of the way in each round."""
    sides = np.maximum(np.ptp(placed, axis=0), 1e-9)
    moved = (placed / sides).astype(np.float64)
    for _ in range(PUSHES):
        one, other = KDTree(moved).query_pairs(GAP, output_type="ndarray").T
        apart = moved[one] - moved[other]
        distance = np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
        push = apart / distance * (GAP - distance) / 4
        np.add.at(moved, one, push)
        np.add.at(moved, other, -push)
    parted: Points = (moved * sides).astype(np.float32)
    return parted
