"""A bank's own loop: learn from corrected labels, forget nothing, and refuse what would make things worse.

The model in use learns on from the corrections and, so that it forgets nothing, from the shipped samples. Its
temperatures, thresholds and n-gram part stay: a few corrections are no ground to move them. The new model is kept
only if the development fold of the samples, which neither of them learnt from, is read as well as before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

import nlp
from nlp import artifact
from nlp.encoder import Reader
from nlp.heads import HEADS
from nlp.model import DEMAND, wide_of
from training import finetune, loop
from training.calibrate import Calibration
from training.corpus import split
from training.export import Target, store
from training.items import items
from training.measures import measure
from training.network import Network
from training.peers.ours import answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.corpus import Example
    from training.figures import Floats

TOLERANCE = 0.01  # of a figure; a smaller loss is none
SURE = 0.95  # how sure a loss must be before a model is refused for it
SHARE = 0.25  # of what is read that is corrections, each at most MOST times
MOST = 20
EPOCHS = 2
PACE = loop.Pace(encoder_rate=3e-5, head_rate=3e-4)
_OLD, _NEW = "before", "after"
_STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@dataclass(frozen=True, slots=True)
class Change:
    """One figure on the regression set. gain: the figure's vector (training.figures) of after less before."""

    head: str
    before: float
    after: float
    gain: Floats

    @property
    def worse(self) -> bool:
        """True where more than TOLERANCE was lost, and surely: SURE of the paired resamples lose too."""
        return bool(self.gain[0] < -TOLERANCE and np.quantile(self.gain[1:], SURE) < 0)


def correct(
    start: Path, corrections: Sequence[Example], samples: Sequence[Example], target: Target, work: Path
) -> None:
    """Write to `target` what the model in `start` becomes when it learns from the corrections as well."""
    config, weights = artifact.load_config(start), artifact.load_weights(start)
    before = config.get("before", "")
    reader = Reader(Tokenizer.from_file(str(start / artifact.TOKENIZER)), before)
    network = Network(BertModel(BertConfig.from_dict({**config["encoder"], **_STILL}), add_pooling_layer=False))
    network.load_state_dict(_state(network, {name: torch.from_numpy(value) for name, value in weights.items()}))
    training, _development = split([*_often(corrections, len(samples)), *samples])
    # the heads come with their standardisation folded in: nothing may move it
    rows = [replace(item, feedback=False) for item in items(training, reader)]
    run = work / _digest(config["sha256"], training)  # what was begun with other rows is not gone on with
    finetune.finetune(network, finetune.Mixture(rows, [], None, EPOCHS), None, PACE, run)
    calibrated = {
        name: Calibration(told["temperature"], told["threshold"], told.get("wide", 0.0), 0.0)
        for name, told in config["heads"].items()
    }
    store(network, wide_of(config, weights), reader.tokenizer, calibrated, replace(target, before=before))


def compare(start: Path, new: Path, samples: Sequence[Example]) -> list[Change]:
    """Both models on the development fold of the samples, figure by figure."""
    _training, development = split(samples)
    told = {
        name: answers(list(nlp.load(folder).run([example.doc for example in development])))
        for name, folder in ((_OLD, start), (_NEW, new))
    }
    return [
        Change(
            one.head,
            float(one.values[_OLD][0]),
            float(one.values[_NEW][0]),
            one.better * (one.values[_NEW] - one.values[_OLD]),
        )
        for one in measure(development, told)
    ]


def _often(corrections: Sequence[Example], samples: int) -> list[Example]:
    """A few corrections among thousands of samples would hardly be heard."""
    wanted = samples * SHARE / (1 - SHARE) / max(1, len(corrections))
    return [*corrections] * max(1, min(MOST, round(wanted)))


def _digest(start: object, rows: Sequence[Example]) -> str:
    """Twelve hex digits of the model to begin with and of every row with its labels."""
    told = [str(start), *(f"{row.key} {sorted(row.gold.items())} {row.risks} {row.demand}" for row in rows)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def _state(network: Network, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The stored weights under the names of the network; what it has beside them stays as it is."""
    state = dict(network.state_dict())
    for name in (*HEADS, DEMAND):
        state[f"query.{name}"] = weights[f"head.{name}.query"]
        state[f"linear.{name}.weight"] = weights[f"head.{name}.weight"]
        state[f"linear.{name}.bias"] = weights[f"head.{name}.bias"]
    inside = [name for name in weights if name.startswith(("encoder.", "pointer.", "tags."))]
    return state | {name: weights[name] for name in inside}
