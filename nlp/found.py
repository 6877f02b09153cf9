"""What a recogniser answers, and how contradicting answers are settled."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PROVEN, CHECKED, SHAPED, ANNOUNCED = 4, 3, 2, 1  # check digit, region and date; check digit; shape; words around it


@dataclass(frozen=True, slots=True)
class Found:
    """Normalised code points [start, end) are an identifier of this kind; `sure` is PROVEN … ANNOUNCED."""

    start: int
    end: int
    kind: str
    sure: int


def surest(found: Iterable[Found]) -> list[Found]:
    """The readings that do not overlap, in order: the surer wins, then the longer, then the earlier."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda item: (-item.sure, item.start - item.end, item.start)):
        at = bisect_left(kept, one.start, key=lambda item: item.start)
        clear_left = at == 0 or kept[at - 1].end <= one.start
        clear_right = at == len(kept) or one.end <= kept[at].start
        if clear_left and clear_right:
            kept.insert(at, one)
    return kept
