"""An identifier is found however the leak writes it, and nothing is found where there is none."""

from __future__ import annotations

import pytest

from nlp.leaks import Known

KNOWN = Known(
    [
        ("138 0013 8000", "MOBILE_SPACED"),
        ("+86 139-1234-5678", "MOBILE_SPACED"),
        ("幺三六 嗯 八八八八 七七七七", "MOBILE_SPOKEN"),
        ("11010119900307003X", "ID_CARD"),
        ("Zhang.San_88@example.com", "EMAIL"),
        ("慕容杰东", "NAME"),
        ("浙江省杭州市西湖区文三路202号", "ADDRESS"),
        ("6416", "CARD_TAIL"),
        ("金国", "NAME"),
        ("+86 10 66551234", "LANDLINE"),
    ]
)


def test_what_is_too_short_to_be_told_from_an_accident_is_left_out() -> None:
    assert len(KNOWN) == 8
    assert not KNOWN.kinds_in("尾号6416，金国强说的")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("打13800138000", "MOBILE_SPACED"),
        ("打１３８－００１３－８０００", "MOBILE_SPACED"),
        ("一三八 零零幺三 八零零零", "MOBILE_SPACED"),
        ('{"phone":"13912345678"}', "MOBILE_SPACED"),
        ("/feedback?q=13688887777", "MOBILE_SPOKEN"),
        ("id=11010119900307003x", "ID_CARD"),
        ("打010-66551234", "LANDLINE"),
        ("写信到 zhang.san_88＠EXAMPLE.com", "EMAIL"),
        ("慕 容 杰 东先生", "NAME"),
        ("他住文三路 202 号", "ADDRESS"),
    ],
)
def test_every_form_is_found(text: str, kind: str) -> None:
    assert KNOWN.kinds_in(text) == {kind}


@pytest.mark.parametrize("text", ["", "打[手机号]", "138001380", "浙江省杭州市西湖区[地址]", "受理编号20260315001234"])
def test_what_is_not_one_of_them_is_not_found(text: str) -> None:
    assert not KNOWN.kinds_in(text)
