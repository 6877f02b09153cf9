"""The map of the shipped feedback: what PCA, t-SNE and UMAP keep of the space, and how far topics move in a refit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from nlp.topics.clusters import OUTSIDE
from nlp.topics.fit import fit
from nlp.topics.plane import draw, place
from tests.nlp import authored

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED, NEAR = 7, 10

pytestmark = [
    pytest.mark.bench,
    pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning"),  # umap
    pytest.mark.filterwarnings("ignore:n_jobs value 1 overridden:UserWarning"),  # umap with a seed
]


def nearest(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """Rows of the NEAR nearest others, (n, NEAR)."""
    near: NDArray[np.int64] = NearestNeighbors(n_neighbors=NEAR).fit(points).kneighbors(return_distance=False)
    return near


def tell(
    name: str, points: NDArray[np.float32], groups: NDArray[np.int64], placed: NDArray[np.float32], began: float
) -> None:
    seconds = time.perf_counter() - began
    here, there = nearest(points), nearest(placed)
    kept = np.mean([len(np.intersect1d(one, other)) / NEAR for one, other in zip(here, there, strict=True)])
    trust = trustworthiness(points, placed, n_neighbors=NEAR)
    same = (groups[there] == groups[:, None])[groups != OUTSIDE].mean()
    print(f"{name:>12}: kept {kept:.2f}, trust {trust:.2f}, topic {same:.2f}, {seconds:.1f} s")


def test_figures() -> None:
    corpus = authored.read(authored.rows(), authored.pipeline(threads=1))
    fitted = fit(corpus, seed=SEED)
    points = fitted.model.space.transform(corpus.embeddings, corpus.channels, corpus.features)
    keys = np.arange(len(corpus))
    nowhere = np.full((len(corpus), 2), np.nan, dtype=np.float32)
    rows = draw(fitted.assigned, keys)
    chosen, groups = points[rows], fitted.assigned[rows]

    tell("the space", chosen, groups, chosen, time.perf_counter())
    began = time.perf_counter()
    tell("PCA", chosen, groups, PCA(2, random_state=SEED).fit_transform(chosen), began)
    began = time.perf_counter()
    placed = place(points, rows, before=nowhere, seed=SEED)
    tell("the map", chosen, groups, placed, began)
    assert np.array_equal(placed, place(points, rows, before=nowhere, seed=SEED))
    began = time.perf_counter()
    from umap import UMAP

    reducer = UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=SEED, n_jobs=1)
    tell("UMAP", chosen, groups, reducer.fit_transform(chosen), began)

    early = np.sort(np.random.default_rng(SEED).permutation(len(corpus))[: int(0.9 * len(corpus))])
    before = nowhere.copy()
    first = early[draw(fitted.assigned[early], keys[early])]
    before[first] = place(points, first, before=nowhere, seed=SEED)
    began = time.perf_counter()
    after = place(points, rows, before=before, seed=SEED + 1)
    seconds = time.perf_counter() - began
    moved = [
        np.linalg.norm(
            np.median(before[first[fitted.assigned[first] == topic]], axis=0)
            - np.median(after[groups == topic], axis=0)
        )
        for topic in np.unique(groups[groups != OUTSIDE])
    ]
    print(f"a tenth more texts: topics moved {np.median(moved):.2f}, at most {max(moved):.2f}, {seconds:.1f} s")
