"""What a number is that answers a question: what another speaker asked says it, as long as nothing else does."""

from __future__ import annotations

import pytest

from nlp.doc import Doc, Turn
from tests.nlp.test_mask import planted, read, with_kinds


@pytest.mark.parametrize(
    ("question", "marked", "kind"),
    [
        ("请提供卡号后四位", "《4662》,金额应该是23764.8", "CARD_TAIL"),
        ("麻烦报一下您的账号", "秦家永 《450612310077》", "ACCOUNT"),
        ("您泄露的是哪一条验证码", "《988715》 就这个 一分钟前", "OTP"),
        ("请报一下卡背面的安全码", "《123》", "CVV"),
        ("请报一下卡背面的安全码", "是《幺二三》对吧", "CVV"),
        ("您泄露的是哪一条验证码", "骗子让我念的，是《886655》", "OTP"),
        ("您泄露的是哪一条验证码", "短信上写的是《886655》，我就念了", "OTP"),
        ("您泄露的是哪一条验证码", "他发来的那条短信总之是《886655》", "OTP"),
        ("请提供验证码", "稍等我看一下啊。收到了，《886655》", "OTP"),
        ("请提供验证码", "《500000》", "OTP"),
        ("请您输入查询密码", "《654321》", "PASSWORD"),
        ("请您输入查询密码", "好的，我想想啊，应该就是那个，《六五四 三二一》", "PASSWORD"),
    ],
)
def test_a_bare_number_is_what_was_asked_for(question: str, marked: str, kind: str) -> None:
    text, expected = planted(marked, kind, part=1)
    answered = read(Doc("1", (Turn("agent", question), Turn("customer", text))))
    assert with_kinds(answered.identifiers) == with_kinds(expected)
    assert read(Doc("1", (Turn("customer", question), Turn("customer", text)))).identifiers == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("请报一下卡背面的安全码", "扣了300元是怎么回事"),
        ("请报一下卡背面的安全码", "110我也打过了"),
        ("请报一下卡背面的安全码", "12 3那两天我都去过"),
        ("请报一下卡背面的安全码", "2026-03-15改过一次"),
        ("请报一下卡背面的安全码", "就扣了1,280多"),
        ("请报一下卡背面的安全码", "退了500多"),
        ("我们不会索要安全码和密码，请您不要提供", "买的是基金161725"),
        ("登录密码锁定了", "余额还有123456呢，不会丢吧"),
        ("您收到验证码了吗", "2026-03-15收到的"),
        ("您收到验证码了吗", "收到了，但是我买的是510300这只基金"),
        ("您收到验证码了吗", "没有，我的养老钱356800全没了"),
        ("您收到验证码了吗", "骗子让我转356800"),
        ("您收到验证码了吗", "收到了，我给了他500000"),
        ("您收到验证码了吗", "没有啊，人在310012这个区"),
        ("请报一下卡背面的安全码", "我等了这么久你们还要我报这个，总共退了500多"),
        ("请您输入查询密码", "2026-03-15改过一次"),
        ("请您输入查询密码", "20260315改过一次"),
        ("请您输入查询密码", "页面弹出错误码100234"),
        ("请您输入查询密码", "输错3次就锁了，里面有123456元"),
        ("请您输入查询密码", "14:25:36输的"),
    ],
)
def test_a_number_that_is_no_answer_stays(question: str, text: str) -> None:
    assert read(Doc("1", (Turn("agent", question), Turn("customer", text)))).identifiers == ()


def test_a_word_of_assent_before_the_answer_makes_no_difference() -> None:
    said = (Turn("agent", "请报一下卡背面的安全码"), Turn("customer", "好的"), Turn("customer", "123"))
    assert with_kinds(read(Doc("1", said)).identifiers) == [(2, 0, 3, "CVV")]
    said = (Turn("agent", "请报一下卡背面的安全码"), Turn("customer", "先别急"), Turn("customer", "123"))
    assert read(Doc("1", said)).identifiers == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (["agent:请提供短信验证码", "agent:我这边记录一下", "customer:《886655》"], "OTP"),
        (["agent:请提供短信验证码", "system:客服已转接", "customer:《886655》"], "OTP"),
        (["agent:请报卡背面三位安全码", "agent:稍等", "customer:《123》"], "CVV"),
        (["agent:请报卡背面三位安全码", "customer:好的", "agent:嗯", "customer:《123》"], "CVV"),
        (["agent:请提供短信验证码", "customer:稍等一下", "system:对方正在输入", "customer:《886655》"], "OTP"),
        (["agent:请提供您的银行卡后四位", "bot:温馨提示：请勿泄露密码", "customer:《6417》"], "CARD_TAIL"),
    ],
)
def test_what_others_say_between_question_and_answer_makes_no_difference(said: list[str], kind: str) -> None:
    turns = [line.split(":", 1) for line in said]
    answer, expected = planted(turns[-1][1], kind, part=len(said) - 1)
    asked = (*(Turn(role, text) for role, text in turns[:-1]), Turn("customer", answer))
    assert with_kinds(read(Doc("1", asked)).identifiers) == with_kinds(expected)


@pytest.mark.parametrize(
    "said",
    [
        ["agent:请报卡背面三位安全码", "customer:先别急", "agent:稍等", "customer:123"],
        ["customer:请报卡背面三位安全码", "agent:稍等", "customer:123"],
        ["agent:请提供短信验证码", "customer:不给", "system:客服已转接", "customer:886655"],
    ],
)
def test_a_question_is_answered_by_what_its_hearer_says_first(said: list[str]) -> None:
    turns = tuple(Turn(*line.split(":", 1)) for line in said)
    assert read(Doc("1", turns)).identifiers == ()
