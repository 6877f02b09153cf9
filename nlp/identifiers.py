"""Recognisers: which pieces of a normalised text are personal identifiers.

Numbers with a check (identity card, bank card, company code) are believed on their check; the others need the
shape of their kind or a word that announces them. Each answer carries how sure it is, so that of two readings
of the same digits the surer one wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from nlp import cues, digits, taxonomy, written
from nlp.found import ANNOUNCED, CHECKED, SHAPED, Found, surest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.cues import Around
    from nlp.digits import Number

RULES = "rules/identifiers.json"

_MOBILE = re.compile(r"(?:0|0?0?86)?1[3-9]\d{9}")
_LANDLINE = re.compile(r"(?:0?0?86)?(?:0?10|02\d|0[3-9]\d\d)[2-8]\d{6,7}")
_LOCAL = re.compile(r"[2-8]\d{6,7}")
_CARD = re.compile(r"(?:62|4|5[0-5]|2[2-7]|3[5-9]|60|6[4-9]|8[14-8]|9[0-9])\d{14,17}|4\d{12}|3[47]\d{13}|3[068]\d{12}")
_TIMESTAMP = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])?.*")
_SHORTEST = 3  # digits of a card tail or a security code
_ANSWER = 12  # an answer to "the last four digits?" stands at the start of the turn
_FOUR = {(4,), (1, 1, 1, 1)}
_AMOUNT = frozenset(".元块万亿%")
_REGIONS = frozenset(taxonomy.read(RULES)["regions"])  # first two digits of an identity card


def identity_card(number: str) -> bool:
    """True for 18 characters with a real region, a possible birth date and a right check digit."""
    if len(number) != 18 or not number[:17].isdigit() or number[:2] not in _REGIONS:  # noqa: PLR2004
        return False
    try:
        return 1900 <= ric.get_birth_date(number).year < 2100 and ric.calc_check_digit(number) == number[17]  # noqa: PLR2004
    except ValidationError:
        return False


def old_identity_card(number: str) -> bool:
    """True for 15 digits with a real region and a possible birth date in the 1900s."""
    if len(number) != 15 or not number.isdigit():  # noqa: PLR2004
        return False
    longer = number[:6] + "19" + number[6:]
    return identity_card(longer + ric.calc_check_digit(longer + "0"))


def _identity(number: Number, near: Around) -> Found | None:
    kind = "ID_CARD_SPOKEN" if number.spoken else "ID_CARD"
    if identity_card(number.digits):
        return Found(number.start, number.end, kind, CHECKED)
    announced = near.cue == "id" or ("id" in near.asked and not near.cue)
    other = near.cue in {"account", "order", "card"}
    if old_identity_card(number.digits) and number.regular and not number.weak and not other:
        return Found(number.start, number.end, kind, CHECKED if announced else SHAPED)
    if announced and len(number.digits) in {15, 17, 18} and number.regular:  # misread or mistyped, still his
        return Found(number.start, number.end, kind, ANNOUNCED)
    return None


def _mobile(number: Number, near: Around) -> Found | None:
    if not _MOBILE.fullmatch(number.digits) or near.near("order") or near.unit[:1] in _AMOUNT:
        return None
    length = 11
    country = len(number.digits) - length
    layout = number.layout[1:] if country and number.layout[0] == country else number.layout
    announced = near.cue in {"phone", "landline"} or "phone" in near.asked
    if not (announced or ((number.spoken or digits.usual(layout)) and not number.weak)):
        return None
    spaced = "MOBILE" if len(layout) == 1 else "MOBILE_SPACED"
    return Found(number.start, number.end, "MOBILE_SPOKEN" if number.spoken else spaced, SHAPED)


def _bank_card(number: Number, near: Around) -> Found | None:
    if number.weak or near.near("order") or near.unit[:1] in _AMOUNT:
        return None
    kind = "BANK_CARD" if len(number.layout) == 1 else "BANK_CARD_SPACED"
    checked = _CARD.fullmatch(number.digits) and luhn.is_valid(number.digits)
    dated = _TIMESTAMP.fullmatch(number.digits)
    if checked and not dated and not near.glued and number.regular:
        return Found(number.start, number.end, kind, CHECKED)
    announced = near.cue == "card" or ("card" in near.asked and not near.cue)
    if announced and re.fullmatch(r"[1-9]\d{12,18}", number.digits):
        long = len(number.digits) >= 15 and number.regular and not dated  # noqa: PLR2004
        if luhn.is_valid(number.digits) or long:
            return Found(number.start, number.end, kind, ANNOUNCED)
    return None


def _landline(number: Number, near: Around) -> Found | None:
    announced = near.cue in {"phone", "landline"}
    tight = len(number.layout) == 1
    if near.near("order") or cues.hotline(number.digits):
        return None
    area = _LANDLINE.fullmatch(number.digits) and number.layout[0] in {2, 3, 4, 10, 11, 12} and not number.weak
    if area and number.layout[0] + 6 <= len(number.digits) and not tight:
        return Found(number.start, number.end, "LANDLINE", SHAPED)
    if (area and announced) or (near.near("landline") and _LOCAL.fullmatch(number.digits)):
        return Found(number.start, number.end, "LANDLINE", ANNOUNCED)
    return None


def _account(number: Number, near: Around) -> Found | None:
    announced = near.cue == "account" or ("account" in near.asked and near.cue in {"", "card"})
    known = re.fullmatch(r"\d{10,21}", number.digits)
    if announced and known and number.regular and not (number.weak or near.unit or near.glued):
        return Found(number.start, number.end, "ACCOUNT", ANNOUNCED)
    return None


def _short(number: Number, near: Around) -> Found | None:
    """Numbers of a few digits, which nothing but an announcement tells from any other."""
    if number.weak or number.mixed or near.unit or near.glued or near.near("order") or cues.hotline(number.digits):
        return None
    size = len(number.digits)
    kind = ""
    if near.near("tail") and 3 <= size <= 6:  # noqa: PLR2004
        kind = "CARD_TAIL"
    elif number.start <= _ANSWER and not near.cue and "tail" in near.asked and number.layout in _FOUR:  # noqa: PLR2004
        kind = "CARD_TAIL"
    elif near.near("cvv") and size in {3, 4}:
        kind = "CVV"
    elif near.cue == "qq" and re.fullmatch(r"[1-9]\d{4,10}", number.digits) and number.layout == (size,):
        kind = "QQ"
    elif near.cue in {"otp", "password"} and (size == 6 or (near.near(near.cue) and 4 <= size <= 12)):  # noqa: PLR2004
        kind = near.cue.upper()
    elif "otp" in near.asked and not near.cue and size == 6:  # noqa: PLR2004
        kind = "OTP"
    return Found(number.start, number.end, kind, ANNOUNCED) if kind and "X" not in number.digits else None


_READINGS = (_identity, _mobile, _bank_card, _landline, _account, _short)


def numbers(text: str, question: str) -> Iterator[Found]:
    """Identifiers made of digits in a text that answers a question; see `find`."""
    chains = digits.runs(text)
    asked = cues.classes(question) if chains else frozenset()
    for chain in chains:
        readings: list[Found] = []
        for number in digits.windows(text, chain):
            if len(number.digits) >= _SHORTEST:
                near = cues.around(text, number.start, number.end, asked)
                readings.extend(found for read in _READINGS if (found := read(number, near)))
        yield from surest(readings)


def find(text: str, question: str = "") -> list[Found]:
    """All identifiers of a normalised text, in order, without overlaps.

    `question` is the normalised turn of another speaker before it, which may say what a bare number is.
    """
    found = surest([*numbers(text, question), *written.find(text)])
    if any(one.kind == "OTP" for one in found):  # who gives one code often gives the next without saying so
        return surest([*found, *numbers(text, question + "验证码")])
    return found
