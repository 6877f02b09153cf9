"""Digits as people write and say them: grouped, spaced, dashed, spoken (幺三八), repeated (三个八).

`runs` finds every chain of digit groups in a normalised text; `Windows` offers the whole-group pieces of a
chain that could be one number. What a number is, `nlp.identifiers` decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from nlp import taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULES = "rules/digits.json"
_DICTATED = 10  # so many spoken digits in a row are more than an ordinary word
LONGEST = 22  # digits of the longest number we know, a dialled bank account


@dataclass(frozen=True, slots=True)
class Group:
    """Adjacent digits: `digits` is their value in 0-9 (or X), [start, end) their place in the text."""

    digits: str
    start: int
    end: int
    spoken: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A piece of a chain read as one number.

    `layout` holds the lengths of its groups; `weak` says that a comma or stroke stood between two of them,
    `mixed` that it is partly written and partly spoken.
    """

    digits: str
    start: int
    end: int
    layout: tuple[int, ...]
    spoken: bool
    weak: bool
    mixed: bool

    @property
    def regular(self) -> bool:
        """True when people group numbers like this: unbroken, digit by digit, in fours, or a known layout."""
        return self.spoken or usual(self.layout)


@dataclass(frozen=True, slots=True)
class _Reader:
    """The rules of `data/rules/digits.json`, compiled."""

    spoken: dict[str, str]
    counts: dict[str, int]
    loose: frozenset[str]
    layouts: frozenset[tuple[int, ...]]
    group: re.Pattern[str]
    repeat: re.Pattern[str]
    strong_gap: re.Pattern[str]
    weak_gap: re.Pattern[str]


@cache
def _reader() -> _Reader:
    rules = taxonomy.read(RULES)
    spoken = "".join(rules["spoken"])
    counts = "".join(rules["counts"])
    fillers = "|".join(sorted(map(re.escape, rules["fillers"]), key=len, reverse=True))
    repeat = f"[{counts}]个[{spoken}0-9](?![0-9])"
    return _Reader(
        rules["spoken"],
        rules["counts"],
        frozenset(rules["loose"]),
        frozenset(map(tuple, rules["layouts"])),
        re.compile(f"(?P<written>[0-9]+)|(?P<spoken>(?:{repeat}|[{spoken}])+)|(?P<check>[{rules['check_x']}])"),
        re.compile(f"(?P<count>[{counts}])个(?P<digit>[{spoken}0-9])|(?P<single>[{spoken}])"),
        re.compile(rf"(?:[ \-‐-―−_.·•()]|{fillers}){{0,3}}"),
        re.compile(rf"(?:[ \-‐-―−_.·•(),、/…]|{fillers}){{0,4}}"),
    )


def usual(lengths: tuple[int, ...]) -> bool:
    """True for group lengths that people use in long numbers."""
    fours = set(lengths[:-1]) == {4} and lengths[-1] <= 4  # noqa: PLR2004 - as cards are embossed
    return len(lengths) == 1 or set(lengths) == {1} or fours or lengths in _reader().layouts


def _groups(text: str) -> Iterator[Group]:
    reader = _reader()
    for found in reader.group.finditer(text):
        start, end = found.span()
        if found["written"]:
            yield Group(found[0], start, end, spoken=False)
        elif found["check"]:
            glued = end < len(text) and text[end].isascii() and text[end].isalpha()
            if not glued:
                yield Group("X", start, end, spoken=found[0] == "叉")
        else:
            yield from _spoken(text, start, end)


def _spoken(text: str, start: int, end: int) -> Iterator[Group]:
    """One spoken stretch, cut where a character at its edge may be an ordinary word (张三幺三八…五一会儿打).

    A cut takes nothing away: `Windows` also offers the pieces together.
    """
    reader = _reader()
    items = list(reader.repeat.finditer(text, start, end))
    first, last = 0, len(items)
    if len(items) > _DICTATED:
        first, last = 1, len(items) - 1
    elif len(items) > 1:
        first = int(items[0][0] in reader.loose and reader.spoken.get(items[1][0]) == "1")
        last = len(items) - int(items[-1][0] in reader.loose)
    for part in (items[:first], items[first:last], items[last:]):
        if part:
            digits = "".join(
                reader.spoken.get(item["digit"], item["digit"]) * reader.counts[item["count"]]
                if item["count"]
                else reader.spoken[item[0]]
                for item in part
            )
            yield Group(digits, part[0].start(), part[-1].end(), spoken=True)


def runs(text: str) -> list[list[Group]]:
    """The chains of digit groups of a normalised text; between two groups only a short separator stands."""
    chains: list[list[Group]] = []
    for group in _groups(text):
        last = chains[-1][-1] if chains else None
        joined = last and _reader().weak_gap.fullmatch(text, last.end, group.start)
        if group.digits == "X" and not joined:
            continue  # a letter of a word, not the check digit of a number
        if joined:
            chains[-1].append(group)
        else:
            chains.append([group])
    return chains


class Windows:
    """The stretches of whole groups of one chain, each of which could be one number.

    Built once per chain, so that a stretch costs the same wherever it stands: a chain may be a whole message long.
    """

    def __init__(self, text: str, chain: list[Group]) -> None:
        self._text = text
        self._chain = chain
        self._digits = "".join(group.digits for group in chain)
        lengths = [len(group.digits) for group in chain]
        self._layout = tuple(lengths)
        self._offsets = [0, *accumulate(lengths)]
        self._last = {offset: last for last, offset in enumerate(self._offsets[1:])}
        self._spoken = [0, *accumulate(group.spoken for group in chain)]
        self._weak = [0, *accumulate(self._weakly(left, right) for left, right in pairwise(chain))]
        self._words = [_word(text, group) for group in chain]

    def ahead(self, first: int) -> str:
        """The digits from a group on, no more than the longest number has."""
        return self._digits[self._offsets[first] : self._offsets[first] + LONGEST]

    def starting(self, first: int, sizes: Iterable[int]) -> Iterator[Number]:
        """The stretches from a group on that hold so many digits, where a group ends there."""
        begin = self._offsets[first]
        for size in sizes:
            last = self._last.get(begin + size)
            if last is None:
                continue
            spoken = self._spoken[last + 1] - self._spoken[first]
            mixed = 0 < spoken < last + 1 - first
            if mixed and (self._words[first] or self._words[last]):
                continue
            yield Number(
                self._digits[begin : begin + size],
                self._chain[first].start,
                self._chain[last].end,
                self._layout[first : last + 1],
                spoken=spoken > 0,
                weak=self._weak[last] > self._weak[first],
                mixed=mixed,
            )

    def _weakly(self, left: Group, right: Group) -> bool:
        if left.spoken and right.spoken:
            return False
        return _reader().strong_gap.fullmatch(self._text, left.end, right.start) is None


def _word(text: str, group: Group) -> bool:
    """True for a lone 一 or ①, which beside a written number is a word or a list mark (尾号6416一张)."""
    return group.end - group.start == 1 and text[group.start] in _reader().loose
