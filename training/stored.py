"""A finished model folder as a network again, to learn on from (correct.py) or to teach a student."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import BertConfig, BertModel

from nlp import artifact
from nlp.encoder import Reader
from nlp.heads import HEADS
from nlp.model import DEMAND
from training.items import batches, collate
from training.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.items import Item

BATCHES = 100  # as many as the running figures take in alike
_STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def reader_of(folder: Path) -> Reader:
    """Reads texts as the model was taught to. Raises ArtifactError."""
    artifact.load_config(folder)  # which tells whether the folder is a whole model
    return Reader(Tokenizer.from_file(str(folder / artifact.TOKENIZER)))


def network_of(folder: Path) -> Network:
    """The network with its standardisation folded into the heads' weights, as it was stored. Raises ArtifactError."""
    config = BertConfig.from_dict({**artifact.load_config(folder)["encoder"], **_STILL})
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")  # see base.load
    network = Network(encoder)
    weights = {name: torch.from_numpy(value) for name, value in artifact.load_weights(folder).items()}
    state = dict(network.state_dict())
    for name in (*HEADS, DEMAND):
        weight = weights[f"head.{name}.weight"]
        state[f"query.{name}"] = weights[f"head.{name}.query"].expand(len(weight), -1)  # older models have one for all
        state[f"linear.{name}.weight"] = weight
        state[f"linear.{name}.bias"] = weights[f"head.{name}.bias"]
    inside = [name for name in weights if name.startswith(("encoder.", "pointer.", "tags."))]
    network.load_state_dict(state | {name: weights[name] for name in inside})
    return network


@torch.no_grad()
def unfold(network: Network, rows: Sequence[Item]) -> None:
    """Give the heads their running figures back, told from `rows`; what the network answers stays the same."""
    network.train()
    for numbers in batches([len(row.ids) for row in rows], seed=0)[:BATCHES]:
        network(*collate([rows[number] for number in numbers]))
    mean, deviation = network.standard.mean, network.standard.deviation
    for name, query in network.query.items():
        linear = cast("nn.Linear", network.linear[name])
        linear.bias.add_(linear.weight @ mean.repeat(2))
        linear.weight.mul_(deviation.repeat(2))
        query.mul_(deviation)
