"""The states of frozen layers, computed once and kept on disk: epochs above them cost only what is trained.

For each layer asked for, one flat float16 array (all tokens of all rows, hidden) in `states-LAYER.npy`; a row's
tokens lie from `starts[row]` to `starts[row + 1]`. A killed run goes on at the batch where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from rich.progress import track
from torch.nn.utils.rnn import pad_sequence

from training.finetune import collate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import BertModel

    from training.finetune import Item


@dataclass(frozen=True, slots=True)
class States:
    """The cached states of one layer: flat (tokens, hidden) float16 and where each row begins."""

    flat: NDArray[np.float16]
    starts: NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path, layer: int, rows: Sequence[Item]) -> States:
        """The states of `layer` for the same rows in the same order as they were cached."""
        return cls(np.load(folder / f"states-{layer}.npy", mmap_mode="r"), starts_of(rows))

    def of(self, numbers: Sequence[int]) -> Tensor:
        """The states of some rows, padded with zeros: (B, T, hidden) float32."""
        rows = [torch.from_numpy(self.flat[self.starts[n] : self.starts[n + 1]].astype(np.float32)) for n in numbers]
        return pad_sequence(rows, batch_first=True)


def starts_of(rows: Sequence[Item]) -> NDArray[np.int64]:
    """Where each row's tokens begin in the flat array, and where the last one ends: (rows + 1,)."""
    return np.concatenate([[0], np.cumsum([len(row.ids) for row in rows])])


@torch.inference_mode()
def cache(encoder: BertModel, rows: Sequence[Item], layers: Sequence[int], folder: Path, *, batch: int = 32) -> None:
    """Write the states after each of `layers` (0 is the embeddings, 12 the last) for all rows."""
    starts = starts_of(rows)
    shape = int(starts[-1]), encoder.config.hidden_size
    paths = {layer: folder / f"states-{layer}.npy" for layer in layers}
    done = folder / "states-done.txt"
    begin = int(done.read_text()) if done.exists() else 0
    mode = "r+" if begin else "w+"
    kept = {
        layer: np.lib.format.open_memmap(path, mode=mode, dtype=np.float16, shape=shape)
        for layer, path in paths.items()
    }
    order = sorted(range(len(rows)), key=lambda number: len(rows[number].ids))
    encoder.train(mode=False)
    for at in track(range(begin, len(order), batch), "encoding"):
        numbers = order[at : at + batch]
        ids, present, _judged = collate([rows[number] for number in numbers])
        hidden = encoder(ids, attention_mask=present, output_hidden_states=True).hidden_states
        for layer, states in kept.items():
            values = hidden[layer].numpy().astype(np.float16)
            for row, number in enumerate(numbers):
                states[starts[number] : starts[number + 1]] = values[row, : len(rows[number].ids)]
        if at // batch % 50 == 49:  # noqa: PLR2004 - every 50 batches is often enough
            for states in kept.values():
                states.flush()
            done.write_text(str(at + batch))
    for states in kept.values():
        states.flush()
    done.write_text(str(len(order)))
