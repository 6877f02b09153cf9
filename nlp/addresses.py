"""Which pieces of a normalised text are addresses of persons: a street or an estate, a house, a building, a door.

Province, city and district stay: statistics need them, and they identify nobody. What follows them is masked. An
address has a number of a house, a building or a door: a street alone, an estate alone, a counter (9号窗) or a branch of
the bank (中山路12号支行) is no address of a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

SURE = 0.5  # the model's probability from which a character belongs to an address
SHORTEST = 5  # characters of an address that only the model sees
_HAN = "[\u3400-\u9fff]"
_NUMBER = r"(?:[0-9]{1,5}(?:[-–—][0-9]{1,5}){0,3}[A-Za-z]?|[零〇一二两三四五六七八九十百幺]{1,6}|[A-Za-z][0-9]{0,4})"
_STREET = "(?:大街|街道|大道|公路|胡同|路|街|巷|弄|道|里|环|段|线)"
_ESTATE = (
    "(?:小区|社区|花园|家园|公寓|大厦|广场|新村|新城|大院|家属院|宿舍|别墅|山庄|花苑|苑|园|庭|湾|城|府|邸|轩|居|院|楼|座"
    "|[里区期]|自然村|村|庄|屯|寨|镇|乡|组)"
)
_HOUSE, _BUILDING, _VILLAGE = "(?:号楼|号院|号)", "(?:号楼|栋|幢|座|单元|室|门栋|斋)", "(?:组|队|社|号)"
_FURTHER = "(?:号楼|号院|号|栋|幢|座|单元|门栋|门|楼|层|室|房|户|组|队|社)"
_BANKS = r"(?:支行|分行|营业部|营业厅|网点|柜台|窗|柜员|取款机|机器|文件)"
_NO_ADDRESS = rf"(?!的?{_BANKS}|{_HAN}{{1,4}}(?:支行|分行))"
_LEAD = re.compile(  # words before a place, no part of its name
    r".*(?:住址|地址|家住|住在|在|住|位于|到|寄|送|是|为|给|往|回|去|来|我家|[我你您他她这那的了])"
)
_PLACE_NAME = r"[\u3400-\u9fffA-Za-z0-9]{1,10}?"
_PUBLIC = "(?<!医)(?<!法)(?<!学)(?<!商)(?<!公)(?<!影)(?<!剧)(?<!检察)"  # a ward of the hospital is nobody's home
_START = re.compile(
    rf"{_PLACE_NAME}(?:"
    rf"{_STREET}\s?{_NUMBER}{_HOUSE}"
    rf"|{_PUBLIC}{_ESTATE}\s?{_NUMBER}{_BUILDING}"
    rf"|(?:村|屯|寨|庄|社区)\s?{_NUMBER}{_VILLAGE}"
    rf"|(?:小区|花园|家园|公寓|新村|苑|[里庭湾府邸])\s?[0-9]{{1,3}}-[0-9]{{1,4}}(?:-[0-9]{{2,5}})?"
    rf"){_NO_ADDRESS}"
)
_MORE = re.compile(
    rf"[\s,，、]?(?:{_HAN}{{1,10}}?{_ESTATE}\s?)??(?:{_NUMBER}\s?{_FURTHER}|[0-9]{{1,2}}-[0-9]{{1,5}}(?:-[0-9]{{2,5}})?"
    rf"|(?<=[元栋幢座楼])\s?(?:[0-9]{{3,5}}|[零〇一二两三四五六七八九幺]{{3,4}})){_NO_ADDRESS}"
)
_ANCHOR = re.compile(r"[0-9A-Za-z零〇一二两三四五六七八九十百幺](?:\s?[号栋幢座单室组队社门斋]|-[0-9])")  # found fast
_UNBROKEN = re.compile(r"\w*")
_BEFORE, _AFTER = 24, 16  # characters around an anchor in which an address begins and shows what it is
_REGION = re.compile(
    rf"(?:{_HAN}{{2,8}}?(?:省|自治区))?\s?(?:{_HAN}{{2,8}}?(?:市|自治州|州|盟|地区))?\s?(?:{_HAN}{{1,6}}?(?:(?<![小社园甲乙丙丁东西南北一二三四五六七八九十])区|[县市旗]))"
)
_DOOR = re.compile(
    r"[0-9零〇一二两三四五六七八九十幺]\s?(?:号|[栋幢座室弄组队楼层]|门(?!口)|单元)|(?<![0-9])[0-9]{1,3}-[0-9]{1,4}(?![0-9])"
)
_BANK = re.compile(_BANKS)


@dataclass(frozen=True, slots=True)
class Address:
    """Normalised code points [start, end); up to `formed` its form is enough, 0 where only the model sees it."""

    start: int
    end: int
    formed: int = 0


def find(text: str, likely: NDArray[np.float32]) -> Iterator[Address]:
    """Addresses in order, not overlapping; likely: for each character how probably it is part of one."""
    found: list[Address] = []
    for one in sorted([*_by_form(text), *_by_model(text, likely)], key=lambda address: address.start):
        last = found[-1] if found else None
        if last is None or one.start >= last.end:
            found.append(one)
        else:
            found[-1] = _joined(text, last, one)
    yield from found


def _joined(text: str, one: Address, other: Address) -> Address:
    """Two that overlap as one: what only the model adds to a form stops at a blank (…1801室 王经理来过)."""
    formed, furthest = max(one.formed, other.formed), max(one.end, other.end)
    further = _UNBROKEN.match(text, formed, furthest)
    return Address(one.start, further.end() if further else furthest, formed)


def _by_form(text: str) -> Iterator[Address]:
    end = 0
    for anchor in _ANCHOR.finditer(text):
        first = _START.search(text, max(end, anchor.start() - _BEFORE), anchor.end() + _AFTER)
        if first is None:
            continue
        end = first.end()
        while more := _MORE.match(text, end):
            end = more.end()
        lead = _LEAD.match(text, first.start(), first.end() - 3)
        yield Address(region_end(text, lead.end() if lead else first.start(), end), end, end)


def _by_model(text: str, likely: NDArray[np.float32]) -> Iterator[Address]:
    """Runs of likely characters that hold the number of a door."""
    inside = [*(likely >= SURE), False]
    start = 0
    for at, sure in enumerate(inside):
        if sure:
            continue
        home = _DOOR.search(text, start, at) and not _BANK.search(text, start, at) and not _BANK.match(text, at)
        if at - start >= SHORTEST and home:
            yield Address(region_end(text, start, at), at)
        start = at + 1


def region_end(text: str, start: int, end: int) -> int:
    """Where the part after the district begins."""
    region = _REGION.match(text, start, end)
    return region.end() if region and region.end() < end else start
