"""Masking: which spans are personal data, the text with placeholders in their place, and the way between.

Everything outside the encrypted original sees only `masked` text. The kinds in `CUT_KINDS` (one-time codes,
passwords, security codes) are not even kept in the original: `cut` overwrites them in place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp import cues, digits, identifiers, taxonomy
from nlp.doc import SUBJECT, Pii, Span
from nlp.found import Found, surest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nlp.doc import Doc

_KINDS = "taxonomy/pii.json"
CUT_KINDS = frozenset(kind for kind, told in taxonomy.read(_KINDS).items() if told.get("cut"))
CUT_MARK = "○"
_NO_BLANK = re.compile(r"\S")  # blanks tell the groups of a number apart, when what is kept is read again


def placeholder(kind: str, number: int | None = None) -> str:
    """What stands for a piece of this kind: [手机号], or [手机号1] with its number for display."""
    return f"[{taxonomy.pii_title(kind)}{number or ''}]"


def merged(pii: Iterable[Pii]) -> tuple[Pii, ...]:
    """The spans in order; overlapping ones become one, of the kind of its longest member."""
    groups: list[list[Pii]] = []
    reach = (-2, 0)
    for one in sorted(pii):
        if groups and (one.part, one.start) < reach:
            groups[-1].append(one)
            reach = max(reach, (one.part, one.end))
        else:
            groups.append([one])
            reach = (one.part, one.end)
    return tuple(map(_one, groups))


def _one(group: Sequence[Pii]) -> Pii:
    longest = max(group, key=lambda one: one.end - one.start)
    return Pii(group[0].part, group[0].start, max(one.end for one in group), longest.kind, longest.score)


def masked(text: str, pii: Iterable[Pii]) -> str:
    """One part's text with a placeholder for each of its spans (all of that part)."""
    pieces: list[str] = []
    at = 0
    for one in merged(pii):
        pieces += [text[at : one.start], placeholder(one.kind)]
        at = one.end
    return "".join([*pieces, text[at:]])


def to_masked(span: Span, pii: Iterable[Pii]) -> Span:
    """Where a span of the original stands in the masked text of its part.

    A boundary inside a masked piece moves outwards, so that a placeholder is always covered as a whole.
    """
    start, end, shift = span.start, span.end, 0
    new_start, new_end = start, end
    for one in merged(one for one in pii if one.part == span.part):
        size = len(placeholder(one.kind))
        if one.end <= start:
            new_start = start + shift + size - (one.end - one.start)
        elif one.start <= start:
            new_start = one.start + shift
        if one.end <= end:
            new_end = end + shift + size - (one.end - one.start)
        elif one.start < end:
            new_end = one.start + shift + size
        shift += size - (one.end - one.start)
    return Span(span.part, new_start, max(new_start, new_end))


def cut(text: str, pii: Sequence[Pii]) -> tuple[str, tuple[Pii, ...]]:
    """One part's original with the kinds of `CUT_KINDS` overwritten by ○; length, blanks and offsets stay."""
    for one in pii:
        if one.kind in CUT_KINDS:
            over = _NO_BLANK.sub(CUT_MARK, text[one.start : one.end])
            text = text[: one.start] + over + text[one.end :]
    return text, tuple(pii)


def _all_of(text: str, asked: frozenset[str]) -> list[Found]:
    """What is found in a normalised text, and then with placeholders in its place, until no more is.

    Of two numbers with nothing between them one may hide the other; masked text must have nothing left to mask.
    """
    found = identifiers.find(text, asked)
    while found:
        hidden, starts, ends = _with_placeholders(text, found)
        more = [
            Found(starts[one.start], ends[one.end - 1], one.kind, one.sure) for one in identifiers.find(hidden, asked)
        ]
        new = [one for one in more if not any(old.start <= one.start and one.end <= old.end for old in found)]
        if not new:
            break
        kept = [old for old in found if not any(one.start < old.end and old.start < one.end for one in new)]
        found = sorted([*kept, *(_widened(one, found) for one in surest(new))], key=lambda one: one.start)
    return found


def _with_placeholders(text: str, found: Sequence[Found]) -> tuple[str, list[int], list[int]]:
    """The text, and for each of its characters the [start, end) of the given one that it stands for."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for one in found:
        shown = placeholder(one.kind)
        pieces += [text[at : one.start], shown]
        starts += [*range(at, one.start), *[one.start] * len(shown)]
        ends += [*range(at + 1, one.start + 1), *[one.end] * len(shown)]
        at = one.end
    return "".join([*pieces, text[at:]]), [*starts, *range(at, len(text))], [*ends, *range(at + 1, len(text) + 1)]


def _widened(one: Found, found: Sequence[Found]) -> Found:
    """With all of what it touches of `found`."""
    touched = [old for old in found if one.start < old.end and old.start < one.end]
    start, end = min([one.start, *(old.start for old in touched)]), max([one.end, *(old.end for old in touched)])
    return Found(start, end, one.kind, one.sure)


def _asked(doc: Doc) -> dict[int, frozenset[str]]:
    """Of each part the cue classes of all that others said since its speaker last said something; 好的 says nothing."""
    asked: dict[int, frozenset[str]] = {SUBJECT: frozenset()}
    since: dict[str, frozenset[str]] = {turn.role: frozenset() for turn in doc.turns}
    for part, turn in enumerate(doc.turns):
        text = doc.normal[part].text
        asked[part] = since[turn.role]
        said = cues.classes(text)
        since = {role: classes if role == turn.role else classes | said for role, classes in since.items()}
        if not identifiers.says_nothing(text):
            since[turn.role] = frozenset()
    return asked


class Masker:
    """Fills `identifiers`: what rules alone find in all parts, in original offsets, in order, without overlaps."""

    fills = "identifiers"
    needs: tuple[str, ...] = ("normal",)

    def __init__(self) -> None:
        self.version = f"mask5.{taxonomy.digest(digits.RULES, cues.RULES, identifiers.RULES, _KINDS)}"

    def predict(self, docs: Sequence[Doc]) -> list[tuple[Pii, ...]]:
        """One tuple of spans per doc."""
        return [merged(self._spans(doc)) for doc in docs]

    def _spans(self, doc: Doc) -> list[Pii]:
        spans: list[Pii] = []
        asked = _asked(doc)
        for part in doc.parts():
            normal = doc.normal[part]
            spans.extend(
                Pii(part, *normal.to_original(found.start, found.end), found.kind)
                for found in _all_of(normal.text, asked[part])
            )
        return spans
