"""Small networks trained for real: what is exported answers as what was trained, a killed run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.doc import Span
from nlp.heads import HEADS, RISK, Head
from nlp.taxonomy import values
from training import calibrate, corpus, finetune, loop
from training.items import Item, batches, collate
from training.network import Network

PACE = loop.Pace(encoder_rate=0.003, head_rate=0.05)


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.manual_seed(0)


def small(layers: int = 2) -> Network:
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    network = Network(BertModel(config, add_pooling_layer=False))
    network.dropout.p = 0.0
    return network


def rows(count: int = 48, *, label: bool = True) -> list[Item]:
    """Pieces 10 and up; the intent is told by which of two pieces stands in the middle, and so is the one risk."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        ids = [0, *random.integers(10, 50, 6 + number % 3).tolist(), 2]
        ids[3] = 5 + number % 2
        judged = [False] + [True] * (len(ids) - 2) + [False]
        risks = tuple(int(at == 0 and number % 2 == 1) for at in range(len(values("risk"))))
        known = Item(ids, judged, {"intent": number % 2}, risks, (2, 3) if number % 4 == 0 else ())
        made.append(known if label else Item(ids, judged))
    return made


def train(
    folder: Path, mixture: finetune.Mixture, *, network: Network | None = None, teacher: Network | None = None
) -> Network:
    network = network or small()
    finetune.finetune(network, mixture, teacher, PACE, folder)
    return network


def labelled(epochs: int = 6) -> finetune.Mixture:
    return finetune.Mixture(rows(), [], None, epochs)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "batches", partial(batches, budget=80))


def right(network: Network) -> float:
    """Share of rows whose intent is told as it is."""
    items = rows()
    with torch.no_grad():
        predicted = network.train(mode=False)(*collate(items)).logits["intent"].argmax(dim=1).tolist()
    return float(np.mean([p == item.gold["intent"] for p, item in zip(predicted, items, strict=True)]))


