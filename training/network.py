"""The network that is trained: the encoder, and heads whose standardisation is folded away on export.

Without it the heads hardly learn: the pooled states of this encoder sit in a narrow cone. A batch norm would not
do: batches hold texts of like length, so its own mean would take away what tells complaints from questions.
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

if TYPE_CHECKING:
    from transformers import BertModel

RATE = 0.01  # at which a batch moves the running mean and variance, once a hundred have set them
_TINY = 1e-5


@dataclass(frozen=True, slots=True)
class Output:
    """states: (B, T, hidden). logits: head → (B, C). start, end: (B, T), -inf outside the customer's pieces.

    tags: (B, T, TAGS).
    """

    states: Tensor
    logits: dict[str, Tensor]
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
        self.query = nn.ParameterDict({name: nn.Parameter(torch.zeros(hidden)) for name in sizes})
        self.norm = nn.ModuleDict({name: Standard(2 * hidden) for name in sizes})
        self.linear = nn.ModuleDict({name: nn.Linear(2 * hidden, size) for name, size in sizes.items()})
        self.pointer = nn.Linear(hidden, 2, bias=False)
        self.tags = nn.Linear(hidden, len(TAGS))
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, present: Tensor, judged: Tensor, *, feedback: bool = True) -> Output:
        """Piece ids, present (not padding) and judged (the customer's): (B, T) each.

        `feedback` false: texts of another kind, which do not move the running figures.
        """
        states = precision.states(self.encoder, ids, present)
        logits = {
            name: self.linear[name](self.dropout(self._pooled(name, states, judged, feedback))) for name in self.query
        }
        start, end = self.pointer(states).masked_fill(~judged[..., None], -torch.inf).unbind(-1)
        return Output(states, logits, start, end, self.tags(states))

    def _pooled(self, name: str, states: Tensor, judged: Tensor, feedback: bool) -> Tensor:  # noqa: FBT001 - forward's
        scores = (states @ self.query[name]).masked_fill(~judged, -torch.inf)
        attention = torch.einsum("bt,bth->bh", scores.softmax(1), states)
        share = judged / judged.sum(1, keepdim=True)
        both = torch.cat([attention, torch.einsum("bt,bth->bh", share, states)], 1)
        norm = cast("Standard", self.norm[name])
        if self.training and feedback:
            norm.watch(both.detach())
        return cast("Tensor", norm(both))

    def folded(self) -> dict[str, Tensor]:
        """The heads' parameters as `nlp.heads.Head` wants them, the standardisation multiplied into the weights."""
        answer = {"pointer.weight": self.pointer.weight, "tags.weight": self.tags.weight, "tags.bias": self.tags.bias}
        for name, query in self.query.items():
            norm, linear = cast("Standard", self.norm[name]), cast("nn.Linear", self.linear[name])
            weight = linear.weight / norm.deviation
            answer |= {
                f"head.{name}.query": query,
                f"head.{name}.weight": weight,
                f"head.{name}.bias": linear.bias - weight @ norm.mean,
            }
        return answer
