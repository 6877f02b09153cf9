"""A message made to be slow to mask is not: twice the length costs about twice the time."""

from __future__ import annotations

import time
from itertools import cycle, islice

import pytest

from nlp import digits, identifiers
from nlp.doc import Doc, Turn
from nlp.mask import Masker
from nlp.normalize import Normalizer

SHORT = 6_000  # code points; long enough that the clock's own steps do not matter
STRETCHES = 14  # most that may be read from one group of digits on, whatever the text

# What repeats without end in a hostile text.
UNITS = {
    "lone digits": "1 2 3 4 5 6 7 8 9 0 ",
    "zeros": "0 0 0 0 ",
    "fours": "4 4 4 4 ",
    "identity cards begun": "1 1 0 1 0 5 1 9 4 9 1 2 3 1 ",
    "one stroke of digits": "6222021001116245702",
    "spoken digits": "一 二 三 四 ",
    "commas": "1,2,3,4,5,",
    "letters X": "1 X ",
    "fillers": "1嗯啊哦2",
    "codes": "验证码123456 1 2 3 4 5 6 ",
    "amounts after codes": "验证码123456转了了了 123456的的",
    "cues": "卡号手机",
    "tails": "尾号 1234 ",
    "at signs": "a@a.",
    "mail names": "a" * 63 + "@",
    "spoken at": "a at ",
    "brackets": "(1",
    "plus signs": "+1",
    "passwords": "密码是a1",
    "one word": "a1!",
    "plates": "京A",
    "cards": "6222 0210 0111 6245 702 ",
    "mobiles": "138 0013 8000 ",
}


DIALOGUES = {
    "assents": (Turn("customer", "好的"), Turn("agent", "请报验证码"), Turn("bot", "嗯")),
    "questions without answer": (Turn("agent", "请报验证码"), Turn("bot", "123456")),
}


def cpu_seconds(unit: str, length: int) -> float:
    """In time of this process alone."""
    return seconds_for(Doc.of("1", "".join(islice(cycle(unit), length))))


def seconds_for(doc: Doc) -> float:
    """To mask it, in time of this process alone."""
    [doc.normal] = Normalizer().predict([doc])
    begin = time.process_time()
    Masker().predict([doc])
    return time.process_time() - begin


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_twice_the_text_takes_about_twice_the_time(unit: str) -> None:
    took = [(cpu_seconds(unit, SHORT), cpu_seconds(unit, 2 * SHORT)) for _ in range(5)]
    once, twice = map(min, zip(*took, strict=True))  # in turn: what runs on the other half of the core slows both

    assert twice <= 3 * once + 0.02


@pytest.mark.parametrize("turns", DIALOGUES.values(), ids=DIALOGUES)
def test_twice_the_turns_take_about_twice_the_time(turns: tuple[Turn, ...]) -> None:
    once, twice = Doc("1", turns * (SHORT // 10)), Doc("1", turns * (SHORT // 5))
    took = [(seconds_for(once), seconds_for(twice)) for _ in range(3)]
    once_took, twice_took = map(min, zip(*took, strict=True))

    assert twice_took <= 3 * once_took + 0.02


@pytest.mark.parametrize("asked", [frozenset[str](), frozenset({"otp"}), frozenset({"cvv", "password"})])
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_few_stretches_of_digits_are_read_from_any_place(unit: str, asked: frozenset[str]) -> None:
    text = "".join(islice(cycle(unit), SHORT))
    groups = read = 0
    for chain in digits.runs(text):
        windows = digits.Windows(text, chain)
        groups += len(chain)
        for first in range(len(chain)):
            read += len(list(windows.starting(first, identifiers._sizes(windows.ahead(first), "", asked))))

    assert read <= STRETCHES * groups
