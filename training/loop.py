"""The one training loop: seeded, resumable after a kill, its losses logged and drawn.

A checkpoint holds the module, the optimiser and the step; it is written aside and renamed, so that a killed run
goes on from the last one. The caller's `loss` is asked by step number and must depend on nothing else but the
module, so that a resumed run sees the batches it would have seen.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from rich.progress import track
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor
    from transformers import BertModel

CHECKPOINT = "checkpoint.pt"
LOG = "loss.jsonl"
CURVE = "loss.png"
SAVE_EVERY = 100  # steps
SMOOTH = 25  # steps a point of the curve averages


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the module learns; written beside the log."""

    encoder_rate: float = 2e-4  # of the top layer
    by_layer: float = 0.9  # each layer below learns that much slower (Howard and Ruder 2018)
    head_rate: float = 2e-3
    warm_up: float = 0.06  # share of the steps
    decay: float = 0.01
    seed: int = 20261101


class OtherRunError(ValueError):
    """The folder holds a checkpoint of a run that reads other rows, or at another pace."""


def groups(module: nn.Module, encoder: BertModel, pace: Pace) -> list[dict[str, Any]]:
    """Parameters with their rates: heads, then the encoder's layers from the top down, then the embeddings."""
    own = {id(value) for value in encoder.parameters()}
    answer = [{"params": [value for value in module.parameters() if id(value) not in own], "lr": pace.head_rate}]
    rate = pace.encoder_rate
    for layer in reversed(encoder.encoder.layer):
        answer.append({"params": list(layer.parameters()), "lr": rate})
        rate *= pace.by_layer
    answer.append({"params": list(encoder.embeddings.parameters()), "lr": rate})
    return [group for group in answer if group["params"]]


def run(
    module: nn.Module,
    parameters: list[dict[str, Any]],
    loss: Callable[[int], Mapping[str, Tensor]],
    *,
    steps: int,
    pace: Pace,
    folder: Path,
    reads: str,
) -> None:
    """Train in place for `steps`; the sum of the named losses is what is lowered.

    `reads` names what the steps read (a digest); OtherRunError where the checkpoint in `folder` is of another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = hashlib.sha256(json.dumps([asdict(pace), steps, reads]).encode()).hexdigest()
    done, state = 0, None
    if (folder / CHECKPOINT).exists():
        state = torch.load(folder / CHECKPOINT, weights_only=True)
        if state.get("plan") != plan:
            raise OtherRunError(f"{folder} holds a run with other rows or amounts: give another --name, or remove it")
        done = state["step"]
    (folder / "pace.json").write_text(json.dumps({**asdict(pace), "steps": steps}, indent=1), encoding="utf-8")
    optimiser = torch.optim.AdamW(parameters, weight_decay=pace.decay, fused=True)
    warm = max(1, round(pace.warm_up * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    if state:
        module.load_state_dict(state["module"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
    _cut(folder / LOG, done)
    module.train()
    trained = [value for group in parameters for value in group["params"]]
    with (folder / LOG).open("a", encoding="utf-8") as log:
        for step in track(range(done, steps), folder.name, completed=done, total=steps):
            torch.manual_seed(pace.seed + step)
            parts = loss(step)
            optimiser.zero_grad()
            torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]  # untyped in torch
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
            told = {name: round(value.item(), 4) for name, value in parts.items()}
            log.write(json.dumps({"step": step + 1, "of": steps, "at": round(time.time(), 1), **told}) + "\n")
            log.flush()
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
                state = {"module": module.state_dict(), "optimiser": optimiser.state_dict()}
                state |= {"schedule": schedule.state_dict(), "step": step + 1, "plan": plan}
                _save(folder / CHECKPOINT, state)
    draw(folder)


def draw(folder: Path) -> None:
    """The losses over the steps, smoothed, as a picture beside the log."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name in sorted({name for line in lines for name in line} - {"step", "of", "at"}):
        points = [(line["step"], line[name]) for line in lines if name in line]
        pieces = [points[at : at + SMOOTH] for at in range(0, len(points), SMOOTH)]
        axes.plot(
            [piece[-1][0] for piece in pieces], [sum(y for _, y in piece) / len(piece) for piece in pieces], label=name
        )
    axes.set_xlabel("step")
    axes.set_ylabel(f"loss, mean of {SMOOTH} steps")
    axes.legend(frameon=False, ncols=3)
    figure.savefig(folder / CURVE, dpi=110)


def _cut(log: Path, done: int) -> None:
    """Leave out the steps after the checkpoint: they are taken again."""
    if log.exists():
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        log.write_text("".join(line for line in lines if json.loads(line)["step"] <= done), encoding="utf-8")


def _save(path: Path, state: dict[str, Any]) -> None:
    aside = path.with_suffix(".part")
    torch.save(state, aside)
    aside.replace(path)
