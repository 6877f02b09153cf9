"""One form for one identifier, however it is written: what two mentions of the same number have in common."""

from __future__ import annotations

from nlp import digits
from nlp.identifiers import LANDLINE
from nlp.normalize import normalize

MOBILE_DIGITS = 11
_LETTERED = frozenset({"NAME", "ADDRESS", "EMAIL", "WECHAT", "USCC", "PASSPORT", "PLATE", "PASSWORD"})


def lettered(kind: str) -> bool:
    """True for kinds that are not made of digits alone."""
    return kind in _LETTERED


def canonical(written: str, kind: str) -> str:
    """Digits alone for a number, spoken or spaced, letters and digits for the rest.

    A telephone number is without the country's code, and its area without the zero dialled before it.
    """
    text = normalize(written).text
    if lettered(kind):
        return letters(text)
    number = "".join(numbers(text))
    if kind == "LANDLINE" and (full := LANDLINE.fullmatch(number)):
        return number[full.start("area") :].removeprefix("0")
    return number[-MOBILE_DIGITS:] if kind.startswith("MOBILE") else number


def letters(text: str) -> str:
    """The letters and digits of a normalised text, without regard to case."""
    return "".join(char for char in text if char.isalnum()).casefold()


def numbers(text: str) -> list[str]:
    """The digits of each chain of digits of a normalised text, spoken or written."""
    return ["".join(group.digits for group in chain) for chain in digits.runs(text)]
