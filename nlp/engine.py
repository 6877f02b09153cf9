"""The encoder's forward pass in production, without padding.

The tokens of all windows lie behind one another, so that the linear layers waste nothing on padding; attention
runs window by window, those of one length together. In mode `bf16` all of it is in bfloat16. In mode `int8` the
linear layers multiply integers: weights with one scale a row, as they lie on disk, and activations with one scale a
*token*. With a scale a batch (torch's own dynamic quantisation) a text's states would depend on its neighbours; so
they do not, in any mode, beyond the rounding of its numbers.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from nlp import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

FP32, BF16, INT8 = MODES
_TINY = 1e-12
CHUNK = 512  # tokens: what the linear layers of one step read and write stays in the processor's cache


class Engine:
    """A BERT encoder (post-norm, learned positions, GELU) as inference alone."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, float], mode: str) -> None:
        """`weights` under the names of transformers' BertModel. ValueError for an unknown mode."""
        if mode not in MODES:
            raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
        self.mode = mode
        self.kind = torch.bfloat16 if mode == BF16 else torch.float32
        self.heads = int(config["num_attention_heads"])
        self.eps = float(config["layer_norm_eps"])
        self._weights = weights
        self.words = self._tensor("embeddings.word_embeddings.weight")
        self.places = self._tensor("embeddings.position_embeddings.weight")
        self.places = self.places + self._tensor("embeddings.token_type_embeddings.weight")[0]
        self.norm = self._norm("embeddings.LayerNorm")
        self.layers = [self._layer(f"encoder.layer.{number}.") for number in range(int(config["num_hidden_layers"]))]
        del self._weights

    @torch.inference_mode()
    def states(self, windows: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The last layer's states of each window of T piece ids, frame included: float32 (T, hidden)."""
        order = sorted(range(len(windows)), key=lambda number: len(windows[number]))
        lengths = [len(windows[number]) for number in order]
        ids = torch.tensor([piece for number in order for piece in windows[number]])
        places = torch.cat([torch.arange(length) for length in lengths])
        states = self.norm(self.words[ids] + self.places[places])
        shapes = [(length, len(list(group))) for length, group in groupby(lengths)]
        for layer in self.layers:
            states = layer(states, shapes)
        rows = states.float().numpy()
        ends = np.cumsum(lengths)
        answers = dict(zip(order, np.split(rows, ends[:-1]), strict=True))
        return [answers[number] for number in range(len(windows))]

    def _layer(self, name: str) -> Callable[[Tensor, Sequence[tuple[int, int]]], Tensor]:
        into = self._linear(*(f"{name}attention.self.{part}" for part in ("query", "key", "value")))
        out = self._linear(f"{name}attention.output.dense")
        after = self._norm(f"{name}attention.output.LayerNorm")
        wide, narrow = self._linear(f"{name}intermediate.dense"), self._linear(f"{name}output.dense")
        last = self._norm(f"{name}output.LayerNorm")

        def layer(states: Tensor, shapes: Sequence[tuple[int, int]]) -> Tensor:
            mixed = self._attention(_chunked(into, states), shapes)

            def rest(both: Tensor, mixed: Tensor) -> Tensor:
                both = after(both + out(mixed))
                return last(both + narrow(nn.functional.gelu(wide(both))))

            return torch.cat(
                [rest(*pair) for pair in zip(torch.split(states, CHUNK), torch.split(mixed, CHUNK), strict=True)]
            )

        return layer

    def _attention(self, projected: Tensor, shapes: Sequence[tuple[int, int]]) -> Tensor:
        """Query, key and value side by side (N, 3 × hidden) → (N, hidden), each window by itself."""
        answers = []
        for (length, count), rows in zip(
            shapes, torch.split(projected, [length * count for length, count in shapes]), strict=True
        ):
            query, key, value = rows.view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(query, key, value)
            answers.append(mixed.transpose(1, 2).reshape(count * length, -1))
        return torch.cat(answers)

    def _linear(self, *names: str) -> Callable[[Tensor], Tensor]:
        """One multiplication for layers that read the same input."""
        weight = torch.cat([self._tensor(f"{name}.weight") for name in names])
        bias = torch.cat([self._tensor(f"{name}.bias") for name in names])
        return Int8Linear(weight, bias) if self.mode == INT8 else lambda rows: nn.functional.linear(rows, weight, bias)

    def _norm(self, name: str) -> Callable[[Tensor], Tensor]:
        weight, bias = self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias")
        return lambda rows: nn.functional.layer_norm(rows, weight.shape, weight, bias, self.eps)

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self._weights[name]).to(self.kind)


class Int8Linear:
    """A linear layer on integers. The weights lie on such a grid already when they come from disk: nothing is lost."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.scale = weight.abs().amax(1).clamp_min(_TINY) / 127
        self.weight = (weight / self.scale[:, None]).round_().to(torch.int8).T
        self.bias = bias

    def __call__(self, rows: Tensor) -> Tensor:
        """(N, in) → (N, out)."""
        largest = torch.maximum(rows.amax(1, keepdim=True), -rows.amin(1, keepdim=True))
        scale = largest.clamp_min_(_TINY) / 127
        whole = torch._int_mm((rows * scale.reciprocal()).round_().to(torch.int8), self.weight)  # noqa: SLF001 - torch's name for it
        return whole.float().mul_(scale).mul_(self.scale).add_(self.bias)


def _chunked(linear: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    return torch.cat([linear(part) for part in torch.split(rows, CHUNK)])
