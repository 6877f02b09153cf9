"""Matters: what a text is about, at the grain of one improvement issue, as it was read for this project.

Texts of one matter belong together whatever their channel, style and mood. The embedding learns that from pairs of
them (contrast.py), and is judged on texts of the development fold; one matter in `KEPT_OUT` is compared nowhere, so
that the figures tell of matters that are new to it as well (the label heads read their texts all the same).
`data/labels/matters.jsonl` holds the `id` of a labelled row and its `matter`, a code of `matters.json` there; its first
two letters tell the field, OUTSIDE that it is none.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp.encoder import FRAME, WINDOW, framed
from training import corpus, texts
from training.contrast import Side
from training.figures import Figure, draws, mean
from training.options import MATTERS
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from nlp.encoder import Reader
    from training.corpus import Example
    from training.embedding import Embed

OUTSIDE = "ZZ"
KEPT_OUT = 6  # one matter in so many


def read(path: Path = MATTERS) -> dict[str, str]:
    """Row id → matter, of those that have one. Raises ValueError with file and line; a row has one matter."""
    names = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found: dict[str, str] = {}

    def take(row: dict[str, Any]) -> None:
        if row["matter"] not in names:
            raise ValueError(f"matter is no code of {path.stem}.json")
        if found.setdefault(row["id"], row["matter"]) != row["matter"]:
            raise ValueError("id has another matter above")

    for _ in texts.read_lines(path, take):
        pass
    return {name: matter for name, matter in found.items() if not matter.startswith(OUTSIDE)}


def kept_out(matter: str) -> bool:
    """True for a matter whose texts no training may compare."""
    return texts.part_of(matter, KEPT_OUT) == 0


def learnt(examples: Iterable[Example], matters: Mapping[str, str], reader: Reader) -> list[list[list[Side]]]:
    """Field → matter → its texts, of the training rows `examples`; a matter of a single text teaches nothing."""
    fields: dict[str, dict[str, list[Side]]] = {}
    once = {example.doc.id: example for example in examples}  # rows may be given twice; a text is no pair with itself
    for name, example in once.items():
        matter = matters.get(name)
        if matter and not kept_out(matter) and corpus.speaks(example):
            side = _side(example, reader)
            if any(side.judged):  # else the customer speaks behind the first window
                fields.setdefault(matter[:2], {}).setdefault(matter, []).append(side)
    several = [[sides for sides in found.values() if len(sides) > 1] for found in fields.values()]
    return [found for found in several if found]


def _side(example: Example, reader: Reader) -> Side:
    """The first window, and which of its pieces are the customer's."""
    tokens = reader.tokens(example.doc)
    room = WINDOW - FRAME
    return Side(framed(tokens.ids[:room]), [False, *tokens.judged[:room], False])


def judged(examples: Iterable[Example], matters: Mapping[str, str]) -> list[tuple[str, str]]:
    """(what the customer says, matter) of the development fold, matters of a single text left out."""
    once = {one.doc.id: one for one in examples if one.doc.id in matters and corpus.speaks(one)}
    told = [(_said(example), matters[name]) for name, example in once.items()]
    counts = Counter(matter for _, matter in told)
    return [(said, matter) for said, matter in told if counts[matter] > 1]


def _said(example: Example) -> str:
    doc = example.doc
    return "\n".join(doc.part(part) for part in doc.parts() if doc.judged(part))


def table(told: Sequence[tuple[str, str]], embedders: Mapping[str, Embed]) -> Table:
    """Of how many texts the nearest other one is about the same matter."""
    matters = np.array([matter for _, matter in told])
    new = np.array([kept_out(matter) for matter in matters], dtype=bool)
    rows: list[tuple[object, ...]] = []
    for system, embed in embedders.items():
        vectors = embed([said for said, _ in told])
        likeness = vectors @ vectors.T
        np.fill_diagonal(likeness, -1)
        right = matters[likeness.argmax(axis=1)] == matters
        for name, inside in (("compared in training", ~new), ("compared nowhere", new)):
            if count := int(inside.sum()):
                figure = Figure.of(mean(draws(count), right[inside]))
                rows.append((name, len(set(matters[inside])), count, system, figure.value, figure.low, figure.high))
    return Table(
        "Matters: the nearest other text is about the same",
        ("matters", "of them", "n", "system", "share", "low", "high"),
        rows,
    )
