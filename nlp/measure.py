"""Which mode of the engine is fastest on this machine: measured, since processors differ more than anyone believes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlp import artifact
from nlp.engine import FP32, MODES
from nlp.model import engine_of

if TYPE_CHECKING:
    from pathlib import Path

TEXTS, PIECES = 32, 48  # of the length of a usual complaint
ROUNDS = 5  # the modes take turns, so that whatever else the machine does meets them all
WORTH = 1.15  # int8 rounds: it must be this much faster to be chosen


def texts_per_second(folder: Path, *, threads: int | None = None) -> dict[str, float]:
    """Mode → texts a second of the encoder alone, the best of ROUNDS; takes seconds. Raises ArtifactError."""
    if threads:
        torch.set_num_threads(threads)
    config, weights = artifact.load_config(folder), artifact.load_weights(folder)
    engines = {mode: engine_of(config, weights, mode) for mode in MODES}
    pieces = np.random.default_rng(0).integers(0, config["encoder"]["vocab_size"], (TEXTS, PIECES)).tolist()
    took: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(ROUNDS + 1):  # the first warms up
        for mode, engine in engines.items():
            begun = time.perf_counter()
            engine.states(pieces)
            took[mode].append(time.perf_counter() - begun)
    return {mode: TEXTS / min(times[1:]) for mode, times in took.items()}


def choose(speeds: dict[str, float]) -> str:
    """The fastest mode, or the exact one where nothing is clearly faster."""
    best = max(speeds, key=lambda mode: speeds[mode])
    return best if speeds[best] >= WORTH * speeds[FP32] else FP32
