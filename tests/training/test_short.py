"""The short sentences that are shipped: labelled by the list, each said once, nothing personal, a tenth held out."""

from __future__ import annotations

from collections import Counter

import pytest

from nlp.taxonomy import DATA
from training import corpus

ROWS = list(corpus.read([DATA / "samples" / "short.jsonl"]))


def test_every_sentence_is_said_once_and_knows_all_heads() -> None:
    assert len({row.words_key for row in ROWS}) == len(ROWS)
    assert {row.doc.id[0] for row in ROWS} == {"A"}, "authored: a tenth of them is held out"
    for row in ROWS:
        assert all(row.knows(head) for head in ("intent", "touchpoint", "business", "cause", "sentiment", "risk"))
        assert len(row.doc.part(0)) <= 80
        assert not row.doc.identifiers, row.doc.id


@pytest.mark.parametrize("head", ["intent", "touchpoint", "cause", "sentiment"])
def test_every_answer_of_a_head_is_there_and_none_drowns_the_others(head: str) -> None:
    given = Counter(row.gold[head] for row in ROWS)
    assert set(given) == set(range(len(given)))
    assert max(given.values()) < 0.75 * len(ROWS)


def test_a_tenth_is_held_out() -> None:
    training, held = corpus.split(ROWS)
    assert len(training) + len(held) == len(ROWS)
    assert 0.07 * len(ROWS) < len(held) < 0.13 * len(ROWS)
