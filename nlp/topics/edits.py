"""What people changed in the topics, laid over what a fit found.

A fit says where every text belongs (its base topic); edits say what people made of that. Where a text is shown is
worked out anew from both, in the order in which the edits were made, after every fit and every edit. So an edit
survives all fits, undoing one is leaving it out, and no text can get lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Labels = NDArray[np.int64]


class EditKind(StrEnum):
    """merge: all of `topic` goes to `target`. split, move: the named texts go there. hide: `topic` is not listed."""

    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. texts: ids of the texts it names. upto: the last text there was, by id, when it was made."""

    id: int
    kind: EditKind
    topic: int
    target: int | None = None
    texts: frozenset[int] = frozenset()
    upto: int = 0


def replay(
    texts: Labels, base: Labels, edits: Sequence[Edit], leaning: Callable[[Edit, Labels], NDArray[np.bool_]]
) -> Labels:
    """The topic (n,) that each text is shown under; `base` (n,) holds the fit's topics, OUTSIDE where it found none.

    Later edits win. What came after a split goes to the side that it resembles: `leaning(split, texts)` tells which
    of these texts are more like the part that was split off than like the part that stayed.
    """
    shown = base.copy()
    for edit in edits:
        if edit.target is None:
            continue
        if edit.kind is EditKind.MERGE:
            shown[shown == edit.topic] = edit.target
            continue
        named = np.isin(texts, np.fromiter(edit.texts, np.int64, len(edit.texts)))
        if edit.kind is EditKind.SPLIT:
            late = np.flatnonzero((shown == edit.topic) & (texts > edit.upto) & ~named)
            if len(late):
                shown[late[leaning(edit, texts[late])]] = edit.target
        shown[named] = edit.target
    return shown


def merged_into(edits: Sequence[Edit]) -> dict[int, int]:
    """Topic to the topic that it is part of now."""
    into: dict[int, int] = {}
    for edit in edits:
        if edit.kind is EditKind.MERGE and edit.target is not None:
            into = {topic: edit.target if now == edit.topic else now for topic, now in into.items()}
            into[edit.topic] = edit.target
            into.pop(edit.target, None)
    return into


def hidden(edits: Sequence[Edit]) -> set[int]:
    """Topics that are not listed."""
    return {edit.topic for edit in edits if edit.kind is EditKind.HIDE}


def depending(edit: Edit, edits: Sequence[Edit]) -> list[Edit]:
    """Later edits that speak of the topic which `edit` made: they have to be undone first."""
    if edit.kind is not EditKind.SPLIT:
        return []
    return [one for one in edits if one.id > edit.id and edit.target in {one.topic, one.target}]
