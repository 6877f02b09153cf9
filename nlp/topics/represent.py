"""What a person reads of a topic: a name in the customers' own words, and texts that show its breadth."""

from __future__ import annotations

import math
import re
from itertools import count, islice
from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np

from nlp.segment import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

NAME_LENGTH = (6, 16)  # code points of the clause a name is made from
LONGEST_TERM = 12  # code points; longer ones are no words
NAME_SOURCES = 40  # most central texts whose clauses compete for the name
LENGTH = (10, 400)  # code points of a text that can stand for others
POOL, SHOWN = 40, 5  # representatives are chosen from the POOL most central texts
BREADTH = 0.4  # weight of being unlike those already chosen
DEMAND_BONUS = 1.5  # what a customer asks for names a topic better than what else they say
PICTURES = {"So", "Sk", "Cn", "Co"}  # Unicode's categories of emoji and what belongs to them: no part of a name
_BREAKS = re.compile(r"[\s,，。.!！?？;；:：、…~～()（）“”\"'「」【】|/—-]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LEADING = re.compile(  # 2请退款 loses its number, 12期的账单分期 keeps it
    r"^(?:我们?|你们?|您好|请问|麻烦|就是|那个|然后|但是|所以|因为|而且|结果|还有|那|的|嗯|啊|哦"
    r"|\d+(?![\d期万元块毛分天月年日号点个次千百亿折级倍位张条套岁])(?=[\u3400-\u9fff]))+"
)


def propose_name(
    terms: Mapping[str, float],
    texts: Sequence[str],
    demands: Sequence[str],
    centrality: NDArray[np.float32],
    *,
    taken: set[str],
) -> str:
    """A name that is not in `taken`: the central clause or demand that says most of the topic's terms.

    terms: c-TF-IDF weight by term, best first. texts, demands, centrality (cosine to the centroid): one per text.
    Where the clause lacks the most telling term, that term stands before it ("年费：未告知就扣了").
    """
    ranked = sorted(_clauses(texts, demands, centrality), key=lambda one: -_worth(one[0], one[1], terms))
    lead = next((term for term in terms if len(term) <= LONGEST_TERM), "")
    for clause, _ in ranked:
        name = clause if not lead or lead in clause.lower() else f"{lead}：{clause}"
        if name not in taken:
            return name
    base = "、".join(islice((term for term in terms if len(term) <= LONGEST_TERM), 2)) or "其他"
    return free_name(base, taken)


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


def _clauses(
    texts: Sequence[str], demands: Sequence[str], centrality: NDArray[np.float32]
) -> Iterator[tuple[str, float]]:
    """Clauses of fitting length with the weight of where they stand."""
    for row in np.argsort(-centrality, kind="stable")[:NAME_SOURCES]:
        weight = float(max(centrality[row], 0))
        demand = demands[row]
        for part in _BREAKS.split(PLACEHOLDER.sub(" ", texts[row])):
            clause = _LEADING.sub("", part)
            fits = NAME_LENGTH[0] <= len(clause) <= NAME_LENGTH[1] and len(_HAN.findall(clause)) >= len(clause) / 2
            if fits and not any(category(one) in PICTURES for one in clause):
                # the model's span may begin or end inside a clause; a name is never a torn one
                asked = bool(demand) and (demand in part or part in demand)
                yield clause, weight * (DEMAND_BONUS if asked else 1.0)


def _worth(clause: str, weight: float, terms: Mapping[str, float]) -> float:
    """How much of the topic the clause says for its length."""
    said = sum(value for term, value in terms.items() if term in clause.lower())
    return weight * said / math.sqrt(len(clause) + 8)


def free_name(base: str, taken: Collection[str]) -> str:
    """The name, with the smallest number behind it that makes it unlike those taken."""
    return next(name for n in count(1) if (name := base if n == 1 else f"{base}（{n}）") not in taken)


def unnumbered(name: str) -> str:
    """What `free_name` began from."""
    return re.sub(r"（\d+）$", "", name)
