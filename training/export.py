"""From a trained network to the folder that ships: weights in int8, temperatures and thresholds from the fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp import artifact
from nlp.heads import HEADS
from nlp.model import DEMAND, encoder_of, heads_of, wide_of
from nlp.segment import Segmenter
from nlp.taxonomy import values
from training.calibrate import Calibration, calibrate
from training.corpus import speaks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from nlp.wide import Wide
    from training.corpus import Example
    from training.network import Network

    Floats = NDArray[np.float32]

UNCALIBRATED = Calibration(temperature=1.0, threshold=0.5, wide=0.0, offset=0.0)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the model goes, and what it is called."""

    folder: Path
    version: str


def export(network: Network, wide: Wide, tokenizer: Tokenizer, development: Sequence[Example], target: Target) -> None:
    """Write the model uncalibrated, read the fold with it as it will run, write it again calibrated.

    All this aside, so that a killed export leaves no model in `target` but one that was there before.
    """
    aside = Target(target.folder / "part", target.version)
    store(network, wide, tokenizer, dict.fromkeys((*HEADS, DEMAND), UNCALIBRATED), aside)
    development = list(filter(speaks, development))
    deep, margins = logits_of(aside.folder, development)
    calibrated = {name: calibrate(name, logits, margins.get(name), development) for name, logits in deep.items()}
    store(network, wide, tokenizer, calibrated, aside)
    for name in (artifact.WEIGHTS, artifact.TOKENIZER, artifact.CONFIG):  # the last, with their sums, makes it a model
        (aside.folder / name).replace(target.folder / name)
    aside.folder.rmdir()


def store(
    network: Network, wide: Wide, tokenizer: Tokenizer, calibrated: Mapping[str, Calibration], target: Target
) -> None:
    """Write the model folder."""
    weights = {name: value.detach().numpy() for name, value in network.weights().items()}
    weights |= {"wide.idf": wide.idf, "wide.weight": wide.weight, "wide.bias": wide.bias}
    heads: dict[str, dict[str, Any]] = {name: calibrated[name].as_config() for name in (*HEADS, DEMAND)}
    for name in HEADS:
        heads[name]["values"] = list(values(name))
    for name in heads:
        weights[f"head.{name}.bias"] = weights[f"head.{name}.bias"] + np.float32(calibrated[name].offset)
    config = {
        "version": target.version,
        "encoder": _encoder_config(network),
        "heads": heads,
        "signals": wide.signals.phrases,
    }
    artifact.save(target.folder, weights, config, tokenizer.to_str())


def logits_of(folder: Path, examples: Sequence[Example]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Raw logits of every head and margins of the wide part, read as in production: head → (N, C) each."""
    config, weights = artifact.load_config(folder), artifact.load_weights(folder)
    encoder, heads, wide = encoder_of(folder), heads_of(config, weights), wide_of(config, weights)
    deep: dict[str, list[Floats]] = {name: [] for name in heads}
    margins: dict[str, list[Floats]] = {name: [] for name in HEADS}
    segmenter = Segmenter()
    for example in examples:
        doc = example.doc
        doc.words = segmenter.predict([doc])[0]
        encoding, grams = encoder.predict([doc])[0], wide.read(doc)
        for name, head in heads.items():
            deep[name].append(head.contributions(encoding.states[encoding.judged]).sum(axis=0) + head.bias)
        for name in HEADS:
            margins[name].append(wide.contributions(grams, name).sum(axis=0) + wide.bias[wide.columns[name]])
    return {name: np.stack(rows) for name, rows in deep.items()}, {
        name: np.stack(rows) for name, rows in margins.items()
    }


def _encoder_config(network: Network) -> dict[str, Any]:
    names = (
        "vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size max_position_embeddings "
        "type_vocab_size layer_norm_eps pad_token_id"
    )
    return {name: getattr(network.encoder.config, name) for name in names.split()}
