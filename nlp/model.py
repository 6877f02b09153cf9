"""From a model folder to a pipeline, and from a trained network's parameters to a model folder."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from nlp import artifact
from nlp.demand import DemandFinder, Pointer
from nlp.encoder import Encoder
from nlp.heads import HEADS, Head, Judge
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.pipeline import Pipeline
from nlp.segment import Segmenter
from nlp.taxonomy import values
from nlp.wide import Wide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

DEMAND = "demand"


def encoder_of(folder: Path) -> Encoder:
    """The encoder stage alone. Raises ArtifactError."""
    config = artifact.load_config(folder)
    return _encoder(folder, config, artifact.load_weights(folder))


def load_pipeline(folder: Path, *, threads: int | None = None) -> Pipeline:
    """See `nlp.load`."""
    if threads:
        torch.set_num_threads(threads)
    config = artifact.load_config(folder)
    weights = artifact.load_weights(folder)
    for name in HEADS:
        if config["heads"][name]["values"] != list(values(name)):
            raise artifact.ArtifactError(f"the model's labels for {name} are not those of data/taxonomy")
    heads = heads_of(config, weights)
    version = config["version"]
    return Pipeline(
        [
            Normalizer(),
            Masker(),
            Segmenter(),
            _encoder(folder, config, weights),
            Judge(heads, wide_of(config, weights), version),
            DemandFinder(heads[DEMAND], Pointer(weights["pointer.weight"]), version),
        ]
    )


def heads_of(config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]) -> dict[str, Head]:
    """The label heads and the demand head, calibrated as the configuration says."""
    return {
        name: Head(
            name,
            weights[f"head.{name}.query"],
            weights[f"head.{name}.weight"],
            weights[f"head.{name}.bias"],
            told["temperature"],
            told["threshold"],
            told.get("wide", 0.0),
        )
        for name, told in config["heads"].items()
    }


def wide_of(config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]) -> Wide:
    """The wide part; its columns are the label heads' values, head after head."""
    ends = dict(zip(HEADS, accumulate(len(config["heads"][name]["values"]) for name in HEADS), strict=True))
    columns = {name: slice(end - len(config["heads"][name]["values"]), end) for name, end in ends.items()}
    return Wide(weights["wide.idf"], weights["wide.weight"], weights["wide.bias"], columns)


def _encoder(folder: Path, config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]]) -> Encoder:
    prefix = "encoder."
    with torch.device("meta"):  # no time is spent on random weights that are replaced at once
        model = BertModel(BertConfig(**config["encoder"]), add_pooling_layer=False)
    state = {name.removeprefix(prefix): torch.from_numpy(value) for name, value in weights.items() if prefix in name}
    model.load_state_dict(state, assign=True)
    positions = torch.arange(model.config.max_position_embeddings)[None]  # these two buffers are not stored
    model.embeddings.position_ids = torch.nn.Buffer(positions, persistent=False)
    model.embeddings.token_type_ids = torch.nn.Buffer(torch.zeros_like(positions), persistent=False)
    return Encoder(Tokenizer.from_file(str(folder / artifact.TOKENIZER)), model, config["version"])
