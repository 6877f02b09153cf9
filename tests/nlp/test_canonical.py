"""Two ways to write one identifier have one form, so that its mentions are linked and counted as one."""

from __future__ import annotations

import pytest

from nlp.canonical import canonical


@pytest.mark.parametrize(
    ("kind", "form", "written"),
    [
        ("LANDLINE", "1066551234", ["010-66551234", "+86 10 66551234", "(010)66551234", "0086-010-66551234"]),
        ("LANDLINE", "1066551234", ["１０ ６６５５１２３４", "零幺零 六六五五幺二三四"]),
        ("LANDLINE", "57123433247", ["0571-23433247", "+86 571 2343 3247", "8657123433247"]),
        ("LANDLINE", "86551234", ["86551234", "8655-1234"]),
        ("LANDLINE", "6655123", ["6655123"]),
        ("MOBILE_SPACED", "13800138000", ["+86 138 0013 8000", "幺三八零零幺三八零零零"]),
        ("BANK_CARD", "6225888581863140870", ["6225 8885 8186 3140 870"]),
        ("EMAIL", "abcqqcom", ["abc＠qq．com", "ABC@qq.com"]),
    ],
)
def test_every_way_to_write_it_has_one_form(kind: str, form: str, written: list[str]) -> None:
    assert {canonical(one, kind) for one in written} == {form}
