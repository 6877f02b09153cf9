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
SURE = 0.5  # the model's mean probability from which a name needs no word around it
HINTED = 0.05  # from which a name that stands like one is believed
_ORDINARY = 0.9  # from which even a word of the dictionary is believed without a hint
_HAN = re.compile(r"[\u3400-\u9fff]")
_REACH = 8  # characters before a name in which it is announced


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
    given = f"(?![{told['never_given']}])[\u3400-\u9fff]"
    titled = f"(?:{_any(told['titles'])}|(?:{_any(told['short_titles'])})(?![\u3400-\u9fff]))"
    links = "|".join(map(re.escape, told["links"]))
    return {
        "name": re.compile(rf"(?P<surname>{one})(?!{titled})(?P<given>{given}(?:{given})?)"),
        "announced": re.compile(rf"(?:{_any(told['announcing'])})(?:{links}){{0,3}}$"),
        "surname_titled": re.compile(rf"{one}{titled}"),
        "honorific": re.compile(_any(told["honorifics"])),
        "followed": re.compile(rf"[\s,，、:：(（]{{0,2}}(?:\d|\[|{_any(told['following'])})"),
        "line_end": re.compile(r"[ .。]?(?:\n|$)"),
        "line_start": re.compile(r"(?:^|\n)[ 　—-]?$"),
    }


def _any(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def find(text: str, likely: NDArray[np.float32], identifiers: Sequence[tuple[int, int]]) -> Iterator[Name]:
    """Names in order, not overlapping.

    likely: for each character how probably it is part of a name. identifiers: normalised [start, end) of what was
    found before; no name reaches into one, and a name before one is as good as announced.
    """
    taken = [False] * len(text)
    for start, end in identifiers:
        taken[start:end] = [True] * (end - start)
    at = 0
    while found := _rules()["name"].search(text, at):
        best = max(_readings(text, found, likely, taken), key=lambda name: (name.score, name.end), default=None)
        if best and best.score >= SURE:
            yield best
            at = best.end
        else:
            at = found.start() + 1


def _readings(text: str, found: re.Match[str], likely: NDArray[np.float32], taken: Sequence[bool]) -> Iterator[Name]:
    """The same surname with one and with two characters after it."""
    start = found.start()
    for end in range(found.end("surname") + 1, found.end() + 1):
        other = _rules()["surname_titled"].match(text, end - 1)  # 感谢林总 thanks Mr Lin and names nobody
        if not any(taken[start:end]) and (other is None or _rules()["honorific"].match(text, end)):
            yield Name(start, end, _score(text, start, end, likely, taken))


def _score(text: str, start: int, end: int, likely: NDArray[np.float32], taken: Sequence[bool]) -> float:
    rules = _rules()
    inside = float(likely[start:end].mean())
    beyond = float(likely[end]) if end < len(text) else 0.0
    closed = end == len(text) or not _HAN.match(text, end)
    before = text[max(0, start - _REACH) : start]
    before_number = end < len(text) and any(taken[end : end + 3])
    titled = rules["honorific"].match(text, end) is not None
    followed = before_number or titled or rules["followed"].match(text, end) is not None
    alone = rules["line_start"].search(before) is not None and (
        rules["line_end"].match(text, end) is not None or (followed and not titled)
    )
    announced = rules["announced"].search(before) is not None and (closed or followed)
    ordinary = segment.known(text[start:end])
    hinted = (announced or alone or titled or before_number) and inside >= HINTED
    if hinted and (not ordinary or inside >= SURE):
        return 1.0
    if ordinary and inside < _ORDINARY:
        return 0.0
    return inside - max(0.0, beyond - 0.5)  # a name that goes on is longer than this
