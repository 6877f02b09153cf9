"""A flash shows what this session wrote, and nothing that anybody else wrote or changed."""

from hypothesis import given
from hypothesis import strategies as st

from app.web.flash import MAX_CHARS, Flash, Undo, pack, unpack


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=9), st.text(max_size=60), max_size=3))
def test_what_was_packed_is_shown(text: str, fields: dict[str, str]) -> None:
    flash = Flash(text, "good", Undo("/topics/1/rename", fields))
    assert unpack(pack(flash, "token"), "token") == flash


@given(st.text(max_size=80), st.integers(0, 400), st.characters(codec="ascii"))
def test_a_changed_cookie_shows_nothing(text: str, place: int, letter: str) -> None:
    value = pack(Flash(text), "token")
    changed = value[:place] + letter + value[place + 1 :]
    assert unpack(changed, "token") in {None, Flash(text) if changed == value else None}


@given(st.text(max_size=100))
def test_rubbish_shows_nothing(value: str) -> None:
    assert unpack(value, "token") is None


def test_another_session_sees_nothing() -> None:
    assert unpack(pack(Flash("已保存"), "mine"), "yours") is None
    assert unpack(pack(Flash("已保存"), "mine"), None) is None


def test_a_long_one_fits_a_cookie() -> None:
    value = pack(Flash("长" * 5000, "bad", Undo("/x", {"name": "名" * 5000})), "token")
    assert len(value) < MAX_CHARS + 100
    shown = unpack(value, "token")
    assert shown == Flash("长" * 200, "bad")
