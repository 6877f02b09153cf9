"""Recognisers of identifiers that hold letters: e-mail, plate, company code, passport, WeChat id, password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum.cn import uscc

from nlp import cues, taxonomy
from nlp.found import ANNOUNCED, CHECKED, SHAPED, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT, _RIGHT = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_AT, _DOT = r"(?: ?@ ?| ?[(\[]?(?<![A-Za-z])at(?![A-Za-z])[)\]]? ?| ?艾特 ?)", r"(?:\.| ?点 ?)"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}{_AT}"
    rf"(?:[A-Za-z0-9-]{{1,63}}{_DOT}){{1,4}}[A-Za-z]{{2,12}}{_RIGHT}",
    re.IGNORECASE,
)
_RULES = taxonomy.read("rules/identifiers.json")
_PROVINCE = _RULES["plate_provinces"]
_PLATE = re.compile(
    rf"[{_PROVINCE}][A-HJ-NP-Z][·•.\- ]?(?:"
    r"(?:[DABCEFGHJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[DABCEFGHJK])"
    rf"|[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳]){_RIGHT}",
    re.IGNORECASE,
)
_USCC = re.compile(rf"{_LEFT}[0-9A-HJ-NPQRTUWXY]{{2}}[0-9]{{6}}[0-9A-HJ-NPQRTUWXY]{{10}}{_RIGHT}", re.IGNORECASE)
_PASSPORT = re.compile(rf"{_LEFT}(?:E[A-HJ-NP-Z][0-9]{{7}}|[EG][0-9]{{8}}){_RIGHT}", re.IGNORECASE)
_PERMIT = re.compile(
    rf"{_LEFT}(?:[DSP]E?[0-9]{{7}}|C[A-Z0-9][0-9]{{7}}|[HM][0-9]{{10}}|[WHM][0-9]{{8}}|[A-Z]{{1,2}}[0-9]{{6,8}}){_RIGHT}",
    re.IGNORECASE,
)
_DATED = re.compile(r"[A-Z]20[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])", re.IGNORECASE)
_WECHAT = re.compile(
    r"(?P<cue>微信号?|[v威薇维]信号?|(?<![A-Za-z])(?:wx|vx|wechat|v|加v)(?![A-Za-z])"
    r"|加(?:我|他|她)|(?<![参增添追再附外叠更])加|(?<=[添再])加(?=\s?(?-i:[a-z]))|私信?我?|s我)"
    r"(?P<gap>[\s:=,+是号为我同个叫()]{0,4}(?-i:V(?=[a-z]))?)"
    r"(?P<id>[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@.])",
    re.IGNORECASE,
)
_PRODUCT = re.compile(  # 微信 iphone15pro, 加iPhone15, 微信 ETF510300: what one pays with or for, not whom one adds
    rf"(?:微信|加)\s?(?:(?:{'|'.join(_RULES['products'])})[-_]?)+"
    r"[0-9]{0,2}(?:[-_]?(?:pro|max|plus|mini|ultra|air|se|s|beta))*"
    rf"|微信\s(?-i:(?:{'|'.join(_RULES['tickers'])})[0-9]+)",
    re.IGNORECASE,
)
_TYPED = "A-Za-z!@#$%^&*_.+-"  # beside digits, of which a password has one at least
_PASSWORD = re.compile(
    r"(?:密码|口令|password|passwd|pwd|pin码?)[\s:=是为就叫成用了\"“「']{0,6}"
    rf"(?P<secret>○{{6,64}}|(?=[^\s\u4e00-\u9fff]{{0,19}}[0-9]|[{_TYPED}]{{20,63}}[0-9])[0-9{_TYPED}]{{6,64}}){_RIGHT}",
    re.IGNORECASE,
)


def _plates(text: str) -> Iterator[Found]:
    for found in _PLATE.finditer(text):
        near = cues.around(text, *found.span())
        if near.cue == "vehicle" or sum(char.isdigit() for char in found[0]) > 2:  # noqa: PLR2004 - 粤A is also a share
            yield Found(*found.span(), "PLATE", SHAPED)


def _company_codes(text: str) -> Iterator[Found]:
    for found in _USCC.finditer(text):
        near = cues.around(text, *found.span())
        if uscc.is_valid(found[0].upper()) and not near.near("order"):
            yield Found(*found.span(), "USCC", CHECKED)
        elif near.cue == "company":
            yield Found(*found.span(), "USCC", ANNOUNCED)


def _passports(text: str) -> Iterator[Found]:
    for found in _PASSPORT.finditer(text):
        if not _DATED.fullmatch(found[0]) and not cues.around(text, *found.span()).near("order"):
            yield Found(*found.span(), "PASSPORT", SHAPED)
    for found in _PERMIT.finditer(text):
        if cues.around(text, *found.span()).cue == "passport":
            yield Found(*found.span(), "PASSPORT", ANNOUNCED)


def _wechat_ids(text: str) -> Iterator[Found]:
    for found in _WECHAT.finditer(text):
        own = text[: found.start()].endswith(("我", "我的"))  # 我的微信 vivo88
        product = not own and _PRODUCT.fullmatch(found[0])
        coined = any(char in "0123456789_-" for char in found["id"]) and not product
        if coined or "号" in found["cue"] + found["gap"]:
            yield Found(*found.span("id"), "WECHAT", ANNOUNCED)


def find(text: str) -> Iterator[Found]:
    """Identifiers with letters in a normalised text; overlaps are left to the caller."""
    for found in _EMAIL.finditer(text):
        yield Found(*found.span(), "EMAIL", SHAPED)
    yield from _plates(text)
    yield from _company_codes(text)
    yield from _passports(text)
    yield from _wechat_ids(text)
    for found in _PASSWORD.finditer(text):
        yield Found(*found.span("secret"), "PASSWORD", ANNOUNCED)
