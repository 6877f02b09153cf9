"""How well the rules find what was planted in the sample feedback, kind by kind.

The samples were at hand while the rules were written, so these figures guard against decay; they are no
estimate for other texts. Names and addresses are the model's work and left out.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from nlp.doc import SUBJECT, Doc, Turn
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.taxonomy import DATA

NOT_BY_RULE = {"NAME", "ADDRESS"}
PLANTED = {
    "MOBILE": 156, "CARD_TAIL": 65, "ID_CARD": 49, "MOBILE_SPOKEN": 48, "EMAIL": 42, "ID_CARD_SPOKEN": 31,
    "BANK_CARD": 31, "LANDLINE": 26, "USCC": 22, "MOBILE_SPACED": 21, "WECHAT": 20, "BANK_CARD_SPACED": 17,
    "ACCOUNT": 17, "PASSPORT": 11, "OTP": 8, "QQ": 8, "PLATE": 6, "PASSWORD": 3,
}  # fmt: skip
SURE = {
    "MOBILE", "MOBILE_SPACED", "MOBILE_SPOKEN", "ID_CARD", "ID_CARD_SPOKEN", "BANK_CARD", "BANK_CARD_SPACED", "EMAIL",
    "USCC", "PLATE", "LANDLINE", "PASSPORT",
}  # fmt: skip
Place = tuple[str, int, int, int, str]


@pytest.fixture(scope="module")
def places() -> tuple[set[Place], set[Place]]:
    """What was planted and what was found, by id, part, start, end and kind."""
    planted: set[Place] = set()
    docs = []
    with (DATA / "samples/corpus.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            turns = row.get("turns") or [{"role": "customer", "text": row["text"], "pii": row.get("text_pii")}]
            parts = [(number, turn.get("pii") or []) for number, turn in enumerate(turns)]
            parts.append((SUBJECT, row.get("subject_pii") or []))
            planted |= {(row["id"], part, *span) for part, spans in parts for span in spans}
            said = tuple(Turn(turn["role"], turn["text"]) for turn in turns)
            docs.append(Doc(row["id"], said, row.get("subject") or ""))
    for doc, normal in zip(docs, Normalizer().predict(docs), strict=True):
        doc.normal = normal
    found = {
        (doc.id, one.part, one.start, one.end, one.kind)
        for doc, pii in zip(docs, Masker().predict(docs), strict=True)
        for one in pii
    }
    return {place for place in planted if place[-1] not in NOT_BY_RULE}, found


def test_the_samples_hold_every_kind(places: tuple[set[Place], set[Place]]) -> None:
    assert Counter(place[-1] for place in places[0]) == PLANTED


@pytest.mark.parametrize("kind", PLANTED)
def test_exact_recall_and_precision(places: tuple[set[Place], set[Place]], kind: str) -> None:
    planted, found = ({place for place in side if place[-1] == kind} for side in places)
    floor = 1.0 if kind in SURE else 0.95
    hits = len(planted & found)
    assert hits / len(planted) >= floor
    assert hits / len(found) >= floor


def test_nothing_of_another_kind_is_claimed(places: tuple[set[Place], set[Place]]) -> None:
    assert {place[-1] for place in places[1]} <= set(PLANTED)
