"""Which pieces of a normalised text are the names of persons: a surname, and a model or the words around it.

A surname with a title (王经理, 李阿姨, 张某) is nobody's name by itself: it helps the reader and identifies nobody, so
it stays. The word lists are data/rules/persons.json.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from nlp import segment, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

RULES = "rules/persons.json"
# The model's mean probability from which a name is believed:
CERTAIN = 0.75  # though it is a word of the dictionary too, or holds what hardly any name holds
SURE = 0.6  # without a word around it
OWN = 0.3  # of its surname alone
REPORTS = 0.3  # before a word such as 反映 or 老师
LIKELY = 0.1  # a word of the dictionary that stands where names stand
BESIDE = 0.03  # after a word that announces a name, beside a number, between blanks
HINTED = 0.01  # where names stand: on a line of its own, before 女士, at the head of a line before a number
COMMON = 200  # so many surnames at the head of the list are hardly ever anything else on a line of their own
_HAN = re.compile(r"[\u3400-\u9fff]")
_DOTS = "·•・"
_REACH = 8  # characters beside a name that are read with it


@dataclass(frozen=True, slots=True)
class Name:
    """Normalised code points [start, end); `score` in [0, 1], 1 where the words around it say so."""

    start: int
    end: int
    score: float


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    told = taxonomy.read(RULES)
    one = f"(?:{'|'.join(told['compounds'])}|[{told['surnames']}])"
    given = "[\u3400-\u9fff]"
    titled = f"(?:{_any(told['titles'])}|(?:{_any(told['short_titles'])})(?![\u3400-\u9fff]))"
    links = "|".join(map(re.escape, told["links"]))
    announcing = _any(told["announcing"])
    return {
        "name": re.compile(rf"(?P<surname>{one})(?!{titled})(?P<given>{given}(?:{given})?)"),
        "announced": re.compile(rf"(?:{announcing})(?:{links}){{0,3}}$"),
        "surname_titled": re.compile(rf"{one}{titled}"),
        "compound": re.compile(_any(told["compounds"])),
        "words_too": re.compile(_any(told["words_too"])),
        "dotted": re.compile(
            rf"(?P<announced>{announcing})?(?:{links}){{0,3}}"
            rf"(?P<name>(?:(?!{announcing}){given}){{2,6}}(?:[{_DOTS}]{given}{{1,6}}){{1,3}})"
        ),
        "unusual": re.compile(rf".[^{told['never_given']}]*[{told['never_given']}]"),
        "title": re.compile(titled),
        "honorific": re.compile(_any(told["honorifics"])),
        "followed": re.compile(rf"[\s,，、:：(（]{{0,2}}(?:\d|\[|{_any(told['following'])})"),
        "reporting": re.compile(_any(told["reporting"])),
        "line_end": re.compile(r"[ .。]?(?:\n|$)"),
        "line_start": re.compile(r"(?:^|\n)[ 　—-]?$"),
    }


def _any(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def find(text: str, likely: NDArray[np.float32], identifiers: Sequence[tuple[int, int]]) -> Iterator[Name]:
    """Names, not overlapping.

    likely: for each character how probably it is part of a name. identifiers: normalised [start, end) of what was
    found before; no name reaches into one, and a name before one is as good as announced.
    """
    taken = [False] * len(text)
    for start, end in identifiers:
        taken[start:end] = [True] * (end - start)
    at = 0
    free = "".join("\0" if gone else char for char, gone in zip(text, taken, strict=True))
    for dotted in _rules()["dotted"].finditer(free):  # 阿依古丽·买买提; 一三八·一二三四·五六七八 is a number
        start, last = dotted.span("name")
        end = _dotted_end(text, start, last, likely)
        needed = CERTAIN if _brand(text[start:end]) else _needed(dotted["announced"])
        if float(likely[start:end].mean()) >= needed:
            taken[start:end] = [True] * (end - start)
            yield Name(start, end, 1.0)
    while found := _rules()["name"].search(text, at):
        best = max(_readings(text, found, likely, taken), key=lambda name: (name.score, name.end), default=None)
        if best and best.score >= SURE:
            yield best
            at = best.end
        else:
            at = found.start() + 1


def _needed(announced: str | None) -> float:
    """What the model must believe of a dotted name: after 我叫 nothing, for it knows few names of the minorities."""
    if announced in taxonomy.read(RULES)["naming"]:
        return 0.0
    return BESIDE if announced else REPORTS


def _dotted_end(text: str, start: int, end: int, likely: NDArray[np.float32]) -> int:
    """Where the dotted name within [start, end) ends: before words that run on, none of which the model believes.

    What the model does not believe is not enough: it knows 麦麦 of 麦麦提, and not the last character.
    """
    last = 1 + max(text.rfind(dot, start, end) for dot in _DOTS)
    words = {last + at for word, at, _ in segment.tokens(text[last : end + _REACH]) if len(word) > 1 and _plain(word)}
    running_on = taxonomy.read(RULES)["running_on"]
    cut = end
    for at in range(end - 1, last + 1, -1):  # 才让 is a name, 才 is none
        if likely[at] >= LIKELY:
            break
        if at in words or text[at] in running_on:
            cut = at
    return cut


def _brand(dotted: str) -> bool:
    """True for 杭州·西湖区, of plain words alone, and 金葵花·私人银行, a banking word behind the dot."""
    _, *further = parts = re.split(f"[{_DOTS}]", dotted)
    banking = any(word in _banking() for part in further for word, _, _ in segment.tokens(part))
    return banking or all(map(_plain, parts))


@cache
def _banking() -> frozenset[str]:
    return frozenset(taxonomy.lines(segment.BANKING))


def _plain(word: str) -> bool:
    """True for a word of the dictionary that is not known as a name too."""
    return segment.known(word) and not segment.named(word)


def _readings(text: str, found: re.Match[str], likely: NDArray[np.float32], taken: Sequence[bool]) -> Iterator[Name]:
    """The same surname with one and with two characters after it."""
    start, after = found.start(), found.end("surname")
    for end in range(after + 1, found.end() + 1):
        if not any(taken[start:end]) and not _other(text, start, end, after, likely):
            yield Name(start, end, _score(text, start, end, likely, taken, compound=after - start > 1))


def _other(text: str, start: int, end: int, after: int, likely: NDArray[np.float32]) -> bool:
    """True where these are no name: 欧阳 alone is a surname, 感谢林总 and 谢谢周女士 thank somebody."""
    rules = _rules()
    titled = any(rules["title"].match(text, at) for at in range(after, end))  # 张华 and not 张华经, before 张华经理
    verb = start > 0 and segment.known(text[start - 1 : start + 1])  # 感|谢林总
    word = end - 1 > after and segment.known(text[start : end - 1])  # 谢谢|周女士
    thanked = (verb or word) and rules["surname_titled"].match(text, end - 1) is not None
    later = verb and rules["name"].match(text, start + 1) and likely[start] + OWN < likely[start + 1]  # 律师|罗翔
    return titled or thanked or bool(later) or rules["compound"].fullmatch(text, start, end) is not None


@dataclass(frozen=True, slots=True)
class _Place:
    """What the words around say. `needed`: the model's mean probability from which the piece is believed there."""

    alone: bool
    announced: bool
    titled: bool
    needed: float


