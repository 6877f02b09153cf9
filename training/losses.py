"""What the network is asked to get right: the known labels of a batch, and the teacher's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from nlp.heads import CHOICE_HEADS, RISK
from nlp.model import DEMAND
from nlp.taxonomy import values
from training.items import IGNORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.items import Item
    from training.network import Output

SMOOTHING = 0.05
ADJUST = 0.5  # logit adjustment for rare classes (Menon et al. 2021): strength of the log prior
RISK_WEIGHT = 4.0  # eight rare flags weigh as much as a head
SPAN_WEIGHT = 0.5
STATES_WEIGHT = 4.0  # of the error as a share of the states' variance
SOFTEN = 2.0  # temperature of the teacher's answers (Hinton et al. 2015)


class Known:
    """The losses of what is known of each row; what is unknown is passed over."""

    def __init__(self, rows: Sequence[Item]) -> None:
        """`rows` tell how frequent each class is."""
        self.prior = {}
        for head in CHOICE_HEADS:
            counts = (
                np.bincount([row.gold[head] for row in rows if head in row.gold], minlength=len(values(head))) + 1.0
            )
            self.prior[head] = torch.tensor(ADJUST * np.log(counts / counts.sum()), dtype=torch.float32)

    def __call__(self, output: Output, rows: Sequence[Item]) -> dict[str, Tensor]:
        """Named scalars, only for what at least one row knows."""
        answer = {}
        sets = [row.set for row in rows]
        for head in CHOICE_HEADS:
            target = torch.tensor([row.gold.get(head, IGNORED) for row in rows])
            if (target != IGNORED).any():
                logits = output.logits[head] + output.shifts[head][sets] + _beside(rows, head) + self.prior[head]
                answer[head] = nn.functional.cross_entropy(logits, target, label_smoothing=SMOOTHING)
        answer |= _risks(output, rows) | _demand(output, rows) | _satisfied(output, rows) | _tags(output, rows)
        return answer


def _beside(rows: Sequence[Item], head: str) -> Tensor:
    """(B, C), 0 where nothing stands beside the network."""
    nothing = [0.0] * len(values(head))
    return torch.tensor([row.beside.get(head, nothing) for row in rows])


def _risks(output: Output, rows: Sequence[Item]) -> dict[str, Tensor]:
    known = [at for at, row in enumerate(rows) if row.risks is not None]
    if not known:
        return {}
    target = torch.tensor([rows[at].risks for at in known], dtype=torch.float32)
    logits = output.logits[RISK] + output.shifts[RISK][[row.set for row in rows]] + _beside(rows, RISK)
    loss = nn.functional.binary_cross_entropy_with_logits(logits[known], target)
    return {RISK: RISK_WEIGHT * loss}


def _demand(output: Output, rows: Sequence[Item]) -> dict[str, Tensor]:
    known = [at for at, row in enumerate(rows) if row.demand is not None]
    if not known:
        return {}
    has = torch.tensor([float(bool(rows[at].demand)) for at in known])
    answer = {DEMAND: nn.functional.binary_cross_entropy_with_logits(output.logits[DEMAND][known, 0], has)}
    if has.any():
        sides = [
            nn.functional.cross_entropy(
                scores, torch.tensor([row.demand[side] if row.demand else IGNORED for row in rows])
            )
            for side, scores in enumerate((output.start, output.end))
        ]
        answer["span"] = SPAN_WEIGHT * (sides[0] + sides[1])
    return answer


def _satisfied(output: Output, rows: Sequence[Item]) -> dict[str, Tensor]:
    """A review's sign: the chance of the positive steps against that of the negative ones."""
    known = [at for at, row in enumerate(rows) if row.satisfied is not None]
    if not known:
        return {}
    signs = torch.tensor([int(name) for name in values("sentiment")])
    logits = output.logits["sentiment"][known]
    margin = logits[:, signs > 0].logsumexp(1) - logits[:, signs < 0].logsumexp(1)
    target = torch.tensor([float(bool(rows[at].satisfied)) for at in known])
    return {"satisfied": nn.functional.binary_cross_entropy_with_logits(margin, target)}


def _tags(output: Output, rows: Sequence[Item]) -> dict[str, Tensor]:
    known = [at for at, row in enumerate(rows) if row.tags is not None]
    if not known:
        return {}
    target = nn.utils.rnn.pad_sequence(
        [torch.tensor(rows[at].tags) for at in known], batch_first=True, padding_value=IGNORED
    )
    scores = output.tags[known][:, : target.shape[1]]
    return {"tags": nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=IGNORED)}


def imitate(mine: Output, teacher: Output, present: Tensor, judged: Tensor) -> Mapping[str, Tensor]:
    """The distance to the teacher: states of all pieces, softened answers of all heads, spans and tags."""
    told = teacher.states[present]
    answer = {"states": STATES_WEIGHT * nn.functional.mse_loss(mine.states[present], told) / told.var()}
    for head in CHOICE_HEADS:
        answer[f"{head}~"] = _divergence(mine.logits[head], teacher.logits[head])
    for head in (RISK, DEMAND):
        chance = (teacher.logits[head] / SOFTEN).sigmoid()
        loss = nn.functional.binary_cross_entropy_with_logits(mine.logits[head] / SOFTEN, chance)
        answer[f"{head}~"] = RISK_WEIGHT * loss if head == RISK else loss
    sides = [
        _divergence(own[at][None, inside], told[at][None, inside])
        for own, told in ((mine.start, teacher.start), (mine.end, teacher.end))
        for at, inside in enumerate(judged)
    ]
    answer["span~"] = SPAN_WEIGHT * torch.stack(sides).mean()
    answer["tags~"] = _divergence(mine.tags[present], teacher.tags[present])
    return answer


def _divergence(mine: Tensor, teacher: Tensor) -> Tensor:
    """Kullback–Leibler divergence of softened answers, scaled back: (N, C) twice → a scalar."""
    told = (teacher / SOFTEN).log_softmax(-1)
    loss = nn.functional.kl_div((mine / SOFTEN).log_softmax(-1), told, reduction="batchmean", log_target=True)
    return SOFTEN**2 * loss
