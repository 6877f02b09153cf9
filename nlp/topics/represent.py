"""The texts that show a topic's breadth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LENGTH = (10, 400)  # code points of a text that can stand for others
POOL, SHOWN = 40, 5  # representatives are chosen from the POOL most central texts
BREADTH = 0.4  # weight of being unlike those already chosen


def representatives(points: NDArray[np.float32], centroid: NDArray[np.float32], texts: Sequence[str]) -> list[int]:
    """Rows (n,) of up to SHOWN texts, the most telling first, each unlike the ones before (MMR)."""
    likeness = points @ centroid
    order = np.argsort(-likeness, kind="stable")
    seen: set[str] = set()
    pool = []
    for row in order:
        if LENGTH[0] <= len(texts[row]) <= LENGTH[1] and texts[row] not in seen:
            seen.add(texts[row])
            pool.append(int(row))
    pool = pool[:POOL] or [int(row) for row in order[:SHOWN]]
    chosen = [pool.pop(0)]
    while pool and len(chosen) < SHOWN:
        repeated = (points[pool] @ points[chosen].T).max(axis=1)
        chosen.append(pool.pop(int(np.argmax((1 - BREADTH) * likeness[pool] - BREADTH * repeated))))
    return chosen