def _place(text: str, start: int, end: int, taken: Sequence[bool]) -> _Place:
    rules = _rules()
    before = text[max(0, start - _REACH) : start]
    beside_number = any(taken[end : end + 3]) or any(taken[max(0, start - 2) : start])
    titled = rules["honorific"].match(text, end) is not None
    followed = beside_number or titled or rules["followed"].match(text, end) is not None
    closed = end == len(text) or text[end] == "的" or not _HAN.match(text, end)
    announced = rules["announced"].search(before) is not None and (closed or followed)
    opens = rules["line_start"].search(before) is not None
    apart = (opens or before.endswith(" ")) and text.startswith((" ", "\n"), end)
    alone = opens and rules["line_end"].match(text, end) is not None
    reports = rules["reporting"].match(text, end) or rules["title"].match(text, end)
    needed = min(
        HINTED if alone or titled or (opens and followed) else SURE,
        BESIDE if announced or beside_number or apart else SURE,
        REPORTS if reports else SURE,
    )
    return _Place(alone, announced, titled, needed)


def _score(
    text: str, start: int, end: int, likely: NDArray[np.float32], taken: Sequence[bool], *, compound: bool
) -> float:
    rules, place = _rules(), _place(text, start, end, taken)
    inside = round(float(likely[start:end].mean()), 4)  # or the rounding of floats would choose between readings
    needed = place.needed
    if likely[start] < OWN and inside >= needed == SURE:
        return 0.0  # 感谢张伟: the name begins further on
    if rules["unusual"].match(text, start, end):
        return inside if inside >= CERTAIN else 0.0
    if segment.known(text[start:end]) and not place.titled:
        common = segment.named(text[start:end])
        weak = needed == HINTED or (place.announced and common)
        needed = LIKELY if weak else SURE if place.announced or common else CERTAIN
    elif rules["words_too"].match(text, start) is None and (compound or (place.alone and _common(text[start]))):
        return 1.0
    if inside < needed:
        return 0.0
    beyond = float(likely[end]) if end < len(text) else 0.0
    return 1.0 if needed < SURE else inside - max(0.0, beyond - SURE)  # a name that goes on is longer than this


def _common(surname: str) -> bool:
    """True for the surnames that most people bear; the list begins with them."""
    surnames: str = taxonomy.read(RULES)["surnames"]
    return surname in surnames[:COMMON]
