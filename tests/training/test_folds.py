"""Five folds: every row that is held out is judged once, by a model that did not learn from it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from nlp.artifact import CONFIG
from nlp.encoder import MARKERS
from nlp.heads import HEADS
from nlp.mask import placeholder
from nlp.taxonomy import pii_kinds, values
from training import corpus, evaluate, folds
from training.__main__ import app
from training.adopt import adopt
from training.corpus import Example
from training.peers import systems
from training.peers.systems import OURS

SAMPLES = Path("data/samples/corpus.jsonl")


def row(number: int) -> dict[str, Any]:
    """A complaint or thanks, told apart by every word."""
    labels = {head: values(head)[number % 2] for head in HEADS[:-1]} | {"risk": [], "demand": ""}
    text = ("年费被扣两次请退回", "谢谢很好")[number % 2] + "信用卡" * (number % 5) + "怎么办" * (number % 7)
    return {"id": f"R{number:05}", "text": text, "labels": labels}


def example(number: int) -> Example:
    return corpus.example_of(row(number))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small base encoder of random weights; the systems answer in this process, and of five folds two are asked."""
    torch.manual_seed(0)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"年费被扣两次请退回信用卡怎么办谢很好"]
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "theirs")
    (tmp_path / "theirs" / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    adopt(tmp_path / "theirs", tmp_path / "base", [*MARKERS.values(), *map(placeholder, pii_kinds())])
    monkeypatch.setattr(evaluate, "run_apart", systems.run)
    monkeypatch.setattr(corpus, "FOLDS", 2)
    return tmp_path


def test_each_held_row_is_judged_once(work: Path) -> None:
    plain = [example(number) for number in range(70)]
    hard = replace(example(70), doc=replace(example(70).doc, id=min(corpus.hard_ids())))
    judgement = folds.judge([*plain, hard], work, 12, "")
    names = [row.doc.id for row in judgement.examples]
    assert sorted(names) == sorted(row.doc.id for row in [*plain, hard] if row.held(0) or row.held(1))
    assert len(names) > 15
    (intent,) = (one for one in judgement.measured if one.head == "intent")
    assert set(intent.values) == {OURS, "TF-IDF + SVM"}
    assert all(vector[0] > 0.95 for vector in intent.values.values()), "the answers stand beside their own rows"


def test_models_are_kept_told_of_and_not_mistaken_for_those_of_other_rows(work: Path, tmp_path: Path) -> None:
    data, told = tmp_path / "rows.jsonl", tmp_path / "told.json"
    data.write_text("\n".join(json.dumps(row(number)) for number in range(70)), encoding="utf-8")
    asked = ["folds", "--data", str(data), "--work", str(work), "--prefix", "R", "--json", str(told)]
    first = CliRunner().invoke(app, asked)
    assert first.exit_code == 0, first.output
    assert json.loads(told.read_text(encoding="utf-8"))["model"] == folds.VERSION
    trained = {path: path.stat().st_mtime_ns for path in work.glob("fold*/model/*")}
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert trained == {path: path.stat().st_mtime_ns for path in trained}
    (work / "fold0" / "model" / CONFIG).unlink()  # as an export leaves it that was killed in its last step
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert "no row to judge" in CliRunner().invoke(app, [*asked[:-3], "Z"]).output
    data.write_text("\n".join(json.dumps(row(number)) for number in range(1, 70)), encoding="utf-8")
    other = CliRunner().invoke(app, asked)
    assert other.exit_code == 2
    assert "other rows" in other.output


def test_the_folds_share_nothing_but_the_hard_rows() -> None:
    rows = list(corpus.read([SAMPLES]))
    often = Counter(row.doc.id for fold in range(corpus.FOLDS) for row in rows if row.held(fold))
    assert {name for name, count in often.items() if count > 1} == corpus.hard_ids()
    for fold in range(corpus.FOLDS):
        learnt, held = corpus.split(rows, fold)
        assert not {row.words_key for row in learnt} & {row.words_key for row in held}
    plain = [example(number) for number in range(200)]
    assert all(sum(row.held(fold) for fold in range(corpus.FOLDS)) == 1 for row in plain)
