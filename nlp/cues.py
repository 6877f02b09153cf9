"""What stands around a number: the word that announces it, the unit that follows, the question before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from nlp import taxonomy

RULES = "rules/cues.json"
REACH = 20  # characters before a number in which a cue is looked for
_LONGEST_HOLDER = 2 + max(len(taxonomy.pii_title(kind)) for kind in taxonomy.pii_kinds())  # its characters
_STOP = re.compile(r"[。！!?？\n]")  # a cue of an earlier sentence announces nothing…
_LOWER = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}  # keeps lengths, unlike lower()
_NOT_CUES = ("links", "hotlines", "hotline_shapes", "units")


@dataclass(frozen=True, slots=True)
class Around:
    """The surroundings of one number.

    `cue` is the class of the nearest announcing word (a key of data/rules/cues.json) or "", `gap` the text
    between the two; `unit` is the unit of measure that follows or ""; `glued` says that a Latin letter
    touches the number; `asked` holds the cue classes of the question before this turn.
    """

    cue: str
    gap: str
    unit: str
    glued: bool
    asked: frozenset[str]

    def near(self, cue: str) -> bool:
        """True when this cue announces the number with nothing but linking words between."""
        return self.cue == cue and _link().fullmatch(self.gap) is not None


@cache
def _classes() -> dict[str, str]:
    """From each announcing word to its class."""
    return {word: name for name, words in taxonomy.read(RULES).items() if name not in _NOT_CUES for word in words}


@cache
def _cue() -> re.Pattern[str]:
    """All announcing words; longer ones first so that 卡号 is not read as 卡."""
    return re.compile("|".join(map(re.escape, sorted(_classes(), key=len, reverse=True))))


@cache
def _holder() -> re.Pattern[str]:
    """A placeholder: [身份证号] stands for a number and announces none."""
    titles = {taxonomy.pii_title(kind) for kind in taxonomy.pii_kinds()}
    return re.compile(rf"\[(?:{'|'.join(map(re.escape, titles))})\]")


@cache
def _link() -> re.Pattern[str]:
    """Any run of words and signs that may stand between an announcing word and its number."""
    links = "|".join(map(re.escape, taxonomy.read(RULES)["links"]))
    return re.compile(rf"(?:[\s\W_]|{links})*")


@cache
def _unit() -> re.Pattern[str]:
    units = sorted(taxonomy.read(RULES)["units"], key=len, reverse=True)
    return re.compile(rf"\s?(?P<unit>{'|'.join(map(re.escape, units))}|\.\d|:\d)")


@cache
def _hotline() -> re.Pattern[str]:
    rules = taxonomy.read(RULES)
    return re.compile("|".join([*map(re.escape, rules["hotlines"]), *rules["hotline_shapes"]]))


def hotline(digits: str) -> bool:
    """True for a public service number, which is nobody's personal data."""
    return _hotline().fullmatch(digits) is not None


def classes(text: str) -> frozenset[str]:
    """The classes of all cues in a text, such as an agent's question."""
    return frozenset(_classes()[word] for word in _cue().findall(text.translate(_LOWER)))


def before(text: str, start: int) -> tuple[str, str]:
    """The class of the nearest announcing word before text[start:], or "", and the text between the two."""
    ahead = text[max(0, start - REACH - _LONGEST_HOLDER) : start]  # half a placeholder would announce with its title
    window = _holder().split(ahead)[-1][-REACH:].translate(_LOWER)
    last = None
    for last in _cue().finditer(window):  # noqa: B007 - the last one is wanted
        pass
    if last is None or _STOP.search(window, last.end()):
        return "", ""
    return _classes()[last[0]], window[last.end() :]


def around(
    text: str, start: int, end: int, asked: frozenset[str] = frozenset(), announced: tuple[str, str] | None = None
) -> Around:
    """What stands around text[start:end], a number of a normalised text; `announced` is `before` when it is known."""
    cue, gap = before(text, start) if announced is None else announced
    unit = _unit().match(text, end)
    left = text[start - 1] if start else ""
    if left in {"x", "X"} and text[start - 2 : start - 1].isdigit():
        left = ""  # the check digit of a number before this one
    right = text[end] if end < len(text) else ""
    glued = (_latin(left) or _latin(right)) and not (cue and not gap)
    return Around(cue, gap, unit["unit"] if unit else "", glued, asked)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
