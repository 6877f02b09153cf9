"""The words of a feedback cut for display: nothing of an identifier shows, and every mark is on its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feedback.display import Piece, pieces_of
from nlp.doc import Pii


def shown(pieces: list[Piece]) -> list[tuple[str, bool, tuple[int, ...]]]:
    return [(piece.text, piece.masked, piece.marks) for piece in pieces]


def test_the_same_number_bears_the_same_placeholder_in_all_parts() -> None:
    texts = {0: "打13800138000没人接", 1: "再打138 0013 8000和13900139000"}
    pii = {0: [Pii(0, 1, 12, "MOBILE")], 1: [Pii(1, 2, 15, "MOBILE_SPACED"), Pii(1, 16, 27, "MOBILE")]}
    found = pieces_of(texts, pii, {})
    assert "".join(piece.text for piece in found[0]) == "打[手机号1]没人接"
    assert "".join(piece.text for piece in found[1]) == "再打[手机号1]和[手机号2]"


@pytest.mark.parametrize(
    ("kind", "one", "other_kind", "other", "shown_as"),
    [
        ("MOBILE", "13812345678", "MOBILE", "１３８１２３４５６７８", "[手机号1]"),
        ("MOBILE", "13812345678", "MOBILE_SPACED", "+86 138 1234 5678", "[手机号1]"),
        ("MOBILE", "13812345678", "MOBILE_SPOKEN", "幺三八幺二三四五六七八", "[手机号1]"),
        ("MOBILE", "13812345678", "MOBILE_SPACED", "139 1234 5678", "[手机号2]"),
        ("MOBILE", "13812345678", "BANK_CARD", "6225888581863140870", "[银行卡号1]"),
        ("ACCOUNT", "HT20240001", "ACCOUNT", "ZQ20240001", "[账号2]"),
        ("CARD_TAIL", "888", "CARD_TAIL", "三个八", "[卡尾号1]"),
        ("ID_CARD", "11010519491231002X", "ID_CARD", "110105 19491231 002x", "[身份证号1]"),
        ("NAME", "张伟", "NAME", "張偉", "[姓名1]"),
        ("PASSWORD", "○○○○○○", "PASSWORD", "○○○○○○○○", "[密码2]"),
    ],
)
def test_one_identifier_bears_one_number_however_it_is_written(
    kind: str, one: str, other_kind: str, other: str, shown_as: str
) -> None:
    pii = {0: [Pii(0, 0, len(one), kind)], 1: [Pii(1, 0, len(other), other_kind)]}
    assert [piece.text for piece in pieces_of({0: one, 1: other}, pii, {})[1]] == [shown_as]


def test_evidence_covers_its_words_and_a_placeholder_as_a_whole() -> None:
    text = "卡6222被盗刷了三千"
    found = pieces_of({0: text}, {0: [Pii(0, 1, 5, "CARD_TAIL")]}, {0: [(3, 8, 1), (7, 8, 2)]})
    assert shown(found[0]) == [
        ("卡", False, ()),
        ("[卡尾号1]", True, (1,)),
        ("被盗", False, (1,)),
        ("刷", False, (1, 2)),
        ("了三千", False, ()),
    ]


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[Pii], list[tuple[int, int, int]]]:
    text = draw(st.text(alphabet="一二三四五六", min_size=1, max_size=30))
    places = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(places, places).filter(lambda one: one[0] < one[1]), max_size=4))
    evidence = draw(st.lists(st.tuples(places, places).filter(lambda one: one[0] < one[1]), max_size=4))
    return (
        text,
        [Pii(0, start, end, "MOBILE") for start, end in spans],
        [(start, end, number) for number, (start, end) in enumerate(evidence, 1)],
    )


@given(cut_texts())
def test_outside_the_identifiers_every_character_stays_and_inside_none(
    made: tuple[str, list[Pii], list[tuple[int, int, int]]],
) -> None:
    text, pii, evidence = made
    pieces = pieces_of({0: text}, {0: pii}, {0: evidence})[0]
    hidden = {at for one in pii for at in range(one.start, one.end)}
    assert "".join(piece.text for piece in pieces if not piece.masked) == "".join(
        letter for at, letter in enumerate(text) if at not in hidden
    )
    assert {number for piece in pieces for number in piece.marks} == {number for _, _, number in evidence}