def test_the_network_learns_what_is_there_to_learn_and_its_losses_are_kept_and_drawn(tmp_path: Path) -> None:
    network = train(tmp_path, labelled())
    assert right(network) > 0.9
    log = [json.loads(line) for line in (tmp_path / "loss.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == log[-1]["of"] == len(log)
    assert log[-1]["intent"] < log[0]["intent"]
    assert "business" not in log[0], "no row knows its business, so nothing may be learnt of it"
    assert (tmp_path / "loss.png").stat().st_size > 0


def test_folded_heads_answer_as_the_trained_network(tmp_path: Path) -> None:
    network = train(tmp_path, labelled(epochs=1)).train(mode=False)
    ids, present, judged = collate(rows()[:5])
    with torch.no_grad():
        output = network(ids, present, judged)
        folded = {name: value.numpy() for name, value in network.folded().items()}
    for name in HEADS:
        query, weight, bias = (folded[f"head.{name}.{part}"] for part in ("query", "weight", "bias"))
        head = Head(name, query, weight, bias, temperature=1.0, threshold=0.5, wide=0.0)
        for row in range(5):
            states = output.states[row][judged[row]].numpy()
            logits = head.contributions(states).sum(axis=0) + head.bias
            np.testing.assert_allclose(logits, output.logits[name][row].numpy(), atol=1e-4)


def test_how_a_set_of_rows_was_labelled_is_learnt_apart(tmp_path: Path) -> None:
    """All rows of another set bear one intent, whatever they say; the plain sample is read as it was labelled."""
    others = [replace(row, gold={"intent": 1}, set=1) for row in rows()]
    network = train(tmp_path, finetune.Mixture([*rows(), *others], [], None, 6))
    assert right(network) > 0.9
    learnt = network(*collate(rows())).shifts["intent"]
    assert learnt[1, 1] > learnt[1, 0]
    assert not learnt[0].any()


def test_risks_that_a_set_of_rows_bears_more_often_are_learnt_apart(tmp_path: Path) -> None:
    media = values(RISK).index("media")
    plain = [replace(row, risks=(0,) * len(values(RISK))) for row in rows()]
    others = [replace(row, risks=tuple(int(at == media) for at in range(len(values(RISK)))), set=1) for row in rows()]
    network = train(tmp_path, finetune.Mixture([*plain, *others], [], None, 6))
    told = network(*collate(rows()))
    assert told.shifts[RISK][1, media] > 0
    assert (told.shifts[RISK][1].argmax(), told.shifts[RISK][0].any()) == (media, False)


def test_a_student_learns_from_its_teacher_alone(tmp_path: Path) -> None:
    teacher = train(tmp_path / "teacher", labelled())
    student = finetune.student_of(teacher, [1])
    assert len(student.encoder.encoder.layer) == 1
    unlabelled = finetune.Mixture(rows(label=False), [], None, 6)
    assert right(train(tmp_path / "student", unlabelled, network=student, teacher=teacher)) > 0.9


def test_texts_of_another_kind_do_not_move_the_standardisation() -> None:
    network = small()
    before = {name: value.clone() for name, value in network.standard.state_dict().items()}
    network.train()(*collate(rows()), feedback=False)
    for name, value in network.standard.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 3)
    straight = train(tmp_path / "whole", labelled())
    real, steps = collate, iter(range(100))

    def killed(batch: list[Item]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if next(steps) == 10:
            raise KeyboardInterrupt
        return real(batch)

    torch.manual_seed(0)
    monkeypatch.setattr(finetune, "collate", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", labelled())
    monkeypatch.setattr(finetune, "collate", real)
    torch.manual_seed(0)
    resumed = train(tmp_path / "cut", labelled())
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    told = [json.loads(line)["step"] for line in (tmp_path / "cut" / loop.LOG).read_text("utf-8").splitlines()]
    assert told == [*range(1, len(told) + 1)], "a step that was taken again is told once"


def test_several_runs_are_restored_as_their_mean(tmp_path: Path) -> None:
    first, second = (train(tmp_path / name, labelled(epochs)) for name, epochs in (("a", 1), ("b", 2)))
    mean = small()
    finetune.restore(mean, tmp_path / "a", tmp_path / "b")
    for one, other, told in zip(first.parameters(), second.parameters(), mean.parameters(), strict=True):
        torch.testing.assert_close(told, (one + other) / 2)
    assert not torch.equal(first.tags.weight, second.tags.weight)
    train(tmp_path / "larger", labelled(1), network=finetune.student_of(small(), [0, 1, 1]))
    with pytest.raises(RuntimeError, match="not the same layers"):
        finetune.restore(mean, tmp_path / "a", tmp_path / "larger")


def test_a_folder_with_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    train(tmp_path / "run", labelled())
    with pytest.raises(loop.OtherRunError, match="give another --name"):
        train(tmp_path / "run", replace(labelled(), labelled=rows()[1:]))
    again = [replace(row, gold={"intent": 1}) for row in rows()]
    with pytest.raises(loop.OtherRunError, match="give another --name"):
        train(tmp_path / "run", replace(labelled(), labelled=again))


def test_who_learns_on_asks_its_old_self_only_about_what_nobody_told() -> None:
    reviews = [replace(row, satisfied=True, feedback=False) for row in rows(8, label=False)]
    mixture = finetune.Mixture(rows(8), [rows(8, label=False), reviews], None, 1, on_told=False)
    trainer = finetune.Trainer(small(), mixture, small(), 0)
    losses = [trainer.loss(step) for step in range(len(trainer.steps))]
    found = {frozenset(told) & {"intent", "satisfied", "states"} for told in losses}
    assert found == {frozenset({"intent"}), frozenset({"satisfied"}), frozenset({"states"})}


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
    assert example.risks == tuple(int(name == "legal") for name in values("risk"))


def test_a_label_off_the_list_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "A1", "text": "好", "labels": {"intent": "rant"}}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 1"):
        list(corpus.read([path]))
