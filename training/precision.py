"""The encoder in bfloat16 where the processor multiplies that faster; weights, heads and losses stay in float32."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch import Tensor
    from transformers import BertModel

_ROUNDS = 5
_WORTH = 1.5  # times as fast from which it pays for the casts


def mixed() -> AbstractContextManager[None]:
    """Inside it matrices are multiplied in bfloat16, if that is faster here."""
    answer: AbstractContextManager[None] = torch.autocast("cpu", torch.bfloat16, enabled=_faster())
    return answer


def states(encoder: BertModel, ids: Tensor, present: Tensor) -> Tensor:
    """The last hidden states in float32: (B, T), (B, T) → (B, T, hidden)."""
    with mixed():
        answer: Tensor = encoder(ids, attention_mask=present).last_hidden_state
    return answer.float()


@functools.cache
def _faster() -> bool:
    own = torch.Generator()  # a step's random numbers must not depend on whether it is the first of a process
    rows, weight = torch.randn(1024, 768, generator=own), torch.randn(768, 3072, generator=own)
    return _seconds(rows, weight) > _WORTH * _seconds(rows.bfloat16(), weight.bfloat16())


def _seconds(left: Tensor, right: Tensor) -> float:
    def once() -> float:
        start = time.perf_counter()
        left @ right
        return time.perf_counter() - start

    return min(once() for _ in range(_ROUNDS))
