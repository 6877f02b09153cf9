"""What an evaluation says: tables for people, the same as values for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nlp import artifact
from nlp.heads import CHOICE_HEADS, RISK
from nlp.taxonomy import values
from training import corpus, figures
from training.figures import Figure
from training.peers.systems import OURS
from training.peers.told import SIGN
from training.rows import gold
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from training.evaluate import Judgement
    from training.measures import Measured
    from training.peers.told import Told

    Section = Callable[[Judgement], Table]


def heads(judgement: Judgement) -> Table:
    """Every system on every head it answers."""
    columns = ("head", "figure", "n", "system", "value", "low", "high", "accuracy", "precision accepted", "coverage")
    rows: list[tuple[object, ...]] = []
    for one in judgement.measured:
        for name, resampled in one.values.items():
            told = Figure.of(resampled)
            shares = one.shares.get(name, (None, None, None))
            rows.append((one.head, one.figure, len(one.rows), name, told.value, told.low, told.high, *shares))
    note = (
        f"Macro-F1 over the classes with at least {figures.LEAST} rows; 95 % intervals from {figures.RESAMPLES} "
        "resamples of the rows. A feedback that a system cannot read counts as wrong, in our score as neutral. On the "
        "development fold our temperatures, thresholds and the weight of the n-gram part were fitted too, which "
        "flatters us slightly."
    )
    return Table("Heads", columns, rows, note)


def against(judgement: Judgement) -> Table:
    """Ours less the best peer of each head, on the same resamples."""
    columns = ("head", "figure", "ours", "best peer", "peer", "difference", "low", "high")
    rows: list[tuple[object, ...]] = []
    for one in judgement.measured:
        peers = {name: one.better * float(vector[0]) for name, vector in one.values.items() if name != OURS}
        if peers and OURS in one.values:
            best = max(peers, key=lambda name: peers[name])
            apart = Figure.of(one.values[OURS] - one.values[best])
            pair = (float(one.values[OURS][0]), best, float(one.values[best][0]))
            rows.append((one.head, one.figure, *pair, apart.value, apart.low, apart.high))
    return Table(
        "Ours less the best peer", columns, rows, "Paired bootstrap; of the mean absolute error less is better."
    )


def hard(judgement: Judgement) -> Table:
    """Texts whose words mislead (negation, sarcasm …), a row per kind and system: shares that were read right."""
    columns = ("kind", "n", "system", *HARD_HEADS)
    rows: list[tuple[object, ...]] = []
    for kind, ids in corpus.hard().items():
        found = [at for at, example in enumerate(judgement.examples) if example.doc.id in ids]
        for name, told in judgement.told.items() if found else ():
            shares = [_right(judgement, told, head, found) for head in HARD_HEADS]
            if any(share is not None for share in shares):
                rows.append((kind, len(found), name, *shares))
    return Table("Hard texts", columns, rows, "Authored rows picked by hand; no training saw them.")


def _right(judgement: Judgement, told: Told, head: str, numbers: list[int]) -> float | None:
    if head not in told.choice:
        return None
    return float(np.mean([told.choice[head][at] == gold(judgement.examples[at], head) for at in numbers]))


def systems(judgement: Judgement) -> Table:
    """What each system cost, or why it is missing."""
    count = len(judgement.examples)
    rows: list[tuple[object, ...]] = [
        (name, count / run.seconds if run.told else None, run.memory if run.told else None, _remark(run.told, run.why))
        for name, run in judgement.runs.items()
    ]
    note = "Each alone in a process of its own; memory is what was resident after reading, the interpreter included."
    return Table("Systems", ("system", "texts per second", "MiB", "remark"), rows, note)


def classes(judgement: Judgement) -> Table:
    """Every class of every head, every system."""
    columns = ("head", "class", "n", "system", "precision", "recall", "F1")
    rows = [row for one in judgement.measured for row in _classes(judgement, one)]
    return Table("Classes", columns, rows)


def _classes(judgement: Judgement, one: Measured) -> Iterator[tuple[object, ...]]:
    if one.head not in {*CHOICE_HEADS, RISK}:
        return
    right = [judgement.examples[at] for at in one.rows]
    for at, label in enumerate(values(one.head)):
        for name in one.values:
            told = judgement.told[name]
            if one.head == RISK:
                gold = np.array([example.risks[at] if example.risks else 0 for example in right], dtype=int)
                mine = np.array(told.risks, dtype=int)[one.rows, at]
            else:
                gold = np.array([example.gold[one.head] == at for example in right], dtype=int)
                mine = (np.array(told.choice[one.head])[one.rows] == at).astype(int)
            found = figures.per_class(gold, mine)
            yield one.head, label, found.rows, name, found.precision, found.recall, found.f1


HARD_HEADS = ("intent", SIGN, "sentiment")
SECTIONS: tuple[Section, ...] = (heads, against, hard, systems)  # printed; all of them and the classes go into the file


def as_json(judgement: Judgement, told: list[Table], bad: list[str]) -> dict[str, Any]:
    """The whole report: figures and names, no texts."""
    return {
        "model": artifact.load_config(judgement.model)["version"],
        "rows": len(judgement.examples),
        "bad lines": bad,
        "tables": [table.json() for table in told],
    }


def _remark(told: object, why: str) -> str:
    return str(getattr(told, "note", "")) if told else f"did not run: {why}"
