"""The linear baseline: TF-IDF of characters and words, one class-balanced linear SVM per task."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import jieba
import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from training.peers.fitted import fit
from training.peers.told import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from training.peers.told import Job, Reader

PENALTY = 0.3  # C

jieba.setLogLevel(logging.WARNING)


class Features:
    """TF-IDF of character 1- to 3-grams and of jieba words, side by side."""

    def __init__(self) -> None:
        self.parts = (
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32),
            TfidfVectorizer(analyzer=jieba.lcut, min_df=2, sublinear_tf=True, dtype=np.float32),
        )

    def fit(self, texts: Sequence[str]) -> csr_matrix:
        """Learn the terms; (N, terms)."""
        return hstack([part.fit_transform(texts) for part in self.parts]).tocsr()

    def of(self, texts: Sequence[str]) -> csr_matrix:
        """(N, terms) of other texts."""
        return hstack([part.transform(texts) for part in self.parts]).tocsr()


def learn(job: Job) -> Reader:
    """Every task that has labelled rows; risks one against the rest."""
    if not job.rows.texts:
        raise CannotRunError("no labelled rows to learn from")
    features = Features()
    fitted = fit(job.rows, features.fit(job.rows.texts), svm)
    return lambda: fitted.tell(features.of(job.texts), f"trained on {len(job.rows.texts)} rows")


def svm(matrix: Any, gold: Any) -> LinearSVC:  # noqa: ANN401 - what scikit-learn takes
    """One against the rest, classes weighted by rarity."""
    return LinearSVC(C=PENALTY, class_weight="balanced", random_state=0).fit(matrix, gold)
