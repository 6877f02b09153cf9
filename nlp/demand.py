"""What the customer wants done, in his own words: a span of the text, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.doc import Span
from nlp.heads import Head, read, sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from nlp.doc import Doc
    from nlp.encoder import Encoding

LONGEST = 30  # tokens; the label guide asks for 4–30 characters


@dataclass(frozen=True, slots=True)
class Pointer:
    """Start and end of a span: weight (2, hidden) and bias-free, float32."""

    weight: NDArray[np.float32]

    def best(self, encoding: Encoding) -> Span | None:
        """The best span within one part of the customer's words, None where every token is a marker."""
        begin, end = self.weight @ encoding.states.T
        best: tuple[float, Span] | None = None
        for first, opening in enumerate(encoding.spans):
            if opening is None or not encoding.judged[first]:
                continue
            for last in range(first, min(first + LONGEST, len(encoding.spans))):
                closing = encoding.spans[last]
                if closing is None or closing.part != opening.part:
                    break
                score = float(begin[first] + end[last])
                if best is None or score > best[0]:
                    best = score, Span(opening.part, opening.start, closing.end)
        return best[1] if best else None


class DemandFinder:
    """The stage that fills `demand`; `present` is a head of one label: does the text hold a demand at all?"""

    fills = "demand"
    needs = ("encoding",)

    def __init__(self, present: Head, pointer: Pointer, version: str) -> None:
        self.present = present
        self.pointer = pointer
        self.version = version

    def predict(self, docs: Sequence[Doc]) -> list[Span | None]:
        """One span or None per doc."""
        return [self._find(read(doc)) for doc in docs]

    def _find(self, encoding: Encoding) -> Span | None:
        logit = self.present.contributions(encoding.states[encoding.judged]).sum(axis=0) + self.present.bias
        if float(sigmoid(logit / self.present.temperature)[0]) < self.present.threshold:
            return None
        return self.pointer.best(encoding)
