"""Multi-task fine-tuning of the encoder and all heads, resumable after a kill.

One seed decides the order of batches; a checkpoint holds network, optimiser and step, written aside and renamed,
so that a killed run goes on from its last checkpoint as if nothing had happened (dropout apart).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from nlp.encoder import EOS, PAD, WINDOW, Encoder
from nlp.heads import CHOICE_HEADS, RISK
from nlp.taxonomy import values
from training.network import DEMAND, Network, Output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlp.encoder import Tokens
    from training.corpus import Example
    from training.states import States

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY = 100  # steps
NO_SPAN = -100  # the index that cross entropy passes over


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run does; written beside its log."""

    epochs: int = 4
    batch: int = 32
    encoder_rate: float = 1e-4
    head_rate: float = 2e-3
    warm_up: float = 0.06  # share of the steps
    decay: float = 0.01
    adjust: float = 0.5  # logit adjustment for rare classes (Menon et al. 2021): strength of the log prior
    smoothing: float = 0.05
    seed: int = 20261101


@dataclass(frozen=True, slots=True)
class Item:
    """A training row: framed piece ids, which of them are the customer's, gold labels, demand as piece positions."""

    ids: list[int]
    judged: list[bool]
    gold: dict[str, int]
    risks: tuple[int, ...]
    demand: tuple[int, int] | None


def items(examples: Sequence[Example], encoder: Encoder) -> list[Item]:
    """Rows as the network reads them: the first window of each doc."""
    answer = []
    for example in examples:
        tokens = encoder.tokens(example.doc)
        keep = WINDOW - len(encoder.prefix) - 1
        before, judged = len(encoder.prefix), tokens.judged[:keep]
        if any(judged):
            ids = [*encoder.prefix, *tokens.ids[:keep], EOS]
            mine = [False] * before + judged + [False]
            answer.append(Item(ids, mine, example.gold, example.risks, _demand(example, tokens, before, keep)))
    return answer


def _demand(example: Example, tokens: Tokens, before: int, keep: int) -> tuple[int, int] | None:
    span = example.demand
    if span is None:
        return None
    inside = [
        at + before
        for at, piece in enumerate(tokens.spans[:keep])
        if piece and piece.part == span.part and piece.start < span.end and span.start < piece.end
    ]
    return (inside[0], inside[-1]) if inside else None


def batches(rows: Sequence[Item], size: int, seed: int) -> list[list[int]]:
    """Row numbers in batches of similar length, in random order: an epoch."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(rows))
    pools = [
        sorted(order[at : at + 50 * size], key=lambda n: len(rows[n].ids)) for at in range(0, len(rows), 50 * size)
    ]
    cut = [pool[at : at + size] for pool in pools for at in range(0, len(pool), size)]
    return [[int(n) for n in cut[number]] for number in random.permutation(len(cut)) if len(cut[number]) > size // 2]


def collate(rows: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor]:
    """Piece ids, which are present (not padding) and which the customer's: each (B, T)."""
    ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True, padding_value=PAD)
    judged = pad_sequence([torch.tensor(row.judged) for row in rows], batch_first=True, padding_value=False)
    return ids, ids != PAD, judged


class Loss:
    """Sum over heads: cross entropy with the log prior added to the logits, risks by class, demand by pointer."""

    def __init__(self, rows: Sequence[Item], recipe: Recipe) -> None:
        self.smoothing = recipe.smoothing
        self.prior = {}
        for head in CHOICE_HEADS:
            counts = np.bincount([row.gold[head] for row in rows], minlength=len(values(head))) + 1.0
            self.prior[head] = torch.tensor(recipe.adjust * np.log(counts / counts.sum()), dtype=torch.float32)

    def __call__(self, output: Output, rows: Sequence[Item]) -> Tensor:
        """A scalar."""
        total = torch.zeros(())
        for head in CHOICE_HEADS:
            target = torch.tensor([row.gold[head] for row in rows])
            logits = output.logits[head] + self.prior[head]
            total = total + nn.functional.cross_entropy(logits, target, label_smoothing=self.smoothing)
        risks = torch.tensor([row.risks for row in rows], dtype=torch.float32)
        total = total + 4 * nn.functional.binary_cross_entropy_with_logits(output.logits[RISK], risks)
        spans = [row.demand for row in rows]
        has = torch.tensor([float(span is not None) for span in spans])
        total = total + nn.functional.binary_cross_entropy_with_logits(output.logits[DEMAND][:, 0], has)
        if any(span is not None for span in spans):
            for side, scores in enumerate((output.start, output.end)):
                target = torch.tensor([span[side] if span else NO_SPAN for span in spans])
                total = total + 0.25 * nn.functional.cross_entropy(scores, target, ignore_index=NO_SPAN)
        return total


def finetune(network: Network, rows: Sequence[Item], states: States, recipe: Recipe, folder: Path) -> None:
    """Train in place on the frozen layers' states; `folder` keeps the checkpoint, the recipe and the loss log."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")
    heads = [value for name, value in network.named_parameters() if not name.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [
            {"params": list(network.upper.parameters()), "lr": recipe.encoder_rate},
            {"params": heads, "lr": recipe.head_rate},
        ],
        weight_decay=recipe.decay,
    )
    plan = [batch for epoch in range(recipe.epochs) for batch in batches(rows, recipe.batch, recipe.seed + epoch)]
    warm = max(1, round(recipe.warm_up * len(plan)))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (len(plan) - step) / (len(plan) - warm))
    )
    checkpoint = folder / CHECKPOINT
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        done = state["step"]
    loss_of = Loss(rows, recipe)
    network.train()
    torch.manual_seed(recipe.seed + done)
    with (folder / "loss.jsonl").open("a", encoding="utf-8") as log:
        for step in track(range(done, len(plan)), "fine-tuning", completed=done, total=len(plan)):
            batch = [rows[number] for number in plan[step]]
            _ids, present, judged = collate(batch)
            loss = loss_of(network(states.of(plan[step]), present, judged), batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            log.write(json.dumps({"step": step + 1, "of": len(plan), "loss": loss.item(), "at": time.time()}) + "\n")
            log.flush()
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == len(plan):
                _save(checkpoint, network, optimiser, schedule, step + 1)


def restore(network: Network, folder: Path) -> int:
    """Load the checkpoint's network; the step it was saved at."""
    state = torch.load(folder / CHECKPOINT, weights_only=True)
    network.load_state_dict(state["network"])
    return int(state["step"])


def _save(
    path: Path,
    network: Network,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    step: int,
) -> None:
    aside = path.with_suffix(".part")
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}
    torch.save({**state, "step": step}, aside)
    aside.replace(path)
