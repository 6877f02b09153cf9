"""A bank's own loop: learn from corrected labels, forget nothing, and refuse what would make things worse.

The model in use learns on from the corrections and, so that it forgets nothing, from the shipped samples. Its
temperatures, thresholds and n-gram part stay: a few corrections are no ground to move them. The new model is kept
only if the development fold of the samples, which neither of them learnt from, is read as well as before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import nlp
from nlp import artifact
from nlp.heads import HEADS
from nlp.model import wide_of
from training import finetune, loop, wide
from training.calibrate import Calibration
from training.corpus import split
from training.export import Target, store
from training.items import items
from training.measures import measure
from training.peers.ours import answers
from training.stored import network_of, reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.corpus import Example
    from training.figures import Floats

TOLERANCE = 0.01  # of a figure; a smaller loss is none
SURE = 0.95  # how sure a loss must be before a model is refused for it
SHARE = 0.25  # of what is read that is corrections, each at most MOST times
MOST = 20
EPOCHS = 2
PACE = loop.Pace(encoder_rate=3e-5, head_rate=3e-4)
_OLD, _NEW = "before", "after"


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
    reader, network = reader_of(start), network_of(start)
    training, _development = split([*_often(corrections, len(samples)), *samples])
    corrected = {row.doc.id for row in corrections}  # by people who read whole calls, not their first window
    # the heads come with their standardisation folded in: nothing may move it
    # and what the samples teach may not go into a shift, which is forgotten
    beside = _beside(config, weights, training)
    rows = [
        replace(item, feedback=False, set=0, beside=told)
        for example, told in zip(training, beside, strict=True)
        for item in items([example], reader, fullest=example.doc.id in corrected)
    ]
    run = work / _digest(config["sha256"], training)  # what was begun with other rows is not gone on with
    finetune.finetune(network, finetune.Mixture(rows, [], None, EPOCHS), None, PACE, run)
    calibrated = {
        name: Calibration(told["temperature"], told["threshold"], told.get("wide", 0.0), 0.0)
        for name, told in config["heads"].items()
    }
    store(
        network,
        wide_of(config, weights),
        reader.tokenizer,
        calibrated,
        target,
    )


def _beside(
    config: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], rows: Sequence[Example]
) -> list[dict[str, list[float]]]:
    """What the n-gram part, which learns nothing here, adds to each row's logits: it would outvote a correction."""
    part = wide_of(config, weights)
    margins = wide.margins(part, [row.doc for row in rows])
    shares = {head: config["heads"][head].get("wide", 0.0) for head in HEADS}
    return [{head: (share * told[part.columns[head]]).tolist() for head, share in shares.items()} for told in margins]


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
