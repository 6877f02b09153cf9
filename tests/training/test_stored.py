"""A shipped model is a network again: the same weights, and the same answers after its figures are unfolded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import nlp
from nlp import artifact
from training import corpus, finetune, stored
from training.items import Item, collate, items

MODEL = Path("data/model") / nlp.SHIPPED


@pytest.fixture(scope="module")
def rows() -> list[Item]:
    examples = list(corpus.read([Path("data/samples/corpus.jsonl")]))[:24]
    return items(examples, stored.reader_of(MODEL))


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
