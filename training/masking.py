"""How much of the personal data is found, and how much of what is found is personal, beside other libraries.

Found means: all letters and digits of a number are covered; of a name six tenths of its characters, of an address
six tenths of what follows the district (the regions themselves may stay). The rows' own marks are the truth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.stats import binomtest

from nlp.addresses import region_end
from nlp.doc import SUBJECT, Doc
from nlp.taxonomy import DATA, pii_kinds
from training import texts
from training.corpus import example_of
from training.peers.personal import PEERS
from training.peers.systems import OURS
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nlp.doc import Pii
    from nlp.pipeline import Pipeline
    from training.corpus import Example
    from training.peers.personal import Spans

    Marks = dict[int, list[tuple[int, int, str]]]  # of each part

COVERED = 0.6  # of a name, and of an address after its district
GROUPS = {
    "checked numbers": ("ID_CARD", "USCC", "BANK_CARD", "MOBILE", "EMAIL", "LANDLINE", "PASSPORT", "PLATE"),
    "spoken and spaced": ("MOBILE_SPOKEN", "MOBILE_SPACED", "ID_CARD_SPOKEN", "BANK_CARD_SPACED"),
    "by context": ("CARD_TAIL", "ACCOUNT", "WECHAT", "QQ", "CVV", "OTP", "PASSWORD"),
    "names and addresses": ("NAME", "ADDRESS"),
    "all": pii_kinds(),
}


@dataclass(frozen=True, slots=True)
class Marked:
    """One part of a feedback: its text, what was marked in it, and what each system found."""

    text: str
    gold: list[tuple[int, int, str]]
    told: dict[str, Spans]


def read(path: Path, *, fold: bool) -> Iterator[tuple[Doc, Marks]]:
    """Each feedback with the marks of its parts; with `fold` only those that no training saw.

    Raises ValueError with file and line.
    """
    for example, marks in texts.read_lines(path, _with_marks):
        if example.development or not fold:
            yield example.doc, marks


def _with_marks(row: dict[str, Any]) -> tuple[Example, Marks]:
    """Labels are not asked for: a row may have none."""
    turns = row.get("turns") or [{"pii": row.get("text_pii")}]
    gold = {number: [tuple(span) for span in turn.get("pii") or []] for number, turn in enumerate(turns)}
    gold[SUBJECT] = [tuple(span) for span in row.get("subject_pii") or []]
    return example_of({**row, "labels": {}}), gold


def judge(rows: Sequence[tuple[Doc, Marks]], pipeline: Pipeline) -> list[Marked]:
    """All parts, read by our pipeline and by the libraries that are installed."""
    finders = dict(_installed())
    answer = []
    for (doc, gold), read_doc in zip(rows, pipeline.run([doc for doc, _ in rows]), strict=True):
        for part in doc.parts():
            text = doc.part(part)
            told = {OURS: _ours(read_doc.pii, part)} | {name: find(text) for name, find in finders.items()}
            answer.append(Marked(text, gold.get(part, []), told))
    return answer


def recall_table(parts: Sequence[Marked]) -> Table:
    """Per kind and group: n, and how many each system found, with the Wilson interval of 95 %."""
    rows: list[tuple[object, ...]] = []
    systems = list(parts[0].told)
    for name, kinds in [*((kind, (kind,)) for kind in pii_kinds()), *GROUPS.items()]:
        marks = [(part, span) for part in parts for span in part.gold if span[2] in kinds]
        for system in systems:
            covers = system == OURS or set(kinds) <= PEERS[system].kinds
            if marks and covers:
                hits = sum(_found(part.text, span, part.told[system]) for part, span in marks)
                rows.append((name, len(marks), system, len(marks) - hits, *_share(hits, len(marks))))
    return Table("Found", ("kind", "n", "system", "missed", "recall", "low", "high"), rows)


def precision_table(parts: Sequence[Marked]) -> Table:
    """How many of the spans that a system gave touch a mark."""
    rows: list[tuple[object, ...]] = []
    for system in parts[0].told:
        given = [(part, span) for part in parts for span in part.told[system]]
        right = sum(any(start < span[1] and span[0] < end for start, end, _ in part.gold) for part, span in given)
        if given:
            rows.append((len(given), system, len(given) - right, *_share(right, len(given))))
    return Table("What was found is personal", ("spans", "system", "wrong", "precision", "low", "high"), rows)


def negatives_table(pipeline: Pipeline) -> Table:
    """How many composed texts without personal data (data/samples/not_personal.json) each system touches."""
    kinds = json.loads((DATA / "samples/not_personal.json").read_text(encoding="utf-8"))
    finders: dict[str, Callable[[str], object]] = dict(_installed())
    rows: list[tuple[object, ...]] = []
    touched: dict[str, int] = {}
    count = 0
    for kind, told in kinds.items():
        said = [phrase.format(value) for phrase in told["said"] for value in told["values"]]
        count += len(said)
        ours = sum(bool(doc.pii) for doc in pipeline.run([Doc.of("", text) for text in said]))
        theirs = {name: sum(map(bool, map(find, said))) for name, find in finders.items()}
        for name, hits in [(OURS, ours), *theirs.items()]:
            rows.append((kind, len(said), name, hits))
            touched[name] = touched.get(name, 0) + hits
    rows += [("all", count, name, hits) for name, hits in touched.items()]
    return Table("Composed texts without personal data", ("kind", "n", "system", "touched"), rows)


def missed(parts: Sequence[Marked]) -> Iterator[str]:
    """What ours missed or wrongly found, in its surroundings; for synthetic identifiers only."""
    for part in parts:
        told = part.told[OURS]
        for start, end, kind in part.gold:
            if not _found(part.text, (start, end, kind), told):
                yield f"missed {kind}: {_around(part.text, start, end)}"
        for start, end in told:
            if not any(left < end and start < right for left, right, _ in part.gold):
                yield f"wrong: {_around(part.text, start, end)}"


def _around(text: str, start: int, end: int) -> str:
    return repr(f"{text[max(0, start - 12) : start]}【{text[start:end]}】{text[end : end + 8]}")


def _installed() -> Iterator[tuple[str, Callable[[str], Spans]]]:
    for name, peer in PEERS.items():
        try:
            yield name, peer.load()
        except ImportError:
            continue


def _ours(pii: Sequence[Pii], part: int) -> Spans:
    return [(one.start, one.end) for one in pii if one.part == part]


def _found(text: str, mark: tuple[int, int, str], told: Spans) -> bool:
    start, end, kind = mark
    if kind == "ADDRESS":
        start = region_end(text, start, end)
    covered = {at for left, right in told for at in range(max(left, start), min(right, end))}
    if kind in GROUPS["names and addresses"]:
        return len(covered) >= COVERED * (end - start)
    return all(at in covered or not text[at].isalnum() for at in range(start, end))


def _share(hits: int, count: int) -> tuple[float, float, float]:
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return hits / count, float(interval.low), float(interval.high)
