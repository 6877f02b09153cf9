"""Labelled rows as docs, and the split that every figure is told on.

Rows are JSON lines with `id`, `labels` and `text` or `turns` (optional `subject`), labels as in the label guide;
a head that `labels` lacks is unknown, not empty. Names and addresses are read from `pii` of a turn, `text_pii` and
`subject_pii`.
The development fold is a fifth of the rows, of the authored ones (ids A…) a tenth, chosen by a hash of the normalised
text, so that a text seen twice falls on one side; rows that were picked because a model was unsure of them (S…), those
of data/labels (T…) and corrections (C…) are all for training. The authored rows that were picked by
hand as hard (data/samples/hard.json) are in it too: a figure on them is worth something only if none was learnt from.
Four more folds are drawn in the same way, for figures of models that were trained to judge the training (folds.py).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from nlp.doc import CUSTOMER, SUBJECT, Doc, Pii, Span, Turn
from nlp.heads import CHOICE_HEADS, RISK
from nlp.model import DEMAND
from nlp.personal import KINDS
from nlp.taxonomy import DATA, values
from training import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SETS = ("R", "S", "A", "T")  # the plain sample, rows picked from it, authored, read for this project (data/labels)
_AUTHORED = "A"
FOLDS = 5  # that are drawn; the development fold is the first
# of texts of a set one in so many is held out, 0 for none; of other rows one in _OTHERS
_EVERY = {"R": 5, _AUTHORED: 10, "S": 0, "T": 0, "C": 0}
_OTHERS = 5
_OURS = re.compile(r"[RSAT]\d{5}|C\d+")
_ROLES = (CUSTOMER, "agent", "bot", "system")


@dataclass(frozen=True, slots=True)
class Example:
    """A doc, normalised and masked, with what is known of it.

    gold: an index per choice head. risks: 0/1 per risk, None where nobody said. demand: None where there is
    none or (`demand_known` false) nobody said. personal: names and addresses, None where nobody marked them.
    """

    doc: Doc
    gold: dict[str, int]
    risks: tuple[int, ...] | None
    demand: Span | None
    demand_known: bool = True
    personal: tuple[Pii, ...] | None = None

    def knows(self, head: str) -> bool:
        """True when somebody said what the head's answer is."""
        if head == RISK:
            return self.risks is not None
        return self.demand_known if head == DEMAND else head in self.gold

    @property
    def key(self) -> str:
        """Hash of the normalised text: equal for texts that differ in form only."""
        text = "\n".join(self.doc.normal[part].text for part in self.doc.parts())
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def words_key(self) -> str:
        """Hash of the letters and digits: equal for texts that differ in blanks and signs as well."""
        return texts.words_key("\n".join(self.doc.normal[part].text for part in self.doc.parts()))

    @property
    def set(self) -> int:
        """Which of SETS the row is of, as its id says; any other row counts for the plain sample."""
        letter = _letter(self.doc.id)
        return SETS.index(letter) if letter in SETS else 0

    @property
    def development(self) -> bool:
        """True for the fold that no training input may hold."""
        return self.held(0)

    def held(self, fold: int) -> bool:
        """True where a model of that fold, below FOLDS, may not learn from the row."""
        every = _EVERY.get(_letter(self.doc.id), _OTHERS)
        return self.doc.id in hard_ids() or (every > 0 and int(self.key[:8], 16) % every == fold)


def _letter(name: str) -> str:
    """What an id of ours begins with (R01500, C17); "" for ids that others gave, whatever they begin with."""
    return name[0] if _OURS.fullmatch(name) else ""


@functools.cache
def hard() -> dict[str, list[str]]:
    """What makes them hard → ids of authored rows, each under one name."""
    told: dict[str, list[str]] = json.loads((DATA / "samples" / "hard.json").read_text(encoding="utf-8"))
    return told


@functools.cache
def hard_ids() -> frozenset[str]:
    """All of them."""
    return frozenset(chain.from_iterable(hard().values()))


def doc_of(row: dict[str, Any]) -> Doc:
    """A row's text or turns as a doc.

    Raises KeyError for a field that is not there, and ValueError for an odd role, an odd id and half a character.
    """
    turns = row.get("turns") or [{"role": CUSTOMER, "text": row["text"]}]
    if any(turn["role"] not in _ROLES for turn in turns):  # read as not the customer's, its words would teach nothing
        raise ValueError(f"role is none of {', '.join(_ROLES)}")  # it may be a text out of its column
    if not isinstance(row["id"], str | int):
        raise ValueError("id is neither text nor number")  # noqa: TRY004 - the file's fault, told as one
    "".join(turn["text"] for turn in turns).encode()  # half a character would fail later, without its line
    return Doc(str(row["id"]), tuple(Turn(turn["role"], turn["text"]) for turn in turns), row.get("subject") or "")


def read(paths: Iterable[Path]) -> Iterator[Example]:
    """All labelled rows. Raises ValueError with file and line for a row that does not fit the label list."""
    for path in paths:
        yield from texts.read_lines(path, example_of)


def speaks(example: Example) -> bool:
    """True where the customer says something, so that there is a text to judge."""
    doc = example.doc
    return any(doc.judged(part) and doc.normal[part].text.strip() for part in doc.parts())


def split(examples: Iterable[Example], fold: int = 0) -> tuple[list[Example], list[Example]]:
    """Training rows and those held out; a training text that also stands among these is dropped."""
    rows = list(examples)
    out = [row for row in rows if row.held(fold)]
    held = {row.words_key for row in out}
    return [row for row in rows if row.words_key not in held], out


def example_of(row: dict[str, Any]) -> Example:
    """A row as it is read. Raises KeyError or ValueError for a row that does not fit the label list."""
    doc, labels = texts.prepared(doc_of(row)), row["labels"]
    gold = {head: values(head).index(str(labels[head])) for head in CHOICE_HEADS if head in labels}
    risks = _risks(labels[RISK]) if RISK in labels else None
    wanted = labels.get(DEMAND)
    demand = _find(doc, wanted or "")
    known = DEMAND in labels and (not wanted or demand is not None)  # a paraphrase tells neither a demand nor none
    return Example(doc, gold, risks, demand, known, _personal(row))


def _risks(told: list[str]) -> tuple[int, ...]:
    if set(told) - set(values(RISK)):
        raise ValueError("risk is not on the label list")
    return tuple(int(name in told) for name in values(RISK))


def _find(doc: Doc, demand: str) -> Span | None:
    for part in doc.parts():
        if demand and doc.judged(part) and (at := doc.part(part).find(demand)) >= 0:
            return Span(part, at, at + len(demand))
    return None


def _personal(row: dict[str, Any]) -> tuple[Pii, ...] | None:
    """In authored rows every identifier is marked, so that one without a mark holds none."""
    if row.get("turns"):
        marked = [(part, turn.get("pii") or ()) for part, turn in enumerate(row["turns"])]
    else:
        marked = [(0, row.get("text_pii") or ())]
    marked.append((SUBJECT, row.get("subject_pii") or ()))
    if not any(spans for _, spans in marked) and _letter(str(row["id"])) != _AUTHORED:
        return None
    return tuple(Pii(part, start, end, kind) for part, spans in marked for start, end, kind in spans if kind in KINDS)
