"""From a model folder to a pipeline, and from a trained network's parameters to a model folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer

from nlp import artifact
from nlp.demand import DemandFinder, Pointer
from nlp.encoder import Encoder
from nlp.engine import FP32, Engine
from nlp.heads import HEADS, Head, Judge
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.personal import PersonalFinder
from nlp.pipeline import Pipeline
from nlp.segment import Segmenter
from nlp.signals import Signals
from nlp.taxonomy import values
from nlp.wide import Wide, layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

DEMAND = "demand"
_INSIDE = "encoder."


def encoder_of(folder: Path, mode: str = FP32) -> Encoder:
    """The encoder stage alone. Raises ArtifactError."""
    return _encoder(folder, artifact.load_config(folder), artifact.load_weights(folder), mode)


def load_pipeline(folder: Path, *, threads: int | None = None, mode: str = FP32) -> Pipeline:
    """See `nlp.load`."""
    if threads:
        torch.set_num_threads(threads)
    config = artifact.load_config(folder)
    weights = artifact.load_weights(folder)
    for name in HEADS:
        if config["heads"][name]["values"] != list(values(name)):
            raise artifact.ArtifactError(f"the model's labels for {name} are not those of data/taxonomy")
    heads = heads_of(config, weights)
    encoder = _encoder(folder, config, weights, mode)
    return Pipeline(
        [
            Normalizer(),
            Masker(),
            Segmenter(),
            encoder,
            Judge(heads, wide_of(config, weights), encoder.version),
            DemandFinder(heads[DEMAND], Pointer(weights["pointer.weight"]), encoder.version),
            PersonalFinder(weights["tags.weight"], weights["tags.bias"], encoder.version),
        ]
    )


def heads_of(config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]) -> dict[str, Head]:
    """The label heads and the demand head, calibrated as the configuration says."""
    return {
        name: Head(
            name,
            np.atleast_2d(weights[f"head.{name}.query"]),  # models older than hs4 have one for all labels
            weights[f"head.{name}.weight"],
            weights[f"head.{name}.bias"],
            told["temperature"],
            told["threshold"],
            told.get("wide", 0.0),
        )
        for name, told in config["heads"].items()
    }


def wide_of(config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]) -> Wide:
    """The wide part, as it was fitted."""
    columns = layout({name: len(config["heads"][name]["values"]) for name in HEADS})
    signals = Signals(config.get("signals", {}))
    return Wide(weights["wide.idf"], weights["wide.weight"], weights["wide.bias"], columns, signals)


def engine_of(config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], mode: str) -> Engine:
    """The encoder's forward pass. ValueError for an unknown mode."""
    inside = {name.removeprefix(_INSIDE): value for name, value in weights.items() if name.startswith(_INSIDE)}
    return Engine(inside, config["encoder"], mode)


def _encoder(folder: Path, config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], mode: str) -> Encoder:
    """The mode is part of the version: results of another one may differ by what it rounds."""
    version = config["version"] if mode == FP32 else f"{config['version']}.{mode}"
    tokenizer = Tokenizer.from_file(str(folder / artifact.TOKENIZER))
    return Encoder(tokenizer, engine_of(config, weights, mode), version)
