"""Fits the wide part: one linear SVM per label over hashed, TF-IDF-weighted n-grams and signals of risk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from scipy.sparse import csr_matrix, hstack
from sklearn.svm import LinearSVC

from nlp.heads import HEADS, RISK
from nlp.segment import Segmenter
from nlp.signals import Signals
from nlp.taxonomy import read, values
from nlp.wide import Wide, layout, occurrences
from training.corpus import SETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from nlp.doc import Doc
    from training.corpus import Example

BUCKETS = 1 << 17
FILE = "wide.npz"
SIGNALS = "rules/signals.json"
PENALTY, RISK_PENALTY = 0.3, 1.0  # C of the SVM
SET = 0.3  # what the set of a row weighs, beside n-grams whose values have length 1 together
SENTIMENT = "sentiment"


def fit(examples: Sequence[Example]) -> Wide:
    """Train on all examples."""
    docs = [example.doc for example in examples]
    _segment(docs)
    wide = untrained(docs, Signals(read(SIGNALS)))
    matrix = matrix_of(wide, docs)
    for head in track(HEADS, "wide part"):
        known = [at for at, example in enumerate(examples) if example.knows(head)]
        rows = matrix[known] if head == RISK else matrix[known, :BUCKETS]  # elsewhere signals only disturb (measured)
        learnt = rows.shape[1]
        if head == SENTIMENT:
            rows = hstack([rows, [_set(examples[at]) for at in known]]).tocsr()
        for label in range(len(values(head))):
            column = wide.columns[head].start + label
            has = [_has(examples[at], head, label) for at in known]
            if all(has) or not any(has):  # nothing to tell apart
                wide.bias[column] = 1.0 if any(has) else -1.0
                continue
            svm = (_risk_svm() if head == RISK else _choice_svm()).fit(rows, has)
            wide.weight[:learnt, column] = svm.coef_[0, :learnt]
            wide.bias[column] = svm.intercept_[0]
    return wide


def _choice_svm() -> LinearSVC:
    """Classes are weighted by rarity: the best of them wins, and a rare one should have a say."""
    return LinearSVC(C=PENALTY, class_weight="balanced", random_state=0)


def _risk_svm() -> LinearSVC:
    """No weights: one threshold judges all flags, so that their margins must be of one measure."""
    return LinearSVC(C=RISK_PENALTY, random_state=0)


def untrained(docs: Sequence[Doc], signals: Signals) -> Wide:
    """Knows how rare each n-gram is among segmented `docs`; all weights are 0."""
    seen = np.zeros(BUCKETS)
    for doc in docs:
        seen[list({bucket for bucket, _ in occurrences(doc, BUCKETS)})] += 1
    idf = (np.log((1 + len(docs)) / (1 + seen)) + 1).astype(np.float32)
    columns = _columns()
    size = columns[RISK].stop
    weight, bias = np.zeros((BUCKETS + len(signals), size), np.float32), np.zeros(size, np.float32)
    return Wide(idf, weight, bias, columns, signals)


def _columns() -> dict[str, slice]:
    return layout({head: len(values(head)) for head in HEADS})


def _set(example: Example) -> list[float]:
    """Features of the set a row is of, none for the plain sample; what they take up is forgotten (training/network.py).

    Of the sentiment alone, where readers of one set drew the borders elsewhere. For the other heads classes are
    weighted by rarity anyway, and the rows of the other sets are most of what is known of rare ones (measured).
    """
    return [SET * (example.set == number) for number in range(1, len(SETS))]


def _has(example: Example, head: str, label: int) -> bool:
    return bool(example.risks and example.risks[label]) if head == RISK else example.gold[head] == label


def margins(wide: Wide, docs: Sequence[Doc]) -> NDArray[np.float32]:
    """(docs, labels of all heads): what the part says of each."""
    _segment(docs)
    return np.asarray(matrix_of(wide, docs) @ wide.weight + wide.bias, dtype=np.float32)


def _segment(docs: Sequence[Doc]) -> None:
    for doc, words in zip(docs, Segmenter().predict(docs), strict=True):
        doc.words = words


def matrix_of(wide: Wide, docs: Sequence[Doc]) -> csr_matrix:
    """(docs, buckets + groups of signals): each row what one doc holds."""
    grams = [wide.read(doc) for doc in docs]
    rows: NDArray[np.int64] = np.repeat(np.arange(len(docs)), [len(gram.buckets) for gram in grams])
    entries = np.concatenate([gram.values for gram in grams])
    buckets = np.concatenate([gram.buckets for gram in grams])
    return csr_matrix((entries, (rows, buckets)), (len(docs), len(wide.weight)))


def save(wide: Wide, folder: Path) -> None:
    """Keep the fitted part for the export."""
    phrases = json.dumps(wide.signals.phrases, ensure_ascii=False)
    np.savez(folder / FILE, idf=wide.idf, weight=wide.weight, bias=wide.bias, signals=np.array(phrases))


def load(folder: Path) -> Wide:
    """What `save` kept."""
    with np.load(folder / FILE) as kept:
        signals = Signals(json.loads(str(kept["signals"])))
        return Wide(kept["idf"], kept["weight"], kept["bias"], _columns(), signals)
