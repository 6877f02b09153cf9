"""Five folds: every row that is held out is judged once, by a model that did not learn from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.encoder import MARKERS
from nlp.heads import HEADS
from nlp.mask import placeholder
from nlp.taxonomy import pii_kinds, values
from training import corpus, evaluate, folds, loop
from training.adopt import adopt
from training.corpus import Example
from training.peers import systems
from training.peers.systems import OURS

SAMPLES = Path("data/samples/corpus.jsonl")


def example(number: int) -> Example:
    """A complaint or thanks, told apart by every word."""
    labels = {head: values(head)[number % 2] for head in HEADS[:-1]} | {"risk": [], "demand": ""}
    text = ("年费被扣两次请退回", "谢谢很好")[number % 2] + "信用卡" * (number % 5) + "怎么办" * (number % 7)
    return corpus.example_of({"id": f"R{number:05}", "text": text, "labels": labels})


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


def test_each_held_row_is_judged_once_and_what_was_asked_is_not_asked_again(work: Path) -> None:
    examples = [example(number) for number in range(70)]
    judgement = folds.judge(examples, work, 12, "R")
    names = [row.doc.id for row in judgement.examples]
    assert names == [row.doc.id for fold in range(2) for row in examples if row.held(fold)]
    assert len(names) > 15
    (intent,) = (one for one in judgement.measured if one.head == "intent")
    assert set(intent.values) == {OURS, "TF-IDF + SVM"}
    assert all(vector[0] > 0.95 for vector in intent.values.values()), "the answers stand beside their own rows"
    written = {path: path.stat().st_mtime_ns for path in work.glob("fold*/answersR.json")}
    assert folds.judge(examples, work, 12, "R").told == judgement.told
    assert written == {path: path.stat().st_mtime_ns for path in written}
    with pytest.raises(loop.OtherRunError):
        folds.judge(examples[1:], work, 12, "R")


def test_the_folds_share_nothing_but_the_hard_rows() -> None:
    rows = list(corpus.read([SAMPLES]))
    often = Counter(row.doc.id for fold in range(corpus.FOLDS) for row in rows if row.held(fold))
    assert {name for name, count in often.items() if count > 1} == corpus.hard_ids()
    for fold in range(corpus.FOLDS):
        learnt, held = corpus.split(rows, fold)
        assert not {row.words_key for row in learnt} & {row.words_key for row in held}
    plain = [example(number) for number in range(200)]
    assert all(sum(row.held(fold) for fold in range(corpus.FOLDS)) == 1 for row in plain)
