"""Two readers of the same texts: how far they agree, and the model against each and both."""

from __future__ import annotations

import pytest

from nlp.heads import CHOICE_HEADS, RISK
from nlp.model import DEMAND
from nlp.taxonomy import values
from training.agreement import table
from training.corpus import Example, example_of
from training.peers.told import SIGN, Told, sign

LABELS = {"touchpoint": "unknown", "business": "loan", "cause": "none", "sentiment": -1, RISK: ["legal"]}
ROWS = [
    example_of(
        {
            "id": f"R{n}",
            "text": f"请退还第{n}笔",
            "labels": {**LABELS, "intent": ("request", "complaint")[n % 2], DEMAND: "请退还"},
        }
    )
    for n in range(40)
]


def second(row: Example, **other: object) -> dict[str, object]:
    intent = values("intent")[row.gold["intent"]]
    return {**LABELS, "intent": intent, DEMAND: [0, 3], **other}


@pytest.fixture
def ours() -> Told:
    """A model that says what the first reader said."""
    told = Told({head: [row.gold[head] for row in ROWS] for head in CHOICE_HEADS})
    told.choice[SIGN] = [sign(row.gold["sentiment"]) for row in ROWS]
    told.risks = [list(row.risks or ()) for row in ROWS]
    told.demand = [(0, 0, 3) for _ in ROWS]
    return told


def test_readers_who_agree_and_a_model_that_agrees_with_them(ours: Told) -> None:
    told = table(ROWS, {row.key: second(row) for row in ROWS}, ours)
    for row in told.rows:
        assert [str(cell)[:5] for cell in row[3:6]] == ["1.000"] * 3
        assert row[6] == (0 if row[0] == DEMAND else 40)


def test_where_readers_differ_the_model_is_right_for_one_of_them(ours: Told) -> None:
    """The second reader calls a quarter of the texts inquiries without risk."""
    readings = {row.key: second(row) for row in ROWS}
    readings |= {row.key: second(row, intent="inquiry", risk=[]) for row in ROWS[:10]}
    by_head = {row[0]: row for row in table(ROWS, readings, ours).rows}
    for head in ("intent", RISK):
        _head, _figure, rows, reader, by_first, by_second, agreed, where_agreed = by_head[head]
        assert rows == 40
        assert str(by_first).startswith("1.000")
        assert str(where_agreed).startswith("1.000")
        assert str(reader) < "1.000"
        assert str(by_second) < "1.000"
        assert agreed == 30


def test_one_sign_is_agreement_on_three_steps_and_none_on_five(ours: Told) -> None:
    by_head = {row[0]: row for row in table(ROWS, {row.key: second(row, sentiment=-2) for row in ROWS}, ours).rows}
    assert "sentiment" not in by_head or by_head["sentiment"][6] == 0
    assert by_head[SIGN][6] == 40


def test_a_reader_who_finds_no_demand(ours: Told) -> None:
    told = table(ROWS, {row.key: second(row, demand=None) for row in ROWS}, ours)
    assert str(next(row for row in told.rows if row[0] == DEMAND)[3]).startswith("0.000")
