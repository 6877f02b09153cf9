"""Recognisers: which pieces of a normalised text are personal identifiers.

Numbers with a check (identity card, bank card, company code) are believed on their check; the others need the
shape of their kind or a word that announces them. Each answer carries how sure it is, so that of two readings
of the same digits the surer one wins.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from nlp import cues, digits, taxonomy, written
from nlp.found import ANNOUNCED, CHECKED, PROVEN, SHAPED, Found, surest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nlp.cues import Around
    from nlp.digits import Group, Number

RULES = "rules/identifiers.json"

_MOBILE = re.compile(r"(?:0|0?0?86)?1[3-9]\d{9}")
LANDLINE = re.compile(r"(?P<country>0?0?86)?(?P<area>(?(country)0?|0)(?:10|2\d|[3-9]\d\d))[2-8]\d{6,7}")
_SUBSCRIBER = {(7,), (8,), (3, 4), (4, 4)}  # how the number after the area code is grouped
_LOCAL = re.compile(r"[2-8]\d{6,7}")
_CARD = re.compile(r"(?:62|4|5[0-5]|2[2-7]|3[5-9]|60|6[4-9]|8[14-8]|9[0-9])\d{14,17}|4\d{12}|3[47]\d{13}|3[068]\d{12}")
_TIMESTAMP = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])?.*")
_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits added
_UNIONPAY = "62"  # with a right check digit believed in any grouping
_ANSWER = 12  # an answer to "the last four digits?" stands at the start of the turn
_FILLERS = re.compile(r"(?:[\W_]|[好的嗯啊哦喔噢行是对吧呢呀我就那个想]|可以|应该|稍?等(?:一?下)?|马上)*")
_TAIL_SIZES, _CVV_SIZES, _SECRET_SIZES = range(3, 7), range(3, 5), range(4, 21)
_CODE_SIZE = 6  # the usual one-time code and card password
_QQ = re.compile(r"[1-9]\d{4,10}")
_FOUR = {(4,), (1, 1, 1, 1)}
_SIX = {(6,), (3, 3), (1, 1, 1, 1, 1, 1)}  # 2026-03-15 begins with six digits too
_AMOUNT = frozenset("元块万亿%")
_MOBILE_LENGTH, _MOBILE_LAYOUT = 11, (3, 4, 4)
_REGIONS = frozenset(taxonomy.read(RULES)["regions"])  # first two digits of an identity card
_OTHER, _BETWEEN, _OTHER_AFTER = (
    "|".join(map(re.escape, taxonomy.read(RULES)[name])) for name in ("not_code_before", "between", "not_code_after")
)
_OTHER_BEFORE = re.compile(rf"(?:{_OTHER})(?:[ :¥$]|{_BETWEEN})*$", re.IGNORECASE)  # 转走了, 余额还有, 基金
_OTHER_BEHIND = re.compile(rf"[ 的全都也被]{{0,4}}(?:{_OTHER_AFTER})", re.IGNORECASE)  # 没了, 这只基金
_SIGN = re.compile(r"[\s,，.。;；、:：]")  # between two clauses
_ROUND = re.compile(r"[1-9]\d0000")  # an amount; of ten thousand codes one is like this
_CODE_LEAD = re.compile(  # a clause that tells a code: 又发来一个, after a sign or another number
    rf"(?:^|[\W\d幺二三四五六七八九])[{taxonomy.read(RULES)['code_leads']}]*$|[是为] ?$"
)


def luhn(number: str) -> bool:
    """True where the last digit checks the others, as on bank cards.

    stdnum's function is right too, but takes twenty times as long, and a message can hold thousands of candidates.
    """
    return (sum(map(int, number[-1::-2])) + sum(map(int, number[-2::-2].translate(_DOUBLED)))) % 10 == 0


def identity_card(number: str) -> bool:
    """True for 18 characters with a real region, a possible birth date and a right check digit."""
    if len(number) != 18 or not number[:17].isdigit() or number[:2] not in _REGIONS:  # noqa: PLR2004 - an ID card has 18
        return False
    try:
        return 1900 <= ric.get_birth_date(number).year < 2100 and ric.calc_check_digit(number) == number[17]  # noqa: PLR2004 - a living person's
    except ValidationError:
        return False


def old_identity_card(number: str) -> bool:
    """True for 15 digits with a real region and a possible birth date in the 1900s."""
    if len(number) != 15 or not number.isdigit():  # noqa: PLR2004 - the old ID card has 15
        return False
    longer = number[:6] + "19" + number[6:]
    return identity_card(longer + ric.calc_check_digit(longer + "0"))


def _identity(number: Number, near: Around) -> Found | None:
    kind = "ID_CARD_SPOKEN" if number.spoken else "ID_CARD"
    if identity_card(number.digits):
        return Found(number.start, number.end, kind, PROVEN)
    announced = near.cue == "id" or ("id" in near.asked and not near.cue)
    other = near.cue in {"account", "order", "card"}
    if old_identity_card(number.digits) and number.regular and not number.weak and not other:
        return Found(number.start, number.end, kind, CHECKED if announced else SHAPED)
    if announced and len(number.digits) in {15, 17, 18} and number.regular:  # misread or mistyped, still his
        return Found(number.start, number.end, kind, ANNOUNCED)
    return None


def _mobile(number: Number, near: Around) -> Found | None:
    if not _MOBILE.fullmatch(number.digits) or near.near("order") or near.unit in _AMOUNT:
        return None
    country = len(number.digits) - _MOBILE_LENGTH
    layout = number.layout[1:] if country and number.layout[0] == country else number.layout
    announced = near.cue in {"phone", "landline"} or "phone" in near.asked
    dictated = number.spoken or (digits.usual(layout) and not number.weak) or layout == _MOBILE_LAYOUT
    if not (announced or dictated):
        return None
    spaced = "MOBILE" if len(layout) == 1 else "MOBILE_SPACED"
    return Found(number.start, number.end, "MOBILE_SPOKEN" if number.spoken else spaced, SHAPED)


def _bank_card(number: Number, near: Around) -> Found | None:
    if number.weak or near.near("order") or near.unit in _AMOUNT:
        return None
    kind = "BANK_CARD" if len(number.layout) == 1 else "BANK_CARD_SPACED"
    dated = _TIMESTAMP.fullmatch(number.digits)
    checked = _CARD.fullmatch(number.digits) and luhn(number.digits) and not dated and not near.glued
    if checked and (number.regular or number.digits.startswith(_UNIONPAY)):
        return Found(number.start, number.end, kind, CHECKED)
    announced = near.cue == "card" or ("card" in near.asked and not near.cue)
    if announced and re.fullmatch(r"[1-9]\d{12,18}", number.digits):
        long = len(number.digits) >= 15 and number.regular and not dated  # noqa: PLR2004 - as long as an old ID card
        if long or luhn(number.digits):
            return Found(number.start, number.end, kind, ANNOUNCED)
    return None


def _landline(number: Number, near: Around) -> Found | None:
    full = LANDLINE.fullmatch(number.digits)
    if not (full or near.cue == "landline") or near.near("order") or cues.hotline(number.digits):
        return None
    if full and not number.weak:
        parts = tuple(len(part) for part in (full["country"], full["area"]) if part)
        split = number.layout[: len(parts)] == parts and number.layout[len(parts) :] in _SUBSCRIBER
        if split or number.spoken or near.cue in {"phone", "landline"}:
            return Found(number.start, number.end, "LANDLINE", SHAPED if split else ANNOUNCED)
    if near.near("landline") and _LOCAL.fullmatch(number.digits):
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
    if not (near.cue or near.asked):
        return None
    if number.weak or number.mixed or near.unit or near.glued or near.near("order") or cues.hotline(number.digits):
        return None
    size = len(number.digits)
    answered = number.start <= _ANSWER and not near.cue and "tail" in near.asked and number.layout in _FOUR
    kind = ""
    if (near.near("tail") and size in _TAIL_SIZES) or answered:
        kind = "CARD_TAIL"
    elif near.near("cvv") and size in _CVV_SIZES:
        kind = "CVV"
    elif near.cue == "qq" and len(number.layout) == 1 and _QQ.fullmatch(number.digits):
        kind = "QQ"
    elif near.cue in {"otp", "password"} and (size == _CODE_SIZE or (near.near(near.cue) and size in _SECRET_SIZES)):
        kind = near.cue.upper()
    else:
        kind = _asked_secret(number, near)
    return Found(number.start, number.end, kind, ANNOUNCED) if kind else None


def _asked_secret(number: Number, near: Around) -> str:
    """The kind of a code that answers a question for one, or "": written as one, for it is cut for good."""
    size = len(number.digits)
    if near.cue:
        return ""
    dictated = size == _CODE_SIZE and (number.spoken or number.layout in _SIX)
    if "otp" in near.asked and dictated:
        return "OTP"
    if "password" in near.asked and dictated:
        return "PASSWORD"
    if "cvv" in near.asked and size in _CVV_SIZES and number.regular:
        return "CVV"
    return ""


def _maybe_code(text: str, number: Number, near: Around) -> bool:
    """False where a number of a code's size, not right beside the word for it, is told to be something else.

    Without such a word, in answer to a question or after another code, its own clause must tell a code.
    """
    if near.cue and near.near(near.cue):
        return True
    ahead = text[max(0, number.start - cues.REACH) : number.start]
    if _ROUND.fullmatch(number.digits) or _OTHER_BEFORE.search(ahead):
        return False
    clause = near.cue and not _SIGN.search(near.gap.strip())  # 验证码我输了345678扣款失败: what failed is told behind
    if not clause and _OTHER_BEHIND.match(text, number.end):
        return False
    return bool(near.cue or _CODE_LEAD.search(ahead))


_READINGS = (_identity, _mobile, _bank_card, _landline, _account, _short)
_DATE = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_SHAPES = (  # how the digits of a number begin that needs no announcement, and how many it has
    (re.compile(rf"(?:{'|'.join(_REGIONS)})\d{{4}}(?:19|20)\d\d{_DATE}"), {18}),
    (re.compile(rf"(?:{'|'.join(_REGIONS)})\d{{6}}{_DATE}"), {15}),
    (re.compile(r"1[3-9]"), {11}),
    (re.compile(r"01[3-9]"), {12}),
    (re.compile(r"0?0?861[3-9]"), {13, 14, 15}),
    (re.compile(r"(?:0|0?0?860?)(?:10|2\d|[3-9]\d\d)[2-8]"), set(range(10, 17))),
    (re.compile(r"62|4|5[0-5]|2[2-7]|3[5-9]|60|6[4-9]|8[14-8]|9[0-9]"), set(range(16, 20))),
    (re.compile(r"4|3[0468-9]|37"), {13, 14, 15}),
)
_ANNOUNCED_SIZES = {  # how many digits a number may have besides, by the word that announces it
    "id": {15, 17, 18},
    "card": set(range(13, 20)),
    "landline": {7, 8},
    "account": set(range(10, 22)),
    "tail": set(_TAIL_SIZES),
    "cvv": set(_CVV_SIZES),
    "qq": set(range(5, 12)),
    "otp": set(_SECRET_SIZES),
    "password": set(_SECRET_SIZES),
}
_ASKED_SIZES = {name: _ANNOUNCED_SIZES[name] for name in ("id", "card", "account", "cvv")} | {
    "tail": {4},
    "otp": {_CODE_SIZE},
    "password": {_CODE_SIZE},
}


def _sizes(ahead: str, cue: str, asked: frozenset[str]) -> list[int]:
    """How many digits a number that begins here may have: a quick look, so that few stretches are read at all."""
    sizes = [
        _ANNOUNCED_SIZES.get(cue, set()),
        *(_ASKED_SIZES.get(name, set()) for name in asked),
        *(usual for shape, usual in _SHAPES if shape.match(ahead)),
    ]
    return sorted(set().union(*sizes))


def numbers(text: str, asked: frozenset[str]) -> Iterator[Found]:
    """Identifiers made of digits in a text that answers a question; see `find`."""
    chains = digits.runs(text)
    bare = _bare(text, chains)
    if not bare:  # who names a code need not ask for it; an answer says the code and no more
        asked -= {"cvv", "password"}
    for chain in chains:
        yield from (_opened(text, found) for found in surest(_readings(text, chain, asked, bare=bare)))


def says_nothing(text: str) -> bool:
    """True where beside signs there are but words that lead to an answer or away from it."""
    return _FILLERS.fullmatch(text) is not None


def _bare(text: str, chains: Sequence[list[Group]]) -> bool:
    return len(chains) == 1 and says_nothing(text[: chains[0][0].start] + text[chains[0][-1].end :])


def _readings(text: str, chain: list[Group], asked: frozenset[str], *, bare: bool) -> Iterator[Found]:
    """What the numbers of one chain may be, as yet contradicting each other."""
    windows = digits.Windows(text, chain)
    for first, head in enumerate(chain):
        announced = cues.before(text, head.start)
        for number in windows.starting(first, _sizes(windows.ahead(first), announced[0], asked)):
            near = cues.around(text, number.start, number.end, asked, announced)
            for found in (found for read in _READINGS if (found := read(number, near))):
                if found.kind not in {"OTP", "PASSWORD"} or bare or _maybe_code(text, number, near):
                    yield found


def _opened(text: str, found: Found) -> Found:
    """The reading with the plus sign or bracket that opens it: +86…, (010)…."""
    start = found.start
    if text.startswith("+", start - 1, start):
        start -= 1
    if text.startswith("(", start - 1, start) and ")" in text[start : found.end]:
        start -= 1
    return replace(found, start=start)


def find(text: str, asked: frozenset[str] = frozenset()) -> list[Found]:
    """All identifiers of a normalised text, in order, without overlaps.

    `asked` holds the cue classes of what others said before it, which may say what a bare number is.
    """
    found = surest([*numbers(text, asked), *written.find(text)])
    if any(one.kind == "OTP" for one in found):  # who gives one code often gives the next without saying so
        return surest([*found, *numbers(text, asked | {"otp"})])
    return found
