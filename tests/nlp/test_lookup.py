"""What the index holds of a text proves nothing away: whatever stands in a text is found as it is written."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.lookup import finds, keys_of, places, plain, sought, words_among

WORDS = ("信用卡", "年费", "工商银行", "闪付", "个人行为", "的", "App", "Ｅ1023", "[手机号]", "[QQ号2]", "[哈哈]")
ODD = ("ß", "İ", "\x1b", "\n", " ", "𠮷", "1²")
PIECES = st.sampled_from(WORDS + ODD)
TEXT = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)


@settings(deadline=None)
@example(text="信用卡\x1b\x1b信用卡", at=0, long=6)
@given(text=TEXT, at=st.integers(0, 40), long=st.integers(1, 12))
def test_any_piece_of_a_text_is_found_as_it_is_written(text: str, at: int, long: int) -> None:
    searched = plain(text.replace("[", "("))  # a placeholder is found as a whole alone
    keys = set(keys_of(searched))
    for one in sought(searched[at : at + long], exactly=True):
        assert one.literal in searched
        assert all(keys.intersection(alternatives) for alternatives in one.keys)


@settings(deadline=None)
@given(text=TEXT)
def test_every_word_that_is_sought_of_a_text_is_among_its_keys(text: str) -> None:
    keys = set(keys_of(plain(text)))
    for chunk in text.split():
        for one in sought(chunk):
            assert not one.word or keys.issuperset(*one.keys)


@settings(deadline=None)
@given(text=TEXT, wanted=TEXT)
def test_places_are_apart_and_in_order(text: str, wanted: str) -> None:
    edges = [edge for place in places(text, sought(wanted)) for edge in place]
    assert edges == sorted(edges)
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("信用卡年费", {"信用", "信用卡", "年费", "p用卡", "p卡年"}),
        ("信用卡年費", {"信用", "信用卡", "年费", "p用卡", "p卡年"}),
        ("Ａpp v2.1", {"app", "v2", "1"}),
        ("[手机号]", {"\ue000MOBILE"}),
    ],
)
def test_keys_are_words_pairs_and_runs(text: str, words: set[str]) -> None:
    found = set(keys_of(plain(text)))
    if "手机号" in text:
        assert len(found) == 1
        assert not any("手机号" in key for key in found)
    else:
        assert found == words


def test_a_single_character_goes_with_the_word_beside_it() -> None:
    assert [(one.literal, one.word) for one in sought("不满意")] == [("不满意", False)]
    assert [(one.literal, one.word) for one in sought("卡年费")] == [("卡年费", False)]
    assert [(one.literal, one.word) for one in sought("我的信用卡")] == [("信用卡", True)]


def test_words_among_the_keys_are_those_that_tell_something() -> None:
    keys = keys_of(plain("信用卡的年费怎么又扣了三次，App 也打不开[手机号]"))
    words = words_among(keys)
    assert {"信用卡", "年费", "app"} <= set(words)
    assert not {word for word in words if word.startswith("p") and word != "app"}
    assert not {"怎么", "三次", "了", "\ue000MOBILE"} & set(words)


@pytest.mark.parametrize(("word", "wanted"), [("年费", True), ("app", True), ("年费退还", False), ("退\n费", False)])
def test_a_search_that_finds_just_the_texts_that_hold_a_word(word: str, wanted: bool) -> None:  # noqa: FBT001 - a row
    assert finds(word) is wanted
