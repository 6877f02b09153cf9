"""However a valid number is written, none of it is left; whatever only looks like one stays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from nlp.doc import Doc, Turn
from nlp.mask import Masker
from nlp.normalize import Normalizer, normalize
from tests.nlp.roundtrip import check_roundtrip, shown

SPOKEN = dict(zip("0123456789X", "零幺二三四五六七八九叉", strict=True))
HEARD = {said: digit for digit, said in SPOKEN.items()}
WIDE = {digit: chr(ord(digit) + 0xFEE0) for digit in "0123456789X"}
LAYOUTS = {11: [(3, 4, 4), (3, 8), (7, 4), (3, 3, 5)], 18: [(6, 8, 4), (6, 4, 4, 4)], 16: [(4, 4, 4, 4), (6, 10)]}

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
identity_cards = st.builds(
    lambda region, born, serial: (body := f"{region}0101{born:%Y%m%d}{serial:03}") + ric.calc_check_digit(body + "0"),
    st.sampled_from(["11", "31", "44", "51", "65"]),
    st.dates(date(1925, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
)
bank_cards = st.from_regex(r"(62[0-9]{13,16}|4[0-9]{14}|5[1-5][0-9]{13})", fullmatch=True).map(
    lambda body: body + luhn.calc_check_digit(body)
)
gaps = st.sampled_from([" ", "-", ".", "  ", " - ", "—", "\u200b", "·", "\u3000", "－"])
before = st.sampled_from(["", "我的是", "你好，", "记一下 ", "请看：", "打这个(", "\n"])
after = st.sampled_from(["", "，谢谢", "。", " 尽快回复", "的", ")", "\n", "一会儿联系"])


@st.composite
def spelled(draw: st.DrawFn, number: str) -> str:
    """The number as people write it: grouped, spaced, full-width, spoken."""
    layout = draw(st.sampled_from([(len(number),), (1,) * len(number), *LAYOUTS.get(len(number), [])]))
    if len(number) > 12 and draw(st.booleans()):
        layout = (4,) * (len(number) // 4) + ((len(number) % 4,) if len(number) % 4 else ())
    gap = draw(gaps)
    voice = draw(st.sampled_from([{}, WIDE, SPOKEN]))
    pieces, at = [], 0
    for size in layout:
        pieces.append("".join(voice.get(digit, digit) for digit in number[at : at + size]))
        at += size
    return gap.join(pieces)


def digits_left(text: str) -> str:
    """The digits, written or spoken, that can still be read."""
    read = "".join(HEARD.get(char, char) for char in normalize(text).text)
    return "".join(char for char in read if char.isdigit() and char.isascii())


def check(number: str, spelling: str, left: str, right: str, placeholder: str) -> None:
    seen = shown(left + spelling + right)
    assert placeholder in seen
    assert digits_left(seen.replace(placeholder, "")) in digits_left(left + right)
    assert number not in seen


@given(mobiles, st.data(), before, after)
def test_no_mobile_leaks(number: str, data: st.DataObject, left: str, right: str) -> None:
    check(number, data.draw(spelled(number)), left, right, "[手机号]")


@given(mobiles, st.sampled_from(["+86", "+86 ", "86-", "0086 ", "(+86)", "+86-"]), before, after)
def test_no_mobile_with_its_country_leaks(number: str, country: str, left: str, right: str) -> None:
    check(number, country + number, left, right, "[手机号]")


@given(identity_cards, st.data(), before, after)
def test_no_identity_card_leaks(number: str, data: st.DataObject, left: str, right: str) -> None:
    check(number, data.draw(spelled(number)), left, right, "[身份证号]")


@given(bank_cards, st.data(), before, after)
def test_no_bank_card_leaks(number: str, data: st.DataObject, left: str, right: str) -> None:
    check(number, data.draw(spelled(number)), left, right, "[银行卡号]")


@given(mobiles, bank_cards, identity_cards, st.permutations([0, 1, 2]), st.sampled_from([" ", "，", "/", "\n", "和"]))
def test_neighbours_do_not_hide_each_other(
    mobile: str, card: str, identity: str, order: list[int], between: str
) -> None:
    numbers = [mobile, card, identity]
    seen = shown(between.join(numbers[at] for at in order))
    assert digits_left(seen) == ""


@given(
    st.sampled_from(["订单号", "工单号：", "流水号 ", "业务编号是", "快递单号:", "受理编号（"]),
    st.from_regex(r"[1-9][0-9]{7,20}", fullmatch=True),
)
def test_reference_numbers_stay(announced: str, number: str) -> None:
    if not ric.is_valid(number):
        assert shown(f"您的{announced}{number}，请查收") == f"您的{announced}{number}，请查收"


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["元", "块", "万", "美元"]))
def test_amounts_stay(amount: Decimal, unit: str) -> None:
    text = f"卡里扣了{amount}{unit}，密码没换，账户里少了{amount:,}{unit}"
    assert shown(text) == text


@given(st.integers(-600_000_000, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_dates_and_times_stay(at: datetime) -> None:
    text = f"{at:%Y-%m-%d %H:%M:%S}转账，{at:%Y年%m月%d日%H:%M}提醒，{at:%Y%m%d}到账"
    assert shown(text) == text


@given(st.text("0123456789 -幺二三零一个X叉电话卡号尾验证码密账户@.a元，\n", max_size=60))
@example("○" * 30)
def test_any_text_is_read_without_failing_and_in_order(text: str) -> None:
    doc = Doc("1", (Turn("agent", text), Turn("customer", text)))
    [doc.normal] = Normalizer().predict([doc])
    [pii] = Masker().predict([doc])
    assert list(pii) == sorted(pii)
    assert all(0 <= one.start < one.end <= len(text) for one in pii)
    for left, right in pairwise(pii):
        assert left.part < right.part or left.end <= right.start


TOLD = ["我叫谢伟", "卡号", "尾号", "验证码", "密码是", "电话", "微信", "身份证", "幸福路23号", "3栋2单元", "王经理"]
ODD = ["嗯", "那个", "，", "元", "[手机号]", "○", "１３８", "①", "👍🏽", "𠮷", "ﬁ", "ｅ", " ", "\n", "\u200b"]
messy = st.lists(
    st.one_of(st.sampled_from(TOLD + ODD), mobiles, bank_cards, identity_cards, st.text(max_size=6)),
    max_size=12,
)


@given(st.tuples(messy, st.sampled_from(["；", ""])).map(lambda told: told[1].join(told[0])), st.data())
@example("密码是6200000000000005A13000000000", None)
def test_masking_can_be_undone_exactly_and_done_twice_is_done_once(text: str, data: st.DataObject | None) -> None:
    """With and without anything between the pieces: two numbers that touch must not hide each other."""
    size = len(normalize(text).text)
    likely = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)) if data else [0.0] * size
    check_roundtrip(text, np.array(likely, np.float32))
