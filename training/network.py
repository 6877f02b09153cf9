"""The network that is trained: the encoder, and heads whose standardisation is folded away on export.

Without it the heads hardly learn: the states of this encoder sit in a narrow cone. A batch norm would not do: batches
hold texts of like length, so its own mean would take away what tells complaints from questions.

Rows that were picked, or written for a purpose, are not labelled as a plain sample is: their classes are of another
frequency, and their readers drew some borders elsewhere. What differs is learnt apart, a number for each class and
set of rows (`Output.shifts`), and forgotten on export: the model answers as for the plain sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from nlp.heads import HEADS
from nlp.model import DEMAND
from nlp.personal import TAGS
from nlp.taxonomy import values
from training import precision
from training.corpus import SETS

if TYPE_CHECKING:
    from transformers import BertModel

RATE = 0.01  # at which a batch moves the running mean and variance, once a hundred have set them
_TINY = 1e-5


@dataclass(frozen=True, slots=True)
class Output:
    """states: (B, T, hidden). logits: head → (B, C). start, end: (B, T), -inf outside the customer's pieces.

    tags: (B, T, TAGS). shifts: head → (SETS, C), what a row's set adds to its logits; 0 for the plain sample.
    """

    states: Tensor
    logits: dict[str, Tensor]
    shifts: dict[str, Tensor]
    start: Tensor
    end: Tensor
    tags: Tensor


class Standard(nn.Module):
    """Subtracts the running mean and divides by the running deviation; both are told by feedback alone."""

    mean: Tensor
    variance: Tensor
    seen: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("seen", torch.zeros(()))

    @torch.no_grad()
    def watch(self, rows: Tensor) -> None:
        """Take a batch (B, size) into the running figures."""
        rate = max(RATE, 1 / (1 + float(self.seen)))
        self.mean.lerp_(rows.mean(0), rate)
        self.variance.lerp_((rows - self.mean).square().mean(0), rate)
        self.seen += 1

    @property
    def deviation(self) -> Tensor:
        """(size,), never 0."""
        return torch.sqrt(self.variance + _TINY)

    def forward(self, rows: Tensor) -> Tensor:
        """(B, size) → (B, size)."""
        return (rows - self.mean) / self.deviation


class Network(nn.Module):
    """Encoder and heads; the pooling is that of `nlp.heads.Head`, batched."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        sizes = {head: len(values(head)) for head in HEADS} | {DEMAND: 1}
        self.encoder = encoder
        self.standard = Standard(hidden)
        self.query = nn.ParameterDict({name: nn.Parameter(torch.zeros(size, hidden)) for name, size in sizes.items()})
        self.linear = nn.ModuleDict({name: nn.Linear(2 * hidden, size) for name, size in sizes.items()})
        others = len(SETS) - 1
        self.shift = nn.ParameterDict({head: nn.Parameter(torch.zeros(others, sizes[head])) for head in HEADS})
        self.pointer = nn.Linear(hidden, 2, bias=False)
        self.tags = nn.Linear(hidden, len(TAGS))
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, present: Tensor, judged: Tensor, *, feedback: bool = True) -> Output:
        """Piece ids, present (not padding) and judged (the customer's): (B, T) each.

        `feedback` false: texts of another kind, which do not move the running figures.
        """
        states = precision.states(self.encoder, ids, present)
        if self.training and feedback:
            self.standard.watch(states[judged].detach())
        seen = self.standard(states)
        kept = seen * self.dropout(torch.ones_like(seen[:, :1]))  # the same units of all pieces of a text
        share = judged / judged.sum(1, keepdim=True)
        mean = torch.einsum("bt,bth->bh", share, kept)
        logits = {name: self._logits(name, seen, kept, mean, judged) for name in self.query}
        shifts = {head: nn.functional.pad(shift, (0, 0, 1, 0)) for head, shift in self.shift.items()}
        start, end = self.pointer(states).masked_fill(~judged[..., None], -torch.inf).unbind(-1)
        return Output(states, logits, shifts, start, end, self.tags(states))

    def _logits(self, name: str, seen: Tensor, kept: Tensor, mean: Tensor, judged: Tensor) -> Tensor:
        """One head's answers (B, C) from the standardised states (B, T, hidden) and their mean (B, hidden)."""
        linear = cast("nn.Linear", self.linear[name])
        attended, plain = linear.weight.chunk(2, 1)
        attention = (seen @ self.query[name].T).masked_fill(~judged[..., None], -torch.inf).softmax(1)
        found: Tensor = (attention * (kept @ attended.T)).sum(1)
        return found + mean @ plain.T + linear.bias

    def weights(self) -> dict[str, Tensor]:
        """What a model folder holds of the network, under its names there."""
        encoder = {f"encoder.{name}": value for name, value in self.encoder.state_dict().items()}
        return {name: value for name, value in (encoder | self.folded()).items() if value.is_floating_point()}

    def folded(self) -> dict[str, Tensor]:
        """The heads' parameters as `nlp.heads.Head` wants them, the standardisation multiplied into the weights."""
        answer = {"pointer.weight": self.pointer.weight, "tags.weight": self.tags.weight, "tags.bias": self.tags.bias}
        deviation, mean = self.standard.deviation, self.standard.mean
        for name, query in self.query.items():
            linear = cast("nn.Linear", self.linear[name])
            weight = linear.weight / deviation.repeat(2)
            answer |= {
                f"head.{name}.query": query / deviation,
                f"head.{name}.weight": weight,
                f"head.{name}.bias": linear.bias - weight @ mean.repeat(2),
            }
        return answer
