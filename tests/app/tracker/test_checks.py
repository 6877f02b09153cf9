"""What may stand in texts that are stored in clear: figures of every kind, and nothing that leads to a person."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.feedback import originals
from app.tracker.checks import plain


def checked(text: str) -> str:
    return plain(text, field="detail", title="说明", longest=2000)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请回 １３８００１３８０００", "手机号"),
        ("请回 138.0013.8000", "手机号"),
        ("请回幺三八零零幺三八零零零", "手机号"),
        ("证件 110101 19900307 1233", "身份证号"),
        ("打 010-62345678 找他", "座机号"),
        ("客户住建国路88号3号楼501室", "地址"),
        ("客户住建国路８８号３号楼５０１室", "地址"),
    ],
)
def test_whatever_leads_to_a_person_is_told_by_its_kind(text: str, kind: str) -> None:
    with pytest.raises(Invalid, match=rf"不要写个人信息，这里像是有{kind}：请删去，要指明客户就写客户编号") as caught:
        checked(text)
    assert caught.value.field == "detail"
    with pytest.raises(Invalid, match="说明里有个人信息"):
        originals._note(text, {})


@pytest.mark.parametrize("text", ["工单 13800138000", "110101199003071234", "写到 _someone@example.com"])
def test_what_only_has_the_shape_of_a_number_is_refused_too(text: str) -> None:
    """After 工单 it may be no telephone number, and the check digit is wrong: better once too often than for ever."""
    with pytest.raises(Invalid, match="不要写个人信息"):
        checked(text)


@pytest.mark.parametrize(
    "text",
    [
        "工单 20260911",
        "工单号 202609110001",
        "客户编号 1029384756，客户 C1029384756",
        "2026年9月11日前把投诉降到 12.5%",
        "2026.07.01-2026.09.30 投诉由 1,250 件降到 800 件以下（-36%）",
        "退还 12,345,678.90 元，每笔 2 元改为每月 2 元",
        "3月、4月、5月各 1200、1300、1400 件",
        "NPS 由 -12 升到 8（n=1200）",
        "热线 400-810-8888 打不通，95588 转 3 转 2 转 1",
        "人民路18号营业厅和建设路12号支行 3 号窗口",
        "密码连续输错 5 次，6 位验证码 60 秒过期",
        "（2026）京0105民初12345号",
        "二〇二六年十月二十日起，三个工作日内答复",
        "[手机号1] 收不到短信",
    ],
)
def test_ordinary_figures_may_stay(text: str) -> None:
    assert checked(text) == text
    assert originals._note(text, {}) == text


def test_the_number_of_a_complaint_may_stand_in_the_reason_for_opening_an_original() -> None:
    note = "投诉单 20260911000123，核对来电号码"
    assert originals._note(note, {}) == note
