"""The parts of one topic: groups within it that could be topics of their own, and the words that tell them apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from nlp.segment import terms
from nlp.topics.clusters import MIN_TOPIC
from nlp.topics.space import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Labels = NDArray[np.int64]

MOST = 4  # parts that are offered
SMALLEST = MIN_TOPIC // 2  # texts of a part
JUDGED = 1_000  # texts that tell how many parts there are; a silhouette costs their square
TERMS = 6
PRIOR = 1.0  # texts added to either side before words are compared
FEWEST_TEXTS = 2  # of a part that say a word, for it to tell the part


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a group within a topic, most central first, and its most telling words."""

    rows: list[int]
    terms: list[str]


def parts(points: Points, texts: Sequence[str]) -> list[Part]:
    """Up to MOST parts of a topic's texts, largest first; empty where it is too small or does not fall apart.

    points: (n, d) vectors of the texts. The number of parts is the one whose silhouette is best.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    centred = unit(points - points.mean(axis=0))
    distinct = len({row.tobytes() for row in centred})  # copies cannot be told apart
    best: Labels | None = None
    apart = 0.0
    for count in range(2, min(MOST, distinct, len(centred) // MIN_TOPIC) + 1):
        groups = KMeans(count, n_init=4, random_state=0).fit_predict(centred).astype(np.int64)
        if np.bincount(groups, minlength=count).min() < SMALLEST:
            continue
        seen = _judged(groups)
        score = float(silhouette_score(centred[seen], groups[seen]))
        if score > apart:
            best, apart = groups, score
    if best is None:
        return []
    words = [frozenset(terms(text)) for text in texts]
    found = [_part(centred, words, np.flatnonzero(best == group)) for group in range(int(best.max()) + 1)]
    return sorted(found, key=lambda part: -len(part.rows))


def _judged(groups: Labels) -> NDArray[np.intp]:
    """Rows of about JUDGED texts, always the same: every group's share of them, and SMALLEST of each at the least."""
    drawn = np.random.default_rng(0).permutation(len(groups))
    share = min(1.0, JUDGED / len(groups))
    sizes = np.maximum(SMALLEST, np.rint(share * np.bincount(groups))).astype(int)
    return np.concatenate([drawn[groups[drawn] == group][:size] for group, size in enumerate(sizes)])


def telling_terms(inside: Sequence[str], outside: Sequence[str]) -> list[str]:
    """Words that more of the `inside` texts say than of the others, by log odds with a prior, surest first."""
    return _telling(*([frozenset(terms(text)) for text in side] for side in (inside, outside)))


def _telling(inside: Sequence[frozenset[str]], outside: Sequence[frozenset[str]]) -> list[str]:
    here, there = (Counter(word for said in side for word in said) for side in (inside, outside))

    def weight(word: str) -> float:
        ours = (here[word] + PRIOR) / (len(inside) - here[word] + PRIOR)
        theirs = (there[word] + PRIOR) / (len(outside) - there[word] + PRIOR)
        return log(ours / theirs) * sqrt(here[word])

    said = [word for word, count in here.items() if count >= min(FEWEST_TEXTS, len(inside))]
    return sorted(said, key=lambda word: (-weight(word), word))[:TERMS]


def _part(points: Points, words: Sequence[frozenset[str]], rows: NDArray[np.intp]) -> Part:
    likeness = points[rows] @ points[rows].mean(axis=0)
    central = rows[np.argsort(-likeness, kind="stable")].tolist()
    within = set(central)
    rest = [said for row, said in enumerate(words) if row not in within]
    return Part(central, _telling([words[row] for row in central], rest))
