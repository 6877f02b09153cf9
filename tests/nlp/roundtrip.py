"""What masking promises of any text: it can be undone exactly, and a masked text has nothing left to mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlp import addresses, persons
from nlp.doc import Doc, Pii
from nlp.mask import Masker, masked, merged, placeholder
from nlp.normalize import Normalizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

NORMALIZER, MASKER = Normalizer(), Masker()


def read(text: str) -> Doc:
    """The text with its identifiers."""
    doc = Doc.of("1", text)
    [doc.normal] = NORMALIZER.predict([doc])
    [doc.identifiers] = MASKER.predict([doc])
    return doc


def shown(text: str) -> str:
    """What the world may see of a plain text."""
    return masked(text, read(text).identifiers)


def check_roundtrip(text: str, likely: NDArray[np.float32]) -> None:
    """Raises AssertionError. `likely`: how sure a model is of a name or an address, by normalised character."""
    doc = read(text)
    normal = doc.normal[0]
    known = [normal.to_normal(one.start, one.end) for one in doc.identifiers]
    more = [Pii(0, *normal.to_original(one.start, one.end), "ADDRESS") for one in addresses.find(normal.text, likely)]
    more += [
        Pii(0, *normal.to_original(one.start, one.end), "NAME") for one in persons.find(normal.text, likely, known)
    ]
    spans = merged([*doc.identifiers, *more])
    hidden = masked(text, spans)
    back, at, place = [], 0, 0
    for one in spans:
        kept = text[place : one.start]
        assert hidden.startswith(kept + placeholder(one.kind), at)
        back += [kept, text[one.start : one.end]]
        at, place = at + len(kept) + len(placeholder(one.kind)), one.end
    assert "".join(back) + hidden[at:] == text
    once = shown(text)
    assert shown(once) == once
