"""What turns a head's raw answer into a probability that can be trusted, fitted on the development fold.

A head's logits are (deep + wide × margin + offset) / temperature. The few numbers are fitted by likelihood
(Guo et al. 2017, temperature scaling; the weight of the wide part is fitted with it); thresholds by precision
for heads with one answer, by F1 for those with several, and so is the weight of the wide part for risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from nlp.heads import CHOICE_HEADS, RISK, sigmoid, softmax
from nlp.metrics import f1_at, threshold_for_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.corpus import Example

    Floats = NDArray[np.float32]

PRECISION = 0.90  # what accepted labels should reach on the development fold
LEAST_COVERAGE = 0.60  # below this share of accepted texts a head would be of no use
GRID = np.arange(0.1, 0.91, 0.02)  # thresholds that are tried where any number of answers may be given
RISK_WEIGHTS = (1, 2, 3, 5, 7)  # of the wide part; by likelihood rare flags would hardly have a say in it
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one head; `offset` is added to its bias, the rest is stored with the model."""

    temperature: float
    threshold: float
    wide: float
    offset: float

    def as_config(self) -> dict[str, object]:
        """What nlp.model reads back."""
        return {"temperature": self.temperature, "threshold": self.threshold, "wide": self.wide}


def calibrate(name: str, deep: Floats, margins: Floats | None, examples: Sequence[Example]) -> Calibration:
    """Fit one head. deep: (N, C) logits; margins: (N, C) of the wide part, None where it has no say (demand).

    Rows that do not know the head are left out.
    """
    known = [at for at, example in enumerate(examples) if example.knows(name)]
    deep, examples = deep[known], [examples[at] for at in known]
    wide = np.zeros_like(deep) if margins is None else margins[known]
    one_answer = name in CHOICE_HEADS
    if one_answer:
        gold = np.array([example.gold[name] for example in examples])
    else:
        gold = np.array([example.risks if name == RISK else (int(example.demand is not None),) for example in examples])

    def scores(told: Floats) -> Floats:
        log_temperature, weight, offset = told
        logits = (deep + weight * wide + offset) / np.exp(log_temperature)
        return softmax(logits) if one_answer else sigmoid(logits)

    def loss(told: Floats) -> float:
        chance = scores(told)
        right = chance[np.arange(len(gold)), gold] if one_answer else np.where(gold, chance, 1 - chance)
        return float(-np.log(right + _TINY).mean())

    start = np.array([0.0, 1.0 if margins is not None else 0.0, 0.0])
    fitted = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 400}).x
    if name == RISK and margins is not None:
        fitted = max(
            (_with_weight(weight, loss) for weight in RISK_WEIGHTS), key=lambda told: _best_f1(scores(told), gold)
        )
    chance = scores(fitted)
    if one_answer:
        threshold = threshold_for_precision(
            chance.max(axis=1), chance.argmax(axis=1) == gold, PRECISION, LEAST_COVERAGE
        )
    else:
        threshold = float(GRID[np.argmax([f1_at(chance, gold, at) for at in GRID])])
    temperature, weight = float(np.exp(fitted[0])), 0.0 if margins is None else float(fitted[1])
    return Calibration(temperature, threshold, weight, 0.0 if one_answer else float(fitted[2]))


def _with_weight(weight: float, loss: Callable[[Floats], float]) -> Floats:
    """Log temperature, this weight, and offset, the two others by likelihood."""

    def rest(told: Floats) -> float:
        return loss(np.array([told[0], weight, told[1]]))

    temperature, offset = minimize(rest, np.array([0.0, float(weight)]), method="Nelder-Mead").x
    return np.array([temperature, weight, offset])


def _best_f1(chance: Floats, gold: NDArray[np.int_]) -> float:
    return max(f1_at(chance, gold, at) for at in GRID)
