"""One spelling for one thing: full-width forms, odd digits, invisible characters, traditional script, blanks.

Every later step reads the normalised text and answers in offsets of the original, so the map between the two
is exact: each normalised character stands for a non-empty piece of the original, in the same order.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import zhconv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.doc import Doc

_SIMPLIFIED = "zh-hans"  # spelling only; "zh-cn" would also exchange words and change lengths
zhconv.loaddict(str(Path(zhconv.__file__).with_name("zhcdict.json")))  # by default it leaves the file open
_STYLE = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x20E3)))  # 1\ufe0f\u20e3 is a 1


@dataclass(frozen=True, slots=True)
class NormalText:
    """A part's text twice: as the customer wrote it and normalised, with the map between them.

    `starts[i]` and `ends[i]` bound the original code points that normalised character i stands for. Both
    never fall. Characters that were dropped belong to no normalised character.
    """

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """The original [start, end) that the normalised, non-empty [start, end) stands for."""
        return self.starts[start], self.ends[end - 1]

    def to_normal(self, start: int, end: int) -> tuple[int, int]:
        """The normalised [start, end) that touches the original one; empty where all of it was dropped."""
        first = bisect_right(self.ends, start)
        last = bisect_left(self.starts, end)
        return first, max(first, last)


@lru_cache(maxsize=1 << 16)
def _spelling(char: str) -> str:
    """What one original character becomes; empty for an invisible one."""
    category = unicodedata.category(char)
    if category == "Cf" or char in _STYLE:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "No":
        return char  # ① before a number is a list mark: as "1" it would join the number
    return "".join(zhconv.convert(piece, _SIMPLIFIED) for piece in unicodedata.normalize("NFKC", char))


def normalize(original: str) -> NormalText:
    """NFKC by character, digits of any script as 0-9, simplified script, a run of blanks as one.

    A run of blanks that holds a line break becomes a line break, any other a space.
    """
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(original):
        for piece in _spelling(char):
            blank = piece.isspace()
            shown = ("\n" if piece in "\n\r\u2028\u2029" else " ") if blank else piece
            if blank and text and text[-1] in " \n":
                ends[-1] = at + 1
                text[-1] = "\n" if shown == "\n" else text[-1]
                continue
            text.append(shown)
            starts.append(at)
            ends.append(at + 1)
    return NormalText(original, "".join(text), tuple(starts), tuple(ends))


class Normalizer:
    """Fills `normal`: a `NormalText` for every part of the doc."""

    fills = "normal"
    needs: tuple[str, ...] = ()
    version = "normal1"

    def predict(self, docs: Sequence[Doc]) -> list[dict[int, NormalText]]:
        """One map from part number to its normalised text per doc."""
        return [{part: normalize(doc.part(part)) for part in doc.parts()} for doc in docs]
