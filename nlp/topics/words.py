"""The words of each group: BERTopic's class-based TF-IDF over jieba terms, with our vectors and our groups.

BERTopic takes any object with scikit-learn's methods for its two middle steps; the space and the groups are
found before (they need channels, labels and the previous topics, which its interface has no place for) and handed
in by the two classes below. Its default language would delete Chinese characters, so the terms come ready-made,
joined by blanks.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self

from nlp.topics.clusters import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

TERMS = 12  # a topic


class ReadyPoints:
    """A dimensionality step that is done."""

    def fit(self, _points: object, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Nothing is left to learn."""
        return self

    def transform(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points are in the space already."""
        return points


class ReadyGroups:
    """A clustering that is done; OUTSIDE is BERTopic's own -1."""

    def __init__(self, groups: NDArray[np.int64]) -> None:
        self.labels_ = groups

    def fit(self, _points: object, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Nothing is left to learn."""
        return self


def group_terms(
    documents: Sequence[str], points: NDArray[np.float32], groups: NDArray[np.int64]
) -> list[dict[str, float]]:
    """For each group 0 … k-1 its TERMS most telling terms with their weights, best first.

    documents: terms joined by blanks, one string a row; groups (n,) with OUTSIDE.
    """
    count = int(groups.max(initial=OUTSIDE)) + 1
    if not count or not any(documents):
        return [{} for _ in range(count)]
    with warnings.catch_warnings():
        # what bertopic imports says at its import: umap that there is no TensorFlow, hdbscan's docstrings hold escapes
        # that Python warns about when it compiles them
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
        from bertopic import BERTopic
        from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(
        language="multilingual",
        umap_model=ReadyPoints(),
        hdbscan_model=ReadyGroups(groups),
        vectorizer_model=CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False),
        ctfidf_model=ClassTfidfTransformer(bm25_weighting=True, reduce_frequent_words=True),
        top_n_words=TERMS,
    )
    numbers, _ = model.fit_transform(list(documents), embeddings=points)
    found: list[dict[str, float]] = [{} for _ in range(count)]
    for group, number in dict(zip(groups.tolist(), numbers, strict=True)).items():
        if group >= 0:  # BERTopic numbers topics by their size
            found[group] = {str(term): float(weight) for term, weight in model.get_topic(number) if term and weight > 0}
    return found
