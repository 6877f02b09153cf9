"""How far two readers agree on the development fold, and how the model does against each of them and both.

The labels of the fold were read once. `data/labels/fold.jsonl` holds a second reading of the same texts, by the same
guide and without sight of the first but for a few texts that were shown as examples (the form is that of
training/join.py). Where two careful readers differ no model can be right for both: what they reach against each other
is as far as a figure of the fold can be trusted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nlp.doc import Span
from nlp.heads import CHOICE_HEADS, RISK
from nlp.model import DEMAND
from nlp.taxonomy import values
from training.figures import Figure
from training.measures import SCORE, measure
from training.peers.systems import OURS
from training.peers.told import POLE, SIGN, Told
from training.rows import gold
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.corpus import Example
    from training.measures import Measured

READER = "second reader"


def table(first: Sequence[Example], second: Mapping[str, dict[str, Any]], ours: Told) -> Table:
    """`first`: rows with the first reading; `second`: key → labels for each of them; `ours`: the model's answers."""
    again = [_reread(row, second[row.key]) for row in first]
    agreed = [_agreed(*pair) for pair in zip(first, again, strict=True)]
    against_first = measure(first, {READER: _told(again), OURS: ours})
    against_second = {one.head: one for one in measure(again, {OURS: ours})}
    against_both = {one.head: one for one in measure(agreed, {OURS: ours})}
    against_both |= {one.head: one for one in measure(_of_one_sign(first, again), {OURS: ours}) if one.head == SIGN}
    rows: list[tuple[object, ...]] = []
    for one in against_first:
        if one.head not in {POLE, SCORE}:
            both = against_both.get(one.head)
            columns = [_figure(one, READER), _figure(one, OURS), _figure(against_second[one.head], OURS)]
            told = (len(both.rows), _figure(both, OURS)) if both else (0, None)
            rows.append((one.head, one.figure, len(one.rows), *columns, *told))
    note = "Intervals from 1000 resamples. The last columns: rows whose label (for risk: all flags) both readers gave."
    columns_ = ("head", "figure", "n", "second by first", "ours by first", "ours by second", "n agreed", "ours")
    return Table("Two readers and the model", columns_, rows, note)


def _reread(row: Example, labels: dict[str, Any]) -> Example:
    given = {head: values(head).index(str(labels[head])) for head in CHOICE_HEADS if head in labels}
    span = labels[DEMAND]
    risks = tuple(int(name in labels[RISK]) for name in values(RISK))
    return replace(row, gold=given, risks=risks, demand=Span(0, *span) if span else None)


def _agreed(first: Example, again: Example) -> Example:
    """The row with only those labels that both readings hold; a demand is seldom cut alike and is left out."""
    both = {head: label for head, label in first.gold.items() if again.gold.get(head) == label}
    return replace(first, gold=both, risks=first.risks if first.risks == again.risks else None, demand_known=False)


def _of_one_sign(first: Sequence[Example], again: Sequence[Example]) -> list[Example]:
    """The first reading, its sentiment known only where both readers give it one sign."""
    rows = []
    for row, other in zip(first, again, strict=True):
        signs = {gold(one, SIGN) for one in (row, other)}
        rows.append(replace(row, gold=row.gold if len(signs) == 1 else {}))
    return rows


def _told(read: Sequence[Example]) -> Told:
    told = Told({head: [gold(row, head) for row in read] for head in (*CHOICE_HEADS, SIGN)})
    told.risks = [list(row.risks or ()) for row in read]
    told.demand = [(row.demand.part, row.demand.start, row.demand.end) if row.demand else None for row in read]
    return told


def _figure(one: Measured, system: str) -> str:
    figure = Figure.of(one.values[system])
    return f"{figure.value:.3f} [{figure.low:.3f}–{figure.high:.3f}]"
