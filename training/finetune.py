"""Multi-task fine-tuning: all heads, the token heads and the embedding from one mixture of batches.

With a teacher the same is a distillation: the student answers as the teacher does, on feedback without labels too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from nlp.encoder import BOS, EOS
from training import contrast, loop
from training.base import UNK
from training.items import Item, batches, collate
from training.losses import Known, imitate
from training.network import Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HIDE = 0.05  # of the pieces, at random: no word may carry a label alone


@dataclass(frozen=True, slots=True)
class Mixture:
    """labelled: rows with labels, read `epochs` times. others: rows of other sets, read once. comparisons: steps.

    on_told: whether a teacher is imitated on rows of which something is known too, or only asked about the others.
    """

    labelled: Sequence[Item]
    others: Sequence[Sequence[Item]]
    comparison: contrast.Comparison | None
    epochs: int = 3
    comparisons: int = 0
    on_told: bool = True

    def plan(self, seed: int) -> tuple[list[Item], list[list[int]]]:
        """All rows, and for each step the numbers of its rows; an empty step compares questions."""
        rows = list(self.labelled)
        steps = [batch for epoch in range(self.epochs) for batch in batches(_sizes(rows), seed + epoch)]
        for source in self.others:
            steps += [[len(rows) + number for number in batch] for batch in batches(_sizes(source), seed)]
            rows += source
        steps += [[] for _ in range(self.comparisons)]
        order = np.random.default_rng(seed).permutation(len(steps))
        return rows, [steps[number] for number in order]


class Trainer(nn.Module):
    """The network with its loss by step; the teacher, if any, is only asked."""

    def __init__(self, network: Network, mixture: Mixture, teacher: Network | None, seed: int) -> None:
        super().__init__()
        self.network = network
        self.same = contrast.SameOrNot()
        self.rows, self.steps = mixture.plan(seed)
        self.comparison, self.seed = mixture.comparison, seed
        self.known = Known(mixture.labelled)
        self.on_told = mixture.on_told
        self.ask = (
            teacher.train(mode=False).forward if teacher else None
        )  # no submodule: it is neither trained nor kept

    def loss(self, step: int) -> Mapping[str, Tensor]:
        """The named losses of one step."""
        numbers = self.steps[step]
        if not numbers and self.comparison:
            random = np.random.default_rng([self.seed, step])
            return self.comparison.loss(self.network.encoder, self.same, random)
        rows = [self.rows[number] for number in numbers]
        ids, present, judged = collate(rows)
        hidden = (torch.rand(ids.shape) < HIDE) & present & (ids != BOS) & (ids != EOS)
        output = self.network(ids.masked_fill(hidden, UNK), present, judged, feedback=rows[0].feedback)
        answer = self.known(output, rows)
        if self.ask is not None and (self.on_told or not any(row.told for row in rows)):
            with torch.no_grad():
                theirs = self.ask(ids, present, judged, feedback=False)
            answer |= imitate(output, theirs, present, judged)
        return answer


def finetune(network: Network, mixture: Mixture, teacher: Network | None, pace: loop.Pace, folder: Path) -> None:
    """Train in place; `folder` keeps the checkpoint, the pace, the log and its curve."""
    trainer = Trainer(network, mixture, teacher, pace.seed)
    loop.run(
        trainer,
        loop.groups(trainer, network.encoder, pace),
        trainer.loss,
        steps=len(trainer.steps),
        pace=pace,
        folder=folder,
        reads=_digest(trainer),
    )


def _digest(trainer: Trainer) -> str:
    """Of what decides what a step learns: rows with labels, their order, questions, what the teacher is asked about.

    The teacher itself and the weights it began with are not in it.
    """
    asked = trainer.comparison.questions if trainer.comparison else None
    told = repr((trainer.steps, trainer.on_told, trainer.rows, asked))
    return hashlib.sha256(told.encode()).hexdigest()


def restore(network: Network, *folders: Path) -> None:
    """Load what a run has learnt so far, or the mean of what several have that went on from one another.

    The mean reads as well as the best of them, and more evenly (Izmailov et al. 2018, "stochastic weight averaging").
    The heads' running figures are averaged as well, which is near enough for runs that read the same rows. Raises
    RuntimeError for runs of different shapes.
    """
    states = [_learnt(folder) for folder in folders]
    if any(state.keys() != states[0].keys() for state in states):
        raise RuntimeError(f"{', '.join(folder.name for folder in folders)} have not the same layers")
    network.load_state_dict({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})


def _learnt(folder: Path) -> dict[str, Tensor]:
    inside = "network."
    state: dict[str, Tensor] = torch.load(folder / loop.CHECKPOINT, weights_only=True)["module"]
    return {name.removeprefix(inside): value for name, value in state.items() if name.startswith(inside)}


def student_of(teacher: Network, layers: Sequence[int]) -> Network:
    """A network of some of the teacher's layers with its embeddings and heads, to begin a distillation with."""
    config = BertConfig(**{**teacher.encoder.config.to_dict(), "num_hidden_layers": len(layers)})
    student = Network(BertModel(config, add_pooling_layer=False))
    student.encoder.set_attn_implementation(teacher.encoder.config._attn_implementation)  # noqa: SLF001 - told nowhere else
    state = {name: value for name, value in teacher.state_dict().items() if ".encoder.layer." not in name}
    for mine, theirs in enumerate(layers):
        for name, value in teacher.encoder.encoder.layer[theirs].state_dict().items():
            state[f"encoder.encoder.layer.{mine}.{name}"] = value
    student.load_state_dict(state)
    return student


def _sizes(rows: Sequence[Item]) -> list[int]:
    return [len(row.ids) for row in rows]
