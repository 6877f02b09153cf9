"""`python -m training evaluate`: the shipped model and its peers on a file it has never seen, from any folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nlp.taxonomy import values
from training import evaluate, report
from training.__main__ import app
from training.corpus import Example, example_of
from training.evaluate import Judgement
from training.peers.systems import OURS, SYSTEMS, Run
from training.peers.told import Told
from training.table import Table

ROWS: list[dict[str, Any]] = [
    {"text": "信用卡年费乱扣，态度恶劣，我要求退还年费", "labels": {
        "intent": "complaint", "business": "credit_card", "sentiment": -2, "risk": [], "demand": "我要求退还年费"}},
    {"text": "手机银行很好用，非常满意", "labels": {
        "intent": "praise", "touchpoint": "mobile_app", "sentiment": 2, "risk": []}},
    {"turns": [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "请问怎么查询余额？"}],
     "labels": {"intent": "inquiry", "sentiment": 0}},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, where the command is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    return tmp_path


def table(told: dict[str, Any], title: str) -> list[dict[str, Any]]:
    (rows,) = [one["rows"] for one in told["tables"] if one["title"] == title]
    return list(rows)


@pytest.mark.slow
def test_our_model_and_a_peer_on_a_new_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(SYSTEMS) - {OURS, "keyword rules", "TF-IDF + SVM"}:
        monkeypatch.delitem(SYSTEMS, name)
    done = CliRunner().invoke(app, ["evaluate", "--data", "rows.jsonl", "--json", "out.json"])
    assert done.exit_code == 0, done.output
    assert "### Heads" in done.stdout
    assert "### Classes" not in done.stdout
    told = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert told["rows"] == 3
    heads = {(row["head"], row["system"]): row for row in table(told, "Heads")}
    assert heads["intent", OURS]["n"] == heads["sentiment 3-way", "keyword rules"]["n"] == 3
    assert heads["business", OURS]["n"] == heads["demand", OURS]["n"] == 1
    assert heads["sentiment binary", OURS]["value"] == 1
    assert heads["demand", "keyword rules"]["value"] == 1
    assert 0 <= heads["sentiment score", OURS]["value"] < 0.5
    assert ("cause", OURS) not in heads, "nobody said what the cause is"
    systems = {row["system"]: row for row in table(told, "Systems")}
    assert systems[OURS]["texts per second"] > 0
    assert systems[OURS]["MiB"] > systems["keyword rules"]["MiB"] > 10
    assert systems["TF-IDF + SVM"]["remark"] == "did not run: no labelled rows to learn from"
    classes = {(row["head"], row["class"], row["system"]): row for row in table(told, "Classes")}
    assert classes["business", "credit_card", OURS]["n"] == 1
    assert ROWS[0]["text"] not in json.dumps(told, ensure_ascii=False), "a report holds no texts"


def test_bad_lines_are_told_and_the_rest_is_judged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "run_apart", lambda _name, job: Run(_said(len(job.texts)), "", 1.0, 1.0))
    with (folder / "rows.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('\n{"text": "好", "labels": {"intent": "joy"}}\n')
    done = CliRunner().invoke(app, ["evaluate", "--data", "rows.jsonl", "--json", "out.json", "--classes"])
    assert done.exit_code == 1
    assert "rows.jsonl, line 4: ValueError intent is not on the label list" in done.stderr
    assert "### Classes" in done.stdout
    told = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert (told["rows"], len(told["bad lines"])) == (3, 1)


def test_nothing_to_judge_and_no_model_end_with_2(folder: Path) -> None:
    assert CliRunner().invoke(app, ["evaluate", "--data", "rows.jsonl", "--prefix", "Z"]).exit_code == 2
    done = CliRunner().invoke(app, ["evaluate", "--data", "rows.jsonl", "--model", "nowhere", "--no-peers"])
    assert done.exit_code == 2
    assert "no readable model in nowhere" in done.stderr


def _said(count: int, sentiment: int = 0) -> Told:
    return Told({"intent": [0] * count, "sentiment": [sentiment] * count}, {"intent": [True] * count})


def rows(sentiments: list[int]) -> list[Example]:
    return [
        example_of({"id": str(at), "text": "文字", "labels": {"intent": "complaint", "sentiment": told}})
        for at, told in enumerate(sentiments)
    ]


def judged(examples: list[Example], **told: Told) -> Judgement:
    return Judgement(examples, {name: Run(answers, "", 2.0, 50.0) for name, answers in told.items()}, Path())


def test_ours_is_held_against_the_best_peer_of_each_head() -> None:
    ours, poor, good = _said(30, 0), _said(30, 4), _said(30, 1)
    ours.choice["intent"][:15] = [1] * 15
    poor.choice["intent"][:10] = [1] * 10
    good.choice["intent"][:20] = [1] * 20
    told = report.against(judged(rows([-2] * 30), Huisheng=ours, poor=poor, good=good))
    by_head = {row[0]: dict(zip(told.columns, row, strict=True)) for row in told.rows}
    assert by_head["intent"]["best peer"] == "poor"
    assert by_head["intent"]["difference"] == pytest.approx(2 * 15 / 45 - 2 * 20 / 50)
    error = by_head["sentiment score"]
    assert (error["best peer"], error["ours"], error["peer"]) == ("good", 0.0, 0.5), "of an error less is better"
    assert error["low"] == error["high"] == error["difference"] == -0.5


def test_accepted_answers_are_told_apart_from_the_rest() -> None:
    ours = _said(10)
    ours.choice["intent"][8:] = [1, 1]
    ours.accepted["intent"] = [True] * 8 + [False, True]
    told = report.heads(judged(rows([0] * 10), Huisheng=ours))
    (intent,) = [dict(zip(told.columns, row, strict=True)) for row in told.rows if row[0] == "intent"]
    assert intent["accuracy"] == pytest.approx(0.8)
    assert intent["precision accepted"] == pytest.approx(8 / 9)
    assert intent["coverage"] == pytest.approx(0.9)


def test_a_class_that_nobody_named_still_stands_in_the_table() -> None:
    told = report.classes(judged(rows([-2] * 3), Huisheng=_said(3)))
    found = {row[1]: row[2:] for row in told.rows if row[0] == "intent"}
    assert list(found) == list(values("intent"))
    assert found["complaint"] == (3, "Huisheng", 1.0, 1.0, 1.0)
    assert found["praise"] == (0, "Huisheng", 0.0, 0.0, 0.0)


def test_a_table_reads_as_markdown_and_as_values() -> None:
    told = Table("A", ("name", "value"), [("x|y", float(np.float64(0.12345))), ("z", None)], "Note.")
    assert told.markdown().splitlines() == [
        "### A", "", "| name | value |", "|---|---|", "| x\\|y | 0.123 |", "| z | – |", "", "Note.",
    ]  # fmt: skip
    assert told.json()["rows"] == [{"name": "x|y", "value": 0.12345}, {"name": "z", "value": None}]
