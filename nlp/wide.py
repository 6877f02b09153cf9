"""The wide part beside the deep one: a linear model over hashed character n-grams and words.

The encoder generalises, n-grams remember: rare wordings that decide a label in this trade are learnt from few
examples. Its answer is a sum over n-grams, so it brings its own evidence (Cheng et al. 2016, "Wide & Deep").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import murmurhash3_32

from nlp.doc import Span
from nlp.encoder import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from nlp.doc import Doc

LONGEST = 3  # characters of an n-gram


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of the customer's words, one entry an occurrence: bucket (G,), value (G,), where it stands.

    The values of one text have length 1 when those of equal n-grams are added up.
    """

    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Wide:
    """idf: (buckets,). weight: (buckets, labels of all heads). bias: (labels,). columns: head → its labels' columns."""

    idf: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    columns: Mapping[str, slice]

    def read(self, doc: Doc) -> Grams:
        """The text's n-grams, weighted by frequency and rarity."""
        found = occurrences(doc, len(self.idf))
        buckets = np.array([bucket for bucket, _ in found], dtype=np.int64)
        counts = Counter(buckets.tolist())
        total = {bucket: (1 + np.log(count)) * self.idf[bucket] for bucket, count in counts.items()}
        length = np.sqrt(sum(value**2 for value in total.values())) or 1.0
        values = np.array([total[bucket] / counts[bucket] / length for bucket in buckets.tolist()], dtype=np.float32)
        return Grams(buckets, values, [span for _, span in found])

    def contributions(self, grams: Grams, head: str) -> NDArray[np.float32]:
        """What each occurrence adds to each label's margin: (G, labels of the head)."""
        return self.weight[grams.buckets, self.columns[head]] * grams.values[:, None]


def occurrences(doc: Doc, buckets: int) -> list[tuple[int, Span]]:
    """All n-grams of 1 to LONGEST characters and all words of the customer's parts: bucket and original span."""
    found = []
    for part in doc.parts():
        if not doc.judged(part):
            continue
        normal = doc.normal[part]
        hidden = [one for one in doc.identifiers if one.part == part]
        text, starts, ends = visible(normal, hidden)
        for size in range(1, LONGEST + 1):
            for at in range(len(text) - size + 1):
                gram = text[at : at + size]
                if not gram.isspace():
                    found.append((_bucket(gram, buckets), Span(part, starts[at], ends[at + size - 1])))
        for word in doc.words[part]:
            if not any(one.start < word.end and word.start < one.end for one in hidden):
                begin, end = normal.to_normal(word.start, word.end)
                found.append((_bucket("w " + normal.text[begin:end], buckets), word))
    return found


def _bucket(gram: str, buckets: int) -> int:
    return int(murmurhash3_32(gram, positive=True)) % buckets
