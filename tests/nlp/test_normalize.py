"""Normalised text reads the same however it was typed, and every piece of it leads back to the original."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.doc import SUBJECT, Doc
from nlp.normalize import Normalizer, normalize

TYPED = st.text(
    st.one_of(
        st.sampled_from("电话登陸銀行卡 　\t\r\n１３８0-①㎏…\u200b\u2060\ufeff\ufe0f\u20e3٣७Ⅹ﹣，。é\u0301😱👨‍👩‍👧"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("１３８　１２３４", "138 1234"),
        ("銀行賬戶電話綁定失敗", "银行账户电话绑定失败"),
        ("存摺裏的錢後來沒了", "存折里的钱后来没了"),
        ("女孩怎么什么都没说，著名的台湾", "女孩怎么什么都没说,著名的台湾"),
        ("13\u200b8\u00ad00\ufeff", "13800"),
        ("1\ufe0f\u20e33\ufe0f\u20e3", "13"),
        ("٠١٢३४", "01234"),
        ("①13812345678", "①13812345678"),
        ("第一行  \r\n\r\n 第二行 \t 尾", "第一行\n第二行 尾"),
        ("ＡＴＭ㎏…", "ATMkg..."),
        ("", ""),
        ("\u200b\u200d", ""),
    ],
)
def test_one_spelling(original: str, expected: str) -> None:
    assert normalize(original).text == expected


@given(TYPED)
def test_every_character_stands_for_a_piece_of_the_original_in_order(original: str) -> None:
    normal = normalize(original)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    assert all(0 <= start < end <= len(original) for start, end in zip(normal.starts, normal.ends, strict=True))
    assert all(left <= right for left, right in pairwise(normal.starts))
    assert all(left <= right for left, right in pairwise(normal.ends))


@given(TYPED, st.data())
def test_a_span_goes_to_the_original_and_back(original: str, data: st.DataObject) -> None:
    normal = normalize(original)
    if not normal.text:
        return
    start = data.draw(st.integers(0, len(normal.text) - 1))
    end = data.draw(st.integers(start + 1, len(normal.text)))
    first, last = normal.to_normal(*normal.to_original(start, end))
    assert first <= start
    assert last >= end
    assert normal.to_original(first, last) == normal.to_original(start, end)  # more only where one char became several


@given(TYPED)
def test_normalising_twice_changes_nothing(original: str) -> None:
    once = normalize(original).text
    assert normalize(once).text == once


@given(TYPED, st.data())
def test_what_was_dropped_maps_to_nothing(original: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(original)))
    normal = normalize(original[:at] + "\u200b" + original[at:])
    first, last = normal.to_normal(at, at + 1)
    covered = [(start, end) for start, end in zip(normal.starts, normal.ends, strict=True) if start <= at < end]
    assert (last - first) == len(covered)  # a blank run around it may span it; else the range is empty


def test_all_parts_are_normalised() -> None:
    [normal] = Normalizer().predict([Doc.of("1", "電話", subject="標題")])
    assert {part: text.text for part, text in normal.items()} == {SUBJECT: "标题", 0: "电话"}
