"""Which words carry a label: the tokens' shares of its logit, summed over words, the strongest kept."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nlp.doc import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

SHARE = 0.5  # of the positive contributions that the words shown should make up
MOST_WORDS = 6


def evidence(
    contributions: NDArray[np.float32],
    spans: Sequence[Span | None],
    words: Mapping[int, Sequence[Span]],
) -> tuple[Span, ...]:
    """The words that speak for a label, neighbours joined, in reading order.

    contributions: (T,) what each token adds to the label's logit. spans: the original span of each token (None
    for a marker). words: the words of each part.
    """
    weights = _by_word(contributions, spans, words)
    positive = sorted((item for item in weights.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    wanted = SHARE * sum(weight for _, weight in positive)
    chosen: list[Span] = []
    for word, weight in positive[:MOST_WORDS]:
        chosen.append(word)
        wanted -= weight
        if wanted <= 0:
            break
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


def _by_word(
    contributions: NDArray[np.float32],
    spans: Sequence[Span | None],
    words: Mapping[int, Sequence[Span]],
) -> dict[Span, float]:
    """A token that lies across words is shared out by the characters it has in each."""
    owner = {(word.part, at): word for part in words.values() for word in part for at in range(word.start, word.end)}
    weights: dict[Span, float] = defaultdict(float)
    for contribution, span in zip(contributions, spans, strict=True):
        if span is not None:
            share = float(contribution) / (span.end - span.start)
            for at in range(span.start, span.end):
                if word := owner.get((span.part, at)):
                    weights[word] += share
    return dict(weights)
