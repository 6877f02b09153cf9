"""Which mode of the engine is fastest on this machine: measured, since processors differ more than anyone believes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlp import MODES, artifact
from nlp.engine import FP32
from nlp.model import engine_of

if TYPE_CHECKING:
    from pathlib import Path

    from nlp.engine import Engine

TEXTS, PIECES = 32, 48  # of the length of a usual complaint
ROUNDS = 5  # the modes take turns, so that whatever else the machine does meets them all
FEW = 2  # texts that warm a mode up
HOPELESS = 4  # times as slow as the best from which a mode is not timed further: some take minutes on some processors
SLOW = 1.0  # seconds for FEW texts from which a mode is not asked again
WORTH = 1.15  # a mode that rounds more must be this much faster to be chosen


def texts_per_second(folder: Path, *, threads: int | None = None) -> dict[str, float]:
    """Mode → texts a second of the encoder alone, the best of ROUNDS; takes seconds. Raises ArtifactError."""
    if threads:
        torch.set_num_threads(threads)
    config, weights = artifact.load_config(folder), artifact.load_weights(folder)
    engines = {mode: engine_of(config, weights, mode) for mode in MODES}
    pieces = np.random.default_rng(0).integers(0, config["encoder"]["vocab_size"], (TEXTS, PIECES)).tolist()
    few = pieces[:: TEXTS // FEW]
    first = {mode: _warm(engine, few) for mode, engine in engines.items()}
    worth = [mode for mode in MODES if first[mode] <= HOPELESS * min(first.values())]
    took: dict[str, list[float]] = {mode: [] for mode in worth}
    for _ in range(ROUNDS):
        for mode, times in took.items():
            times.append(_seconds(engines[mode], pieces))
    told = {mode: FEW / seconds for mode, seconds in first.items()}
    return told | {mode: TEXTS / min(times) for mode, times in took.items()}


def _warm(engine: Engine, pieces: list[list[int]]) -> float:
    """Seconds of the better of two passes; of the first where that alone took too long."""
    first = _seconds(engine, pieces)
    return first if first > SLOW else min(first, _seconds(engine, pieces))


def _seconds(engine: Engine, pieces: list[list[int]]) -> float:
    begun = time.perf_counter()
    engine.states(pieces)
    return time.perf_counter() - begun


def choose(speeds: dict[str, float]) -> str:
    """The fastest mode, or a more exact one where it is not clearly faster."""
    best = FP32
    for mode in MODES:
        if speeds[mode] >= WORTH * speeds[best]:
            best = mode
    return best
