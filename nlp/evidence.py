"""Which words carry a label: the tokens' shares of its logit, summed over words, the strongest kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlp.doc import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

SHARE = 0.5  # of the positive contributions that the words shown should make up
MOST_WORDS = 6


class WordShares:
    """How the entries of a doc (tokens and n-grams) are shared out among its words, by the characters they cover.

    Made once per doc and asked once per label.
    """

    def __init__(self, spans: Sequence[Span | None], words: Mapping[int, Sequence[Span]]) -> None:
        """`spans`: the original span of each entry, None for a marker. `words`: the words of each part."""
        self.words = [word for part in words.values() for word in part]
        owner = {
            (word.part, at): number for number, word in enumerate(self.words) for at in range(word.start, word.end)
        }
        shares = [
            (entry, number, 1 / (span.end - span.start))
            for entry, span in enumerate(spans)
            if span is not None
            for at in range(span.start, span.end)
            if (number := owner.get((span.part, at))) is not None
        ]
        self._entries = np.array([entry for entry, _, _ in shares], dtype=np.int64)
        self._owners = np.array([number for _, number, _ in shares], dtype=np.int64)
        self._shares = np.array([share for _, _, share in shares])

    def evidence(self, contributions: NDArray[np.float32]) -> tuple[Span, ...]:
        """The words that speak for a label, neighbours joined, in reading order.

        contributions: (entries,) what each adds to the label's logit.
        """
        parts = contributions[self._entries] * self._shares
        weights = np.bincount(self._owners, parts, len(self.words))
        chosen: list[Span] = []
        wanted = SHARE * weights[weights > 0].sum()
        for number in np.argsort(-weights, kind="stable")[:MOST_WORDS]:
            if weights[number] <= 0 or wanted <= 0:
                break
            chosen.append(self.words[number])
            wanted -= weights[number]
        return joined(chosen)


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans in reading order, those that touch made one."""
    answer: list[Span] = []
    for span in sorted(spans):
        last = answer[-1] if answer else None
        if last and last.part == span.part and span.start <= last.end:
            answer[-1] = Span(span.part, last.start, max(last.end, span.end))
        else:
            answer.append(span)
    return tuple(answer)
