"""Keyword rules for every head, as a team writes them in a day: `data/rules/keywords.json`.

The value whose words a text holds most often wins, the first of them on a tie, the default where there is none.
A risk is given where one of its words stands. The demand is the first clause with 要求, 希望 or 请.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.heads import CHOICE_HEADS, RISK
from nlp.taxonomy import read, values
from training.peers.told import POLE, SIGN, Told, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.doc import Doc
    from training.peers.told import Job, Reader

RULES = "rules/keywords.json"
_CLAUSE = re.compile(r"[^，。！？；,.!?;\s]+")
_NEUTRAL = 2  # the middle of five sentiments


def learn(job: Job) -> Reader:
    """Nothing is learnt: the rules stand in the file."""
    return lambda: _tell(job.texts, job.whole())


def _tell(texts: Sequence[str], docs: Sequence[Doc]) -> Told:
    choice = {head: [values(head).index(_best(head, text)) for text in texts] for head in CHOICE_HEADS}
    choice[SIGN] = [sign(told) for told in choice["sentiment"]]
    choice[POLE] = [int(told > _NEUTRAL) for told in choice["sentiment"]]
    words = read(RULES)[RISK]
    risks = [[int(any(word in text for word in words[name])) for name in values(RISK)] for text in texts]
    return Told(choice, risks=risks, demand=[_demand(doc) for doc in docs], note="rules, no training")


def _demand(doc: Doc) -> tuple[int, int, int] | None:
    asks = read(RULES)["demand"]
    for part in filter(doc.judged, doc.parts()):
        for clause in _CLAUSE.finditer(doc.part(part)):
            if any(word in clause[0] for word in asks):
                return part, *clause.span()
    return None


def _best(head: str, text: str) -> str:
    rules = read(RULES)[head]
    counts = {value: sum(map(text.count, words)) for value, words in rules["words"].items()}
    best = max(counts, key=lambda value: counts[value])
    return str(best if counts[best] else rules["default"])
