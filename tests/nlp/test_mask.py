"""What is masked and what is not: tables of texts with the personal data in 《…》 and its kind."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import taxonomy
from nlp.doc import SUBJECT, Doc, Pii, Span, Turn
from nlp.mask import CUT_KINDS, Masker, cut, masked, merged, to_masked
from nlp.normalize import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MARKED = re.compile("《(.*?)》")

FOUND = [
    ("电话《13812345678》请回电", "MOBILE"),
    ("《１３８１２３４５６７８》", "MOBILE"),
    ("《13\u200b812345678》", "MOBILE"),
    ("《138 1234 5678》", "MOBILE_SPACED"),
    ("《138-1234-5678》", "MOBILE_SPACED"),
    ("《138.1234.5678》", "MOBILE_SPACED"),
    ("《+86 138 1234 5678》", "MOBILE_SPACED"),
    ("《+86-13812345678》", "MOBILE"),
    ("《(+86)138-1234-5678》", "MOBILE_SPACED"),
    ("《1 3 8 1 2 3 4 5 6 7 8》", "MOBILE_SPACED"),
    ("Tel《13812345678》", "MOBILE"),
    ("2026年10月《13812345678》转2", "MOBILE"),
    ("《幺三八零零幺三八零零零》", "MOBILE_SPOKEN"),
    ("《幺三八 零零幺三 八零零零》谢谢", "MOBILE_SPOKEN"),
    ("《幺三八，零零幺三，八零零零》", "MOBILE_SPOKEN"),
    ("《幺三八嗯零零幺三八零零零》", "MOBILE_SPOKEN"),
    ("《一三八 0013 八零零零》", "MOBILE_SPOKEN"),
    ("《幺三八，三个八，两个六，一二三》", "MOBILE_SPOKEN"),
    ("《①③⑧①②③④⑤⑥⑦⑧》", "MOBILE_SPOKEN"),
    ("《幺三八幺五九七六五幺九》一会儿打", "MOBILE_SPOKEN"),
    ("张三《幺三八零零幺三八零零零》", "MOBILE_SPOKEN"),
    ("身份证《11010519491231002X》", "ID_CARD"),
    ("李四《幺幺零幺零五幺九四九幺二三幺零零二叉》", "ID_CARD_SPOKEN"),
    ("《11010519491231002x》是我的", "ID_CARD"),
    ("《110105 19491231 002X》", "ID_CARD"),
    ("《１１０１０５１９４９１２３１００２Ｘ》", "ID_CARD"),
    ("身份证《110105491231002》", "ID_CARD"),
    ("身份证号是《110105194912310021》写错一位", "ID_CARD"),
    ("《幺幺零幺零五 幺九四九幺二三幺 零零二叉》", "ID_CARD_SPOKEN"),
    ("《五幺零幺零幺幺九六七零幺幺零三零五三》一会儿联系", "ID_CARD_SPOKEN"),
    ("卡号《6225888581863140870》", "BANK_CARD"),
    ("《6225888581863140870》余额不对", "BANK_CARD"),
    ("《6225 8885 8186 3140 870》", "BANK_CARD_SPACED"),
    ("《6225-8885-8186-3140-870》", "BANK_CARD_SPACED"),
    ("《6225 8885 8186 3140870》", "BANK_CARD_SPACED"),
    ("《６２２５　８８８５　８１８６　３１４０　８７０》", "BANK_CARD_SPACED"),
    ("《4392255347165563》", "BANK_CARD"),
    ("卡号《4222222222222》", "BANK_CARD"),
    ("卡号:《6225888581863140871》(打错)", "BANK_CARD"),
    ("座机《0571-23433247》", "LANDLINE"),
    ("《010 8888 6666》", "LANDLINE"),
    ("《(010)88886666》", "LANDLINE"),
    ("座机《83312345》", "LANDLINE"),
    ("《+86 571 2343 3247》", "LANDLINE"),
    ("电话《057123433247》", "LANDLINE"),
    ("《零五七幺 二三四三三二四七》", "LANDLINE"),
    ("邮箱《abc.def_1@qq.com》。", "EMAIL"),
    ("《abc＠qq．com》", "EMAIL"),
    ("《abc艾特qq点com》", "EMAIL"),
    ("车牌《京A12345》，", "PLATE"),
    ("《京AD12345》", "PLATE"),
    ("《粤B12345D》的车", "PLATE"),
    ("《粤B·12345》", "PLATE"),
    ("我司车辆《贵BHPPHR》的", "PLATE"),
    ("《粤Z1234港》", "PLATE"),
    ("税号《91110000600037341L》", "USCC"),
    ("《91350100M000100Y43》", "USCC"),
    ("《EB7358207》", "PASSPORT"),
    ("护照《E12345678》，护照号《G12345678》", "PASSPORT"),
    ("通行证《H12345678》", "PASSPORT"),
    ("尾号《8888》的卡，后四位是 《1234》", "CARD_TAIL"),
    ("尾号《八八三二》", "CARD_TAIL"),
    ("尾号《6416》一张尾号《9407》两张", "CARD_TAIL"),
    ("身份证后六位《12345X》", "CARD_TAIL"),
    ("验证码是《123456》，又来一个《853221》还是过期", "OTP"),
    ("动态口令 《8899》", "OTP"),
    ("验证码：《123456》", "OTP"),
    ("验证码《886655》发给他了，钱被转走500000", "OTP"),
    ("验证码发给骗子《886655》就被转走了五万", "OTP"),
    ("验证码我转给他了，《886655》", "OTP"),
    ("先后报了验证码《123456》、《886655》和《990011》", "OTP"),
    ("验证码是《123456》。后来又发来一个《886655》，我也念了", "OTP"),
    ("骗子要了验证码《123456》。后来的事你们知道，一共转走了200000", "OTP"),
    ("骗子要了验证码《123456》，后来又给了他200000", "OTP"),
    ("动态口令，收到是《176886》，输进去说过期，又来一个《853221》", "OTP"),
    ("验证码我输入 《345678》 扣款失败", "OTP"),
    ("验证码我输了《345678》转账还是失败", "OTP"),
    ("输验证码的时候我填《345678》没到账", "OTP"),
    ("收到验证码我告诉了他 《345678》 全没了", "OTP"),
    ("密码我改成了《345678》转出不了账", "PASSWORD"),
    ("密码是《abc123》", "PASSWORD"),
    ("登录密码《690465》", "PASSWORD"),
    ("我的密码 《886655》", "PASSWORD"),
    ("密码改成《886655》", "PASSWORD"),
    ("密码我告诉他了 我报了…… 是《126852》", "PASSWORD"),
    ("取款密码《886655》", "PASSWORD"),
    ("登录密码是不是还是原来那个《690465》 能撤回不", "PASSWORD"),
    ("密码是《Kx7qTz92mWvLp4RsYd8cBn》，麻烦改掉", "PASSWORD"),
    ("密码《correcthorsebatterystaple9》", "PASSWORD"),
    (f"密码《123456》{'我' * 15}交了880123那么多", "PASSWORD"),
    ("CVV是《123》 安全码 《456》", "CVV"),
    ("微信《abc_123456》", "WECHAT"),
    ("加V：《abc-777》", "WECHAT"),
    ("加V 《abc12345》", "WECHAT"),
    ("加《abc12345》，微信《NHDZ0411》", "WECHAT"),
    ("微信 《abc12345》，加我微信 《abc-12345》", "WECHAT"),
    ("再加我《abc12345》", "WECHAT"),
    ("我的微信 《ZHL1990520》，有事找我", "WECHAT"),
    ("微信 《LJH8866》 联系", "WECHAT"),
    ("我微信 《vivo88》", "WECHAT"),
    ("添加《abc12345》为好友", "WECHAT"),
    ("微信号 《iphone15pro》", "WECHAT"),
    ("私信我,V《wrvzrf2701》", "WECHAT"),
    ("QQ《3040281675》", "QQ"),
    ("扣扣：《715243250》", "QQ"),
    ("账号《375913430740》", "ACCOUNT"),
    ("对方账户 《9594 1699 9253 7709 2》", "ACCOUNT"),
]

LEFT_ALONE = [
    "打95588、95600转人工，12378、12363、12345、110、96110都打过",
    "4008208820、400-820-8820、800 820 8820",
    "0571-95533",
    "三百八十块，一千二，二零二六年三月，第一次",
    "订单号20260315123456789，工单13812345678，流水号6225888581863140870",
    "工单号T20251018-4471，XE20251103-0092，回单20240709HVPS00118832",
    "转了13800元，余额1234567.89元，50000000元，利率3.85%",
    "2026-11-25 10:20:30，2026/11/25，20261125，11月25日10:20",
    "产品代码AB123456，P13，一年期LPR3.0%",
    "川A计划，沪深300，京东A股",
    "微信支付限额5000，微信ETC绑定，加微信说",
    "参加VIP2026活动，参加iPhone15抽奖，添加VIP2026服务",
    "想增加USD5000额度，再加ETF510300吗，追加ETF510300，附加VIP2026",
    "微信 iphone15pro 支付不了，微信iphone15pro也是，微信 ETF510300 买不了",
    "验证码60秒没收到，密码6位，密码输错3次，密码忘了打95588",
    "密码 InvalidCredentialsGiven，2026年起就这样",
    "没收到验证码就被转走500000",
    "没收到验证码就被转走356800",
    "没给过验证码 钱还是没了 共计356800",
    "验证码都没看到，余额只剩356812了",
    "密码输入后被扣100000，请退",
    "凭密码取走人民币200000",
    "不用验证码就取了356812",
    "密码锁着呢，356812被转走了",
    "收不到验证码，股票600519跌了",
    "收不到验证码，想赎的510300这只基金",
    "忘了密码，客户号123456",
    "忘了密码，邮编是310012",
    "尾号是多少，后四位呢",
    "冠字号尾数4417",
    "@远山银行 在吗",
    "138****5678",
    "订单号496524698034135715",
    "1059-01-01 00:00，0591 0101",
    "6225888581863140871",
    "六六六，八八八，一二三四五",
    "",
]


def read(doc: Doc) -> Doc:
    """The doc after the first two stages."""
    [doc.normal] = Normalizer().predict([doc])
    [doc.identifiers] = Masker().predict([doc])
    return doc


def planted(marked: str, kind: str, part: int = 0) -> tuple[str, tuple[Pii, ...]]:
    """The text without its marks, and what they marked."""
    text, spans = "", []
    at = 0
    for found in MARKED.finditer(marked):
        text += marked[at : found.start()]
        spans.append(Pii(part, len(text), len(text) + len(found[1]), kind))
        text += found[1]
        at = found.end()
    return text + marked[at:], tuple(spans)


def with_kinds(pii: Iterable[Pii]) -> list[tuple[int, int, int, str]]:
    """Comparable with the kind, which `Pii` leaves out of its comparison."""
    return [(one.part, one.start, one.end, one.kind) for one in pii]


@pytest.mark.parametrize(("marked", "kind"), FOUND)
def test_found(marked: str, kind: str) -> None:
    text, expected = planted(marked, kind)
    assert with_kinds(read(Doc.of("1", text)).identifiers) == with_kinds(expected)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    assert read(Doc.of("1", text)).identifiers == ()


def test_two_numbers_side_by_side() -> None:
    doc = read(Doc.of("1", "13812345678 6225888581863140870，13912345678/13712345678"))
    assert masked(doc.part(0), doc.identifiers) == "[手机号] [银行卡号]，[手机号]/[手机号]"


def test_subject_and_turns_are_all_masked() -> None:
    doc = Doc("1", (Turn("agent", "您是13812345678吗"), Turn("customer", "对")), subject="回电13912345678")
    assert with_kinds(read(doc).identifiers) == [(SUBJECT, 2, 13, "MOBILE"), (0, 2, 13, "MOBILE")]


def test_codes_and_passwords_are_cut_even_from_the_original() -> None:
    assert {"OTP", "PASSWORD", "CVV"} == CUT_KINDS
    text = "验证码948377也念给他了，密码是abc123，电话13812345678"
    doc = read(Doc.of("1", text))
    kept, pii = cut(text, doc.identifiers)
    assert kept == "验证码○○○○○○也念给他了，密码是○○○○○○，电话13812345678"
    assert with_kinds(pii) == with_kinds(doc.identifiers)
    assert with_kinds(read(Doc.of("1", kept)).identifiers) == with_kinds(
        doc.identifiers
    )  # so an analysis of what is kept agrees


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("", "密码是correcthorsebatterystaple9"),
        ("", "密码abcdefghijklmnopqrst12，安全码123"),
        ("请您输入查询密码", "六五四 三二一"),
        ("请报一下卡背面的安全码", "1 2 3"),
        ("您泄露的是哪一条验证码", "988 715"),
    ],
)
def test_what_was_cut_is_found_again_where_it_stood(question: str, text: str) -> None:
    doc = read(Doc("1", (Turn("agent", question), Turn("customer", text))))
    kept, _ = cut(text, [one for one in doc.identifiers if one.part == 1])
    assert not set(kept) & set("123456789六五四三二一"), "nothing of it is kept"
    again = read(Doc("1", (Turn("agent", question), Turn("customer", kept))))
    assert with_kinds(again.identifiers) == with_kinds(doc.identifiers) != []


@pytest.mark.parametrize(
    "name", ["rules/digits.json", "rules/cues.json", "rules/identifiers.json", "taxonomy/pii.json"]
)
def test_who_edits_the_data_of_masking_gets_another_version(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Masker().version
    for folder in ("rules", "taxonomy"):
        shutil.copytree(taxonomy.DATA / folder, tmp_path / folder)
    monkeypatch.setattr(taxonomy, "DATA", tmp_path)
    assert Masker().version == shipped
    with (tmp_path / name).open("a", encoding="utf-8") as edited:
        edited.write("\n")
    assert Masker().version != shipped


def test_overlapping_spans_become_one_of_the_longest_kind() -> None:
    spans = [Pii(0, 0, 4, "NAME"), Pii(0, 2, 10, "ADDRESS"), Pii(0, 10, 12, "QQ"), Pii(1, 1, 2, "QQ")]
    assert with_kinds(merged(spans)) == [(0, 0, 10, "ADDRESS"), (0, 10, 12, "QQ"), (1, 1, 2, "QQ")]


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=5).map(
    lambda pairs: tuple(Pii(0, start, min(start + size, 30), "MOBILE") for start, size in pairs if start < 30)
)


@given(SPANS, st.integers(0, 29), st.integers(1, 30))
def test_a_span_is_found_again_in_the_masked_text(pii: tuple[Pii, ...], start: int, size: int) -> None:
    text = "".join(chr(ord("一") + number) for number in range(30))
    span = Span(0, start, min(start + size, 30))
    shown = to_masked(span, (*pii, Pii(1, 0, 5, "MOBILE")))
    piece = masked(text, pii)[shown.start : shown.end]
    clear = [at for at in range(span.start, span.end) if not any(one.start <= at < one.end for one in pii)]
    assert piece.replace("[手机号]", "") == "".join(text[at] for at in clear)
    touched = [one for one in merged(pii) if one.start < span.end and span.start < one.end]
    assert piece.count("[手机号]") == len(touched)
