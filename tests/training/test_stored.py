"""A shipped model is a network again: the same weights, and the same answers after its figures are unfolded."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import nlp
from nlp import artifact
from nlp.heads import HEADS
from nlp.model import DEMAND, wide_of
from training import corpus, export, finetune, stored
from training.calibrate import Calibration
from training.export import Target, store
from training.items import Item, collate, items

MODEL = Path("data/model") / nlp.SHIPPED


@pytest.fixture(scope="module")
def rows() -> list[Item]:
    examples = list(corpus.read([Path("data/samples/corpus.jsonl")]))[:24]
    return items(examples, stored.reader_of(MODEL))


def test_a_demand_that_the_first_window_does_not_show_is_unknown_and_not_none() -> None:
    def demand(text: str, wanted: str) -> tuple[int, ...] | None:
        row = {"id": "X", "text": text, "labels": {"demand": wanted}}
        (item,) = items([corpus.example_of(row)], stored.reader_of(MODEL))
        return item.demand

    told = "柜台排队很久没有人理。" * 60
    assert len(demand("请退还年费。" + told, "请退还年费") or ()) == 2
    assert demand(told, "") == ()
    assert demand(told + "请退还年费", "请退还年费") is None


def test_a_fitted_offset_reaches_the_bias_of_every_head(tmp_path: Path) -> None:
    network, tokenizer = stored.network_of(MODEL), stored.reader_of(MODEL).tokenizer
    wide = wide_of(artifact.load_config(MODEL), artifact.load_weights(MODEL))
    bias = {}
    for offset in (0.0, 0.5):
        fitted = dict.fromkeys((*HEADS, DEMAND), Calibration(1.0, 0.5, 0.0, offset))
        store(network, wide, tokenizer, fitted, Target(tmp_path / str(offset), "x"))
        weights = artifact.load_weights(tmp_path / str(offset))
        bias[offset] = {name: weights[f"head.{name}.bias"] for name in fitted}
    for name, value in bias[0.0].items():
        np.testing.assert_allclose(bias[0.5][name] - value, 0.5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("before", [False, True])
def test_a_killed_export_leaves_no_other_model_than_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    """An uncalibrated one would load, and answer as sure of itself as a finished one."""
    if before:
        shutil.copytree(MODEL, tmp_path / "model")
    network, tokenizer = stored.network_of(MODEL), stored.reader_of(MODEL).tokenizer
    wide = wide_of(artifact.load_config(MODEL), artifact.load_weights(MODEL))
    development = [row for row in corpus.read([Path("data/samples/cases.jsonl")]) if row.development][:40]
    asked = partial(export.export, network, wide, tokenizer, development, Target(tmp_path / "model", "new"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "calibrate", killed)
    with pytest.raises(KeyboardInterrupt):
        asked()
    assert (tmp_path / "model" / artifact.CONFIG).exists() == before
    assert not before or artifact.load_config(tmp_path / "model") == artifact.load_config(MODEL)
    monkeypatch.undo()
    asked()
    assert artifact.load_config(tmp_path / "model")["version"] == "new"
    assert len(list((tmp_path / "model").iterdir())) == len(list(MODEL.iterdir())), "nothing is left lying about"


def test_what_was_stored_comes_back() -> None:
    network, weights = stored.network_of(MODEL), artifact.load_weights(MODEL)
    for name, value in network.folded().items():
        stored_value = torch.from_numpy(weights[name]).expand_as(value)  # older models have one query for all labels
        torch.testing.assert_close(value.detach(), stored_value, rtol=1e-4, atol=1e-4)


def test_unfolded_heads_answer_the_same_from_standardised_states(rows: list[Item]) -> None:
    network, other = stored.network_of(MODEL).eval(), stored.network_of(MODEL)
    stored.unfold(other, rows)
    batch = collate(rows)
    told, again = network(*batch), other.eval()(*batch)
    for head, logits in told.logits.items():
        torch.testing.assert_close(again.logits[head], logits, rtol=1e-3, atol=1e-3)
    assert float(other.standard.seen) > 0
    student = finetune.student_of(other, [1, 5])
    assert student.encoder.config.num_hidden_layers == 2
    assert student(*batch).logits["intent"].shape == told.logits["intent"].shape
