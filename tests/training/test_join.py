"""Labels without texts find their texts in the public sets, whatever the form they are written in there."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nlp.taxonomy import DATA
from training import corpus, texts
from training.__main__ import app

LABELS = {
    "intent": "request", "touchpoint": "unknown", "business": "credit_card", "cause": "none", "sentiment": 0,
    "risk": ["churn"],
}  # fmt: skip
KEPT = next(f"问题{number}" for number in range(100) if not texts.part_of(f"问题{number}", texts.KEPT_OUT))


def told(text: str, demand: list[int] | None) -> dict[str, Any]:
    return {"key": texts.key_of(text), "length": len(text), "labels": {**LABELS, "demand": demand}}


@pytest.fixture
def public(tmp_path: Path) -> Path:
    sets: dict[str, list[dict[str, Any]]] = {
        "feedback_unlabelled": [{"text": "请帮我销卡，谢谢！"}, {"text": "别的话"}],
        "bank_forum_comments": [{"text": "下 卡 了"}],
        "bank_questions": [
            {"set": "abc", "question": "怎么还款", "detail": "晚了一天"},
            {"set": "unionpay", "category": "卡", "standard_question": KEPT, "question": "年费多少"},
        ],
        "question_pairs": [{"set": "atec", "a": "花呗怎么关", "b": "怎么关花呗", "label": 1}],
    }
    for name, rows in sets.items():
        with lzma.open(tmp_path / f"{name}.jsonl.xz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return tmp_path


def test_labels_find_their_texts(public: Path, tmp_path: Path) -> None:
    said = ("怎么还款。晚了一天", "哪里都没有的话", "年费多少", "下 卡  了")
    labels = [told("请帮我销卡,谢谢!", [0, 5]), *(told(text, None) for text in said)]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
    output = tmp_path / "rows.jsonl"
    asked = ["join", "--public", str(public), "--output", str(output), "--labels", str(tmp_path / "labels.jsonl")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "2 rows; 3 labels found no text" in done.output
    first, second = corpus.read([output])
    assert first.doc.part(0) == "请帮我销卡，谢谢！"
    assert first.demand is not None
    assert first.doc.part(0)[first.demand.start : first.demand.end] == "请帮我销卡"
    assert second.doc.part(0) == "怎么还款。晚了一天"
    assert second.demand is None
    assert second.demand_known
    assert not first.development
    assert not second.development


def test_what_is_shipped_is_labels_and_no_text() -> None:
    rows = list(texts.rows(DATA / "labels" / "public.jsonl"))
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        assert row.keys() == {"key", "length", "labels"}
        span = row["labels"]["demand"]
        example = corpus.example_of({"id": "T0", "text": "字", "labels": {**row["labels"], "demand": ""}})
        assert example.risks is not None
        assert span is None or (len(span) == 2 and 0 <= span[0] < span[1])
