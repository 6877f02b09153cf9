"""Chinese replies: the writer's own words stay, what he quotes is set apart, signatures of programs go."""

import time

import pytest

from app.channels.quotes import split_quotes


@pytest.mark.parametrize(
    ("mail", "own"),
    [
        ("退款没到。\n-----原始邮件-----\n发件人:远山银行\n您好", "退款没到。"),
        ("退款没到。\n\n------------------ 原始邮件 ------------------\n发件人: 银行", "退款没到。"),
        ("退款没到。\n发自我的iPhone", "退款没到。"),
        ("退款没到。\n发自我的 iPhone\n落款 李", "退款没到。\n落款 李"),
        ("退款没到。\n在 2024年5月1日，上午9:00，客服 <kf@bank.example> 写道：\n> 您好", "退款没到。"),
        ("退款没到。\n在 2024年5月1日，上午9:00，客服 <kf@bank.example>\n写道：\n\n您好", "退款没到。"),
        ("退款没到。\n客服于2024年5月1日 09:00写道：\n您好", "退款没到。"),
        ("退款没到。\nOn Wed, 1 May 2024 at 09:00, Bank <kf@bank.example> wrote:\n> hello", "退款没到。"),
        ("退款没到。\n发件人: 远山银行\n发送时间: 2024年5月1日\n收件人: 李\n主题: 回复\n\n您好", "退款没到。"),
        ("> 您的限额已调整\n可是没有变\n> 请重新登录\n登录了也没变", "可是没有变\n登录了也没变"),
        ("我在留言簿上写道：\n服务太差", "我在留言簿上写道：\n服务太差"),
        ("在网点留言簿上我写道：\n服务太差", "在网点留言簿上我写道：\n服务太差"),
        ("发件人：我\n事情是这样的", "发件人：我\n事情是这样的"),
        ("发自内心感谢小武", "发自内心感谢小武"),
    ],
)
def test_own_words(mail: str, own: str) -> None:
    assert split_quotes(mail)[0] == own


def test_a_forward_without_own_words_is_kept() -> None:
    mail = "-----原始邮件-----\n发件人:客户\n年费多扣了"

    assert split_quotes(mail) == (mail, "")


def test_nothing_is_lost_but_the_programs_signature() -> None:
    own, quoted = split_quotes("退款没到。\n> 您好\n发自我的iPhone\n-----原始邮件-----\n请稍候")

    assert (own, quoted) == ("退款没到。", "> 您好\n-----原始邮件-----\n请稍候")


@pytest.mark.parametrize("unit", ["-", " ", "在", "发件人:", "On ", "\n", "> \n", "=_"])
def test_long_repetitions_take_no_long_time(unit: str) -> None:
    start = time.process_time()
    split_quotes(unit * 50_000)

    assert time.process_time() - start < 5
