"""Fits the wide part: one linear SVM per label over hashed, TF-IDF-weighted n-grams."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from nlp.heads import HEADS, RISK
from nlp.segment import Segmenter
from nlp.taxonomy import values
from nlp.wide import Wide, occurrences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from nlp.doc import Doc
    from training.corpus import Example

BUCKETS = 1 << 17
FILE = "wide.npz"
PENALTY = 0.3  # C of the SVM


def columns() -> dict[str, slice]:
    """Which columns of the weight matrix belong to which head."""
    ends = np.cumsum([len(values(head)) for head in HEADS])
    return {head: slice(int(end) - len(values(head)), int(end)) for head, end in zip(HEADS, ends, strict=True)}


def fit(examples: Sequence[Example]) -> Wide:
    """Train on all examples; classes are weighted by rarity."""
    docs = [example.doc for example in examples]
    for doc, words in zip(docs, Segmenter().predict(docs), strict=True):
        doc.words = words
    idf = inverse_frequency(docs)
    size = columns()[RISK].stop
    wide = Wide(idf, np.zeros((BUCKETS, size), np.float32), np.zeros(size, np.float32), columns())
    matrix = matrix_of(wide, docs)
    for head in track(HEADS, "wide part"):
        known = [at for at, example in enumerate(examples) if example.knows(head)]
        for label in range(len(values(head))):
            has = [_has(examples[at], head, label) for at in known]
            if all(has) or not any(has):  # nothing to tell apart
                wide.bias[wide.columns[head].start + label] = 1.0 if any(has) else -1.0
                continue
            svm = LinearSVC(C=PENALTY, class_weight="balanced", random_state=0)
            svm.fit(matrix[known], has)
            wide.weight[:, wide.columns[head].start + label] = svm.coef_[0]
            wide.bias[wide.columns[head].start + label] = svm.intercept_[0]
    never = idf == idf.max()
    return replace(wide, weight=np.where(never[:, None], 0, wide.weight).astype(np.float32))


def inverse_frequency(docs: Sequence[Doc]) -> NDArray[np.float32]:
    """(BUCKETS,): the larger the fewer docs hold a bucket's n-grams."""
    seen = np.zeros(BUCKETS)
    for doc in docs:
        seen[list({bucket for bucket, _ in occurrences(doc, BUCKETS)})] += 1
    return (np.log((1 + len(docs)) / (1 + seen)) + 1).astype(np.float32)


def _has(example: Example, head: str, label: int) -> bool:
    return bool(example.risks and example.risks[label]) if head == RISK else example.gold[head] == label


def matrix_of(wide: Wide, docs: Sequence[Doc]) -> csr_matrix:
    """(docs, buckets): each row the n-gram values of one doc, of length 1."""
    grams = [wide.read(doc) for doc in docs]
    rows: NDArray[np.int64] = np.repeat(np.arange(len(docs)), [len(gram.buckets) for gram in grams])
    entries = np.concatenate([gram.values for gram in grams])
    return csr_matrix((entries, (rows, np.concatenate([gram.buckets for gram in grams]))), (len(docs), BUCKETS))


def save(wide: Wide, folder: Path) -> None:
    """Keep the fitted part for the export."""
    np.savez(folder / FILE, idf=wide.idf, weight=wide.weight, bias=wide.bias)


def load(folder: Path) -> Wide:
    """What `save` kept."""
    with np.load(folder / FILE) as kept:
        return Wide(kept["idf"], kept["weight"], kept["bias"], columns())
