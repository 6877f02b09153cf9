"""Small networks trained for real: what is exported answers as what was trained, a killed run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.doc import Span
from nlp.heads import HEADS, Head
from nlp.taxonomy import values
from training import calibrate, corpus, finetune, states
from training.network import Network

RECIPE = finetune.Recipe(epochs=6, batch=8, head_rate=0.05, encoder_rate=0.001)


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.manual_seed(0)


def small() -> Network:
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    network = Network(BertModel(config, add_pooling_layer=False), frozen=1)
    network.dropout.p = 0.0
    return network


def rows(count: int = 48) -> list[finetune.Item]:
    """Pieces 10 and up; the intent is told by which of two pieces stands in the middle."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        ids = [0, *random.integers(10, 50, 6 + number % 3).tolist(), 2]
        ids[3] = 5 + number % 2
        judged = [False] + [True] * (len(ids) - 2) + [False]
        gold = dict.fromkeys(("touchpoint", "business", "cause", "sentiment"), 0) | {"intent": number % 2}
        risks = tuple(int(at == 0 and number % 2 == 1) for at in range(len(values("risk"))))
        made.append(finetune.Item(ids, judged, gold, risks, (2, 3) if number % 4 == 0 else None))
    return made


def train(folder: Path, items: list[finetune.Item], recipe: finetune.Recipe = RECIPE) -> Network:
    network = small()
    states.cache(network.encoder, items, [1], folder)
    finetune.finetune(network, items, states.States.read(folder, 1, items), recipe, folder)
    return network


def test_the_network_learns_what_is_there_to_learn(tmp_path: Path) -> None:
    items = rows()
    network = train(tmp_path, items).train(mode=False)
    _ids, present, judged = finetune.collate(items)
    output = network(states.States.read(tmp_path, 1, items).of(range(len(items))), present, judged)
    predicted = output.logits["intent"].argmax(dim=1).tolist()
    assert np.mean([p == item.gold["intent"] for p, item in zip(predicted, items, strict=True)]) > 0.9
    log = [json.loads(line) for line in (tmp_path / "loss.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == log[-1]["of"] == len(log)
    assert log[-1]["loss"] < log[0]["loss"]


def test_folded_heads_answer_as_the_trained_network(tmp_path: Path) -> None:
    items = rows()
    network = train(tmp_path, items).train(mode=False)
    ids, present, judged = finetune.collate(items[:5])
    with torch.no_grad():
        output = network(states.States.read(tmp_path, 1, items).of(range(5)), present, judged)
        hidden = network.encoder(ids, attention_mask=present.long()).last_hidden_state.numpy()
        folded = {name: value.numpy() for name, value in network.folded().items()}
    for name in HEADS:
        query, weight, bias = (folded[f"head.{name}.{part}"] for part in ("query", "weight", "bias"))
        head = Head(name, query, weight, bias, temperature=1.0, threshold=0.5, wide=0.0)
        for row in range(5):
            logits = head.contributions(hidden[row][judged[row].numpy()]).sum(axis=0) + head.bias
            np.testing.assert_allclose(logits, output.logits[name][row].numpy(), atol=0.05)  # states kept as float16


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "SAVE_EVERY", 3)
    items, whole, cut = rows(), tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    straight = train(whole, items)
    torch.manual_seed(0)
    real, steps = finetune.collate, iter(range(100))

    def killed(batch: list[finetune.Item]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if next(steps) == 10 + 6:  # the first six calls encode the states
            raise KeyboardInterrupt
        return real(batch)

    monkeypatch.setattr(finetune, "collate", killed)
    monkeypatch.setattr(states, "collate", real)
    steps = iter(range(6, 100))
    with pytest.raises(KeyboardInterrupt):
        train(cut, items)
    monkeypatch.setattr(finetune, "collate", real)
    torch.manual_seed(0)
    resumed = train(cut, items)
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_calibration_finds_the_temperature_and_trusts_the_better_part() -> None:
    random = np.random.default_rng(0)
    gold = random.integers(0, 6, 2000)
    signal = np.eye(6)[gold] * 2.0 + random.normal(size=(2000, 6))
    examples = [corpus.Example(None, {"intent": int(label)}, (), None) for label in gold]  # type: ignore[arg-type]  # no text is needed to calibrate
    found = calibrate.calibrate("intent", (3 * signal).astype(np.float32), np.zeros((2000, 6), np.float32), examples)
    assert found.temperature == pytest.approx(3 / 2.0, rel=0.15)  # logits of a unit-variance Gaussian are 2 × signal
    noise = random.normal(size=(2000, 6)).astype(np.float32)
    wide_only = calibrate.calibrate("intent", noise, signal.astype(np.float32), examples)
    assert wide_only.wide > 5


def test_rows_are_read_with_their_demand_in_place(tmp_path: Path) -> None:
    labels = {"intent": "request", "touchpoint": "unknown", "business": "loan", "cause": "none"}
    row = {
        "id": "A1",
        "turns": [{"role": "agent", "text": "请讲"}, {"role": "customer", "text": "帮我开结清证明"}],
        "labels": {**labels, "sentiment": 0, "risk": ["legal"], "demand": "开结清证明"},
    }
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    (example,) = corpus.read([path])
    assert example.demand == Span(1, 2, 7)
    assert example.risks[values("risk").index("legal")] == 1
    assert sum(example.risks) == 1


def test_a_label_off_the_list_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "A1", "text": "好", "labels": {"intent": "rant"}}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 1"):
        list(corpus.read([path]))
