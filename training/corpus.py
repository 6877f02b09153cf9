"""Labelled rows as docs, and the split that every figure is told on.

Rows are JSON lines with `id`, `labels` and `text` or `turns` (optional `subject`), labels as in the label guide.
The development fold is a fifth of the plain-sample rows (ids R…) and a tenth of the authored ones (A…), chosen by
a hash of the normalised text, so that a text seen twice falls on one side.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlp.doc import CUSTOMER, Doc, Span, Turn
from nlp.heads import CHOICE_HEADS, HEADS
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.taxonomy import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FOLDS = {"R": 5, "A": 10}  # one text in so many is kept for development


@dataclass(frozen=True, slots=True)
class Example:
    """A doc, normalised and masked, with its gold labels: an index per choice head, 0/1 per risk, the demand."""

    doc: Doc
    gold: dict[str, int]
    risks: tuple[int, ...]
    demand: Span | None

    @property
    def key(self) -> str:
        """Hash of the normalised text: equal for texts that differ in form only."""
        text = "\n".join(self.doc.normal[part].text for part in self.doc.parts())
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def development(self) -> bool:
        """True for the fold that no training input may hold."""
        every = _FOLDS.get(self.doc.id[:1])
        return every is not None and int(self.key[:8], 16) % every == 0


def doc_of(row: dict[str, Any]) -> Doc:
    """A row's text or turns as a doc."""
    turns = row.get("turns") or [{"role": CUSTOMER, "text": row["text"]}]
    return Doc(row["id"], tuple(Turn(turn["role"], turn["text"]) for turn in turns), row.get("subject") or "")


def read(paths: Iterable[Path]) -> Iterator[Example]:
    """All labelled rows. Raises ValueError with file and line for a row that does not fit the label list."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    row = json.loads(line)
                    yield _example(doc_of(row), row["labels"])
                except (KeyError, ValueError) as error:
                    raise ValueError(f"{path.name}, line {number}: {type(error).__name__} {error}") from error


def split(examples: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Training and development rows; a training text that also stands in the development fold is dropped."""
    rows = list(examples)
    development = [row for row in rows if row.development]
    held = {row.key for row in development}
    return [row for row in rows if row.key not in held], development


def _example(doc: Doc, labels: dict[str, Any]) -> Example:
    doc.normal = Normalizer().predict([doc])[0]
    doc.pii = Masker().predict([doc])[0]
    gold = {head: values(head).index(str(labels[head])) for head in CHOICE_HEADS}
    risks = tuple(int(name in labels["risk"]) for name in values(HEADS[-1]))
    return Example(doc, gold, risks, _find(doc, labels["demand"]))


def _find(doc: Doc, demand: str) -> Span | None:
    for part in doc.parts():
        if demand and doc.judged(part) and (at := doc.part(part).find(demand)) >= 0:
            return Span(part, at, at + len(demand))
    return None
