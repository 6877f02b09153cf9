"""The stage that completes the personal data: names and addresses, beside what the rules found before.

The encoder reads the text with placeholders for the identifiers; its token head says of each piece how probably it
is part of a name or an address. `persons` and `addresses` decide with that and with the words around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlp import addresses, persons, taxonomy
from nlp.doc import Pii
from nlp.heads import read, softmax
from nlp.mask import merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from nlp.doc import Doc

    Floats = NDArray[np.float32]

NAME, ADDRESS = KINDS = ("NAME", "ADDRESS")
TAGS = ("O", *(f"{side}-{kind}" for kind in KINDS for side in "BI"))  # of the token head, in its order


class PersonalFinder:
    """Fills `pii`: all personal data of all parts in original offsets, in order, without overlaps."""

    fills = "pii"
    needs = ("normal", "identifiers", "encoding")

    def __init__(self, weight: Floats, bias: Floats, version: str) -> None:
        """The token head: weight (TAGS, hidden), bias (TAGS,). `version` is the model's."""
        self.weight, self.bias = weight, bias
        self.version = f"personal3.{version}.{taxonomy.digest(persons.RULES)}"

    def predict(self, docs: Sequence[Doc]) -> list[tuple[Pii, ...]]:
        """One tuple of spans per doc."""
        return [merged([*doc.identifiers, *self._spans(doc)]) for doc in docs]

    def _spans(self, doc: Doc) -> Iterator[Pii]:
        likely = self._likely(doc)
        for part in doc.parts():
            normal = doc.normal[part]
            known = [normal.to_normal(one.start, one.end) for one in doc.identifiers if one.part == part]
            for address in addresses.find(normal.text, likely[ADDRESS][part]):
                known.append((address.start, address.end))
                score = float(likely[ADDRESS][part][address.start : address.end].mean())
                yield Pii(part, *normal.to_original(address.start, address.end), ADDRESS, score)
            for name in persons.find(normal.text, likely[NAME][part], known):
                yield Pii(part, *normal.to_original(name.start, name.end), NAME, name.score)

    def _likely(self, doc: Doc) -> dict[str, dict[int, Floats]]:
        """Per kind and part: the probability of each normalised character, (characters,)."""
        encoding = read(doc)
        scores = softmax(np.asarray(encoding.states @ self.weight.T + self.bias, dtype=np.float32))
        answer = {
            kind: {part: np.zeros(len(doc.normal[part].text), np.float32) for part in doc.parts()} for kind in KINDS
        }
        for span, row in zip(encoding.spans, scores, strict=True):
            if span is not None:
                begin, end = doc.normal[span.part].to_normal(span.start, span.end)
                for kind in KINDS:
                    inside = row[[TAGS.index(f"{side}-{kind}") for side in "BI"]].sum()
                    answer[kind][span.part][begin:end] = inside
        return answer
