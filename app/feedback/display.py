"""A feedback as people read it: titles of labels, and the talk with numbered placeholders and marked evidence.

Originals are opened here only to tell equal identifiers apart and to lay spans on the words; nothing of a
masked span leaves these functions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlmodel import Session

from app.feedback.contents import original, original_subject
from app.feedback.models import Analysis, Interaction, Message
from app.feedback.results import RISK, pii_from
from nlp import taxonomy
from nlp.canonical import canonical, letters
from nlp.doc import SUBJECT, Pii
from nlp.mask import merged, placeholder
from nlp.normalize import normalize

_LETTERS = re.compile(r"[a-wyz]")  # an identity card may end with an x


@dataclass(frozen=True, slots=True)
class LabelNote:
    """One label as it is shown.

    `number` stands beside its evidence; None where no words carry it. Where a person has decided, `said` is what the
    model had said, and there is neither score nor evidence.
    """

    head: str
    head_title: str
    name: str
    title: str
    score: float | None
    abstained: bool
    number: int | None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one part's text; `marks` are the numbers of the labels that it is evidence of."""

    text: str
    masked: bool
    marks: tuple[int, ...]


Evidence = dict[int, list[tuple[int, int, int]]]
"""Part to [(start, end, label number)] in original offsets."""


def head_title(head: str) -> str:
    """The Chinese name of a label head, such as 意图."""
    return taxonomy.head_title(head)


def title(head: str, name: str | int) -> str:
    """The Chinese name of a label; one that the taxonomy no longer holds is shown as it is stored."""
    try:
        return taxonomy.title(head, name)
    except KeyError:
        return str(name)


def titles(head: str) -> list[tuple[str, str]]:
    """(value, Chinese name) of a head in the taxonomy's order, for a choice."""
    return [(value, taxonomy.title(head, value)) for value in taxonomy.values(head)]


def label_notes(analysis: Analysis, risks: Sequence[str] = ()) -> list[LabelNote]:
    """The labels in the taxonomy's order, numbered where they have evidence; `risks` are the flags that count."""
    notes: list[LabelNote] = []
    for head, label in _labels(analysis):
        if label is None:
            notes.append(_decided(analysis, head, risks if head == RISK else [getattr(analysis, head)]))
            continue
        number = sum(note.number is not None for note in notes) + 1 if label["evidence"] else None
        notes.append(
            LabelNote(
                head=head,
                head_title=head_title(head),
                name=str(label["name"]),
                title=title(head, label["name"]),
                score=float(label["score"]),
                abstained=bool(label["abstained"]),
                number=number,
            )
        )
    return notes


def talk(
    session: Session, *, interaction: Interaction, messages: Sequence[Message], analysis: Analysis | None
) -> dict[int, list[Piece]]:
    """Part (`SUBJECT` or a message's place) to its pieces; parts that have not been masked yet are left out."""
    texts = {
        part: original(session, message) for part, message in enumerate(messages) if message.masked_text is not None
    }
    pii = {part: pii_from(part, messages[part].pii) for part in texts}
    subject = original_subject(session, interaction) if interaction.subject_masked is not None else None
    if subject is not None:
        texts[SUBJECT] = subject
        pii[SUBJECT] = pii_from(SUBJECT, interaction.subject_pii)
    return pieces_of(texts, pii, evidence_of(analysis) if analysis else {})


def evidence_of(analysis: Analysis) -> Evidence:
    """The evidence of every label by part, under the numbers of `label_notes`."""
    found: Evidence = {}
    numbered = [label for _, label in _labels(analysis) if label and label["evidence"]]
    for number, label in enumerate(numbered, 1):
        for part, start, end in label["evidence"]:
            found.setdefault(part, []).append((start, end, number))
    return found


def _identity(piece: str, kind: str) -> str:
    """Equal for two mentions of one identifier: digits alone, but for codes with letters that a person masked."""
    written = letters(normalize(piece).text)
    plain = canonical(piece, kind)
    return written if _LETTERS.search(written) else plain or piece  # nothing is left of what was cut


def pieces_of(texts: Mapping[int, str], pii: Mapping[int, Sequence[Pii]], evidence: Evidence) -> dict[int, list[Piece]]:
    """Every part cut at its masked spans and evidence; the same identifier bears the same number throughout."""
    numbers: dict[str, dict[str, int]] = {}
    shown: dict[int, list[Piece]] = {}
    for part in sorted(texts):
        holders: dict[int, tuple[int, str]] = {}
        for one in merged(pii.get(part, ())):
            same_kind = numbers.setdefault(taxonomy.pii_title(one.kind), {})
            piece = texts[part][one.start : one.end]
            identity = _identity(piece, one.kind)
            number = same_kind.setdefault(identity, len(same_kind) + 1)
            holders[one.start] = (one.end, placeholder(one.kind, number))
        shown[part] = list(_cut(texts[part], holders, evidence.get(part, [])))
    return shown


def _cut(
    text: str, holders: Mapping[int, tuple[int, str]], evidence: Iterable[tuple[int, int, int]]
) -> Iterator[Piece]:
    whole = [(*_outwards(start, end, holders), number) for start, end, number in evidence]
    edges = {0, len(text)} | {edge for start, end, _ in whole for edge in (start, end)}
    inside = {at for start, (end, _) in holders.items() for at in range(start + 1, end)}
    edges = (edges - inside) | set(holders) | {end for end, _ in holders.values()}
    places = sorted(edge for edge in edges if 0 <= edge <= len(text))
    for start, end in pairwise(places):
        marks = tuple(sorted({number for a, b, number in whole if a <= start and end <= b}))
        holder = holders.get(start)
        yield Piece(holder[1] if holder else text[start:end], holder is not None, marks)


def _outwards(start: int, end: int, holders: Mapping[int, tuple[int, str]]) -> tuple[int, int]:
    """The span with every placeholder it touches covered as a whole."""
    touched = [(a, b) for a, (b, _) in holders.items() if a < end and start < b]
    return min([start, *(a for a, _ in touched)]), max([end, *(b for _, b in touched)])


def _labels(analysis: Analysis) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """(head, stored label) in the taxonomy's order; risk has any number of them. None where a person has decided."""
    for head in taxonomy.heads():
        if head in analysis.corrected:
            yield head, None
        else:
            yield from ((head, label) for label in _all(analysis.labels.get(head)))


def _all(stored: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON: one label, a list of them, or nothing
    return stored if isinstance(stored, list) else [stored] if stored else []


def _decided(analysis: Analysis, head: str, names: Sequence[str | int]) -> LabelNote:
    return LabelNote(
        head=head,
        head_title=head_title(head),
        name=",".join(map(str, names)),
        title=_titles(head, names),
        score=None,
        abstained=False,
        number=None,
        said=_titles(head, [label["name"] for label in _all(analysis.labels.get(head))]),
    )


def _titles(head: str, names: Iterable[str | int]) -> str:
    return "、".join(title(head, name) for name in names) or "无"
