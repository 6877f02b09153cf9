"""What was written to teach the model: labelled by the list, said once, nothing personal, a tenth held out."""

from __future__ import annotations

from collections import Counter

import pytest

from nlp.taxonomy import DATA
from training import corpus
from training.corpus import Example

LONGEST = {"short": 80, "cases": 1_000}  # characters


@pytest.fixture(scope="module", params=LONGEST)
def written(request: pytest.FixtureRequest) -> tuple[str, list[Example]]:
    name: str = request.param
    return name, list(corpus.read([DATA / "samples" / f"{name}.jsonl"]))


def test_each_is_said_once_and_knows_all_heads(written: tuple[str, list[Example]]) -> None:
    name, rows = written
    assert len({row.words_key for row in rows}) == len(rows)
    assert {row.doc.id[0] for row in rows} == {"A"}, "authored: a tenth of them is held out"
    for row in rows:
        assert all(row.knows(head) for head in ("intent", "touchpoint", "business", "cause", "sentiment", "risk"))
        assert sum(len(row.doc.part(part)) for part in row.doc.parts()) <= LONGEST[name]
        assert not row.doc.identifiers, row.doc.id


@pytest.mark.parametrize("head", ["intent", "touchpoint", "cause", "sentiment"])
def test_every_answer_of_a_head_is_there_and_none_drowns_the_others(
    written: tuple[str, list[Example]], head: str
) -> None:
    _, rows = written
    given = Counter(row.gold[head] for row in rows)
    assert set(given) == set(range(len(given)))
    assert max(given.values()) < 0.75 * len(rows)


def test_a_tenth_is_held_out(written: tuple[str, list[Example]]) -> None:
    _, rows = written
    training, held = corpus.split(rows)
    assert len(training) + len(held) == len(rows)
    assert 0.07 * len(rows) < len(held) < 0.13 * len(rows)


def test_no_two_rows_of_ours_bear_one_id() -> None:
    names = [row.doc.id for name in ("corpus", *LONGEST) for row in corpus.read([DATA / "samples" / f"{name}.jsonl"])]
    assert len(set(names)) == len(names)
