"""The wide part beside the deep one: a linear model over hashed character n-grams and words.

The encoder generalises, n-grams remember: rare wordings that decide a label in this trade are learnt from few
examples. Its answer is a sum over n-grams, so it brings its own evidence (Cheng et al. 2016, "Wide & Deep").
Phrases that signal a risk stand beside the n-grams as features of their own (nlp/signals.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import murmurhash3_32

from nlp.doc import Span
from nlp.encoder import visible
from nlp.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from nlp.doc import Doc

LONGEST = 3  # characters of an n-gram
SIGNAL = 1.0  # what a group of signals that is present weighs, beside n-grams whose values have length 1 together


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams and signals of the customer's words, one entry an occurrence: bucket, value (G,), where it stands.

    Behind the buckets of the n-grams follow those of the signals, one a group.
    The values of one text's n-grams have length 1 when those of equal ones are added up; those of a group of signals
    add up to SIGNAL.
    """

    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Wide:
    """idf: (buckets,). weight: (buckets + groups of signals, labels of all heads). bias: (labels,).

    columns: head → its labels' columns. signals: what was looked for when the weights were learnt; models older than
    hs4 know none.
    """

    idf: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    columns: Mapping[str, slice]
    signals: Signals = field(default_factory=lambda: Signals({}))

    def read(self, doc: Doc) -> Grams:
        """The text's n-grams, weighted by frequency and rarity, and its signals."""
        found, signalled = occurrences(doc, len(self.idf)), signals(doc, self.signals)
        unique, which, counts = np.unique(
            np.array([bucket for bucket, _ in found], np.int64), return_inverse=True, return_counts=True
        )
        total = (1 + np.log(counts)) * self.idf[unique]
        values = total / counts / (np.linalg.norm(total) or 1.0)
        often = Counter(group for group, _ in signalled)
        return Grams(
            np.concatenate([unique[which], np.array([len(self.idf) + group for group, _ in signalled], np.int64)]),
            np.array([*values[which], *(SIGNAL / often[group] for group, _ in signalled)], np.float32),
            [span for _, span in found + signalled],
        )

    def contributions(self, grams: Grams, head: str) -> NDArray[np.float32]:
        """What each occurrence adds to each label's margin: (G, labels of the head)."""
        return self.weight[grams.buckets, self.columns[head]] * grams.values[:, None]


def layout(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Which columns of the weight matrix belong to which head, from how many labels each has: head after head."""
    ends = accumulate(sizes.values())
    return {head: slice(end - size, end) for (head, size), end in zip(sizes.items(), ends, strict=True)}


def occurrences(doc: Doc, buckets: int) -> list[tuple[int, Span]]:
    """All n-grams of 1 to LONGEST characters and all words of the customer's parts: bucket and original span."""
    found = []
    for part, text, starts, ends in _read(doc):
        for size in range(1, LONGEST + 1):
            for at in range(len(text) - size + 1):
                gram = text[at : at + size]
                if not gram.isspace():
                    found.append((_bucket(gram, buckets), Span(part, starts[at], ends[at + size - 1])))
        normal = doc.normal[part]
        hidden = [one for one in doc.identifiers if one.part == part]
        for word in doc.words[part]:
            if not any(one.start < word.end and word.start < one.end for one in hidden):
                begin, end = normal.to_normal(word.start, word.end)
                found.append((_bucket("w " + normal.text[begin:end], buckets), word))
    return found


def signals(doc: Doc, known: Signals) -> list[tuple[int, Span]]:
    """All phrases of `known` in the customer's parts: their group's number and the original span."""
    return [
        (group, Span(part, starts[start], ends[end - 1]))
        for part, text, starts, ends in _read(doc)
        for group, start, end in known.find(text)
    ]


def _read(doc: Doc) -> Iterator[tuple[int, str, list[int], list[int]]]:
    """The customer's parts as the encoder sees them: part, text, original start and end of each character."""
    for part in filter(doc.judged, doc.parts()):
        yield part, *visible(doc.normal[part], [one for one in doc.identifiers if one.part == part])


@lru_cache(1 << 16)  # a few thousand n-grams make up most of what customers write; hashing was half of the reading
def _bucket(gram: str, buckets: int) -> int:
    return int(murmurhash3_32(gram, positive=True)) % buckets
