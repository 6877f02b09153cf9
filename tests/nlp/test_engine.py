"""The engine answers as transformers' BERT does, whatever stands beside a text, in every mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from nlp import MODES
from nlp.engine import BF16, FP32, INT8, Engine, Int8Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG: dict[str, Any] = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 40, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
}  # fmt: skip
windows = st.lists(st.lists(st.integers(0, 59), min_size=1, max_size=40), min_size=1, max_size=6)


def bert() -> BertModel:
    torch.manual_seed(0)
    model = BertModel(BertConfig(**CONFIG, initializer_range=0.3), add_pooling_layer=False)
    model.train(mode=False)
    return model


MODEL = bert()
ENGINES = {
    mode: Engine({name: value.numpy() for name, value in MODEL.state_dict().items()}, CONFIG, mode) for mode in MODES
}


def by_transformers(window: Sequence[int]) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(MODEL(torch.tensor([window])).last_hidden_state[0])


APART = {FP32: 1e-4, BF16: 0.1, INT8: 0.05}  # states reach 5, where a step of bfloat16 is 0.03


@given(windows)
@settings(max_examples=30, deadline=None)
def test_fp32_is_what_transformers_computes(windows: list[list[int]]) -> None:
    for window, states in zip(windows, ENGINES[FP32].states(windows), strict=True):
        np.testing.assert_allclose(states, by_transformers(window), atol=2e-5)


@pytest.mark.parametrize("mode", MODES)
@given(windows)
@settings(max_examples=30, deadline=None)
def test_a_text_is_read_alike_alone_and_beside_any_others(mode: str, windows: list[list[int]]) -> None:
    engine = ENGINES[mode]
    for window, states in zip(windows, engine.states(windows), strict=True):
        np.testing.assert_allclose(states, engine.states([window])[0], atol=APART[mode])


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_stays_near(mode: str) -> None:
    random = np.random.default_rng(0)
    texts = [random.integers(0, 60, 20).tolist() for _ in range(20)]
    for exact, near in zip(ENGINES[FP32].states(texts), ENGINES[mode].states(texts), strict=True):
        assert np.linalg.norm(exact - near) < 0.05 * np.linalg.norm(exact)


def test_weights_on_the_grid_of_int8_are_multiplied_exactly() -> None:
    """A model folder stores int8: reading it back and multiplying in integers must round nothing a second time."""
    random = np.random.default_rng(0)
    whole = random.integers(-127, 128, (48, 16)).astype(np.float32)
    whole[:, 0] = 127
    weight = torch.from_numpy(whole * random.uniform(0.001, 0.1, (48, 1)).astype(np.float32))
    rows = torch.from_numpy(random.integers(-127, 128, (5, 16)).astype(np.float32))
    rows[:, 0] = 127
    bias = torch.zeros(48)
    torch.testing.assert_close(
        Int8Linear(weight, bias)(rows), torch.nn.functional.linear(rows, weight, bias), rtol=1e-4, atol=1e-2
    )


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="int4"):
        Engine({}, CONFIG, "int4")
