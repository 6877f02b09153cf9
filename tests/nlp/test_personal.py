"""Names and addresses: what the words around say, what the model adds, and what stays because it identifies nobody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

import nlp
from nlp import addresses, persons
from nlp.doc import SUBJECT, Doc, Turn
from nlp.mask import masked
from nlp.normalize import normalize
from nlp.pipeline import Pipeline
from nlp.taxonomy import DATA

NEARLY = 0.05  # a model that is not sure by itself
ANNOUNCED = {
    "我叫谢伟，卡丢了": ["谢伟"],
    "联系人:欧阳慕林\n电话后补": ["欧阳慕林"],
    "此致\n敬礼\n孔丽": ["孔丽"],
    "请问是潘红梦女士吗": ["潘红梦"],
    "姓名 姚娟，住院证明我有": ["姚娟"],
    "投诉人：江东英。": ["江东英"],
    "我叫阿依古丽·买买提，来问贷款": ["阿依古丽·买买提"],
    "法定代表人：龙伟玉\n地址见附件": ["龙伟玉"],
}
NOBODY = [
    "王经理态度很好",
    "李阿姨帮我取的号",
    "感谢林总",
    "张某转给我的",
    "我叫他别扣了",
    "本人现在很着急",
    "客户经理说安全",
    "老周和小刘都在",
    "这个叫金融账户",
    "谢谢",
]
DOTTED = {
    "我叫阿依古丽·买买提来投诉你们": "我叫[姓名]来投诉你们",
    "请问我叫古丽·艾山": "请问我叫[姓名]",
    "麻烦问一下我叫古丽·艾山的贷款批了没": "麻烦问一下我叫[姓名]的贷款批了没",
    "客户阿卜杜拉·麦麦提反映扣费": "客户[姓名]反映扣费",
    "您好我叫木合塔尔·阿布都拉想查一下余额": "您好我叫[姓名]想查一下余额",
    "我叫艾力·买买提明他的卡丢了": "我叫[姓名]他的卡丢了",
    "本人阿依努尔·玉素甫要求退款": "本人[姓名]要求退款",
    "投诉人吾买尔·卡德尔投诉网点排队": "投诉人[姓名]投诉网点排队",
    "经办人 阿迪力·买买提·吐尔逊": "经办人 [姓名]",
    "收款人：买买提·吐尔逊 转了五千": "收款人：[姓名] 转了五千",
    "我叫卡尔·马克思": "我叫[姓名]",
    "我叫乌云·其其格": "我叫[姓名]",
    "联系人：尼玛·次仁": "联系人：[姓名]",
    "我叫多吉·才让，卡被冻结了": "我叫[姓名]，卡被冻结了",
    "收款人多吉·才让没收到钱": "收款人[姓名]没收到钱",
}
BRANDS = [
    "我是招商银行·金葵花客户",
    "我是杭州·西湖区的客户",
    "收款人远山理财·稳健一号",
    "我是浙江·宁波的客户",
    "收款人京东·白条",
    "户名是远山科技·上海分公司",
    "我买的产品名字叫金钥匙·安心得利",
    "老板，微信·支付宝都不能用",
    "客户，手机银行·登录闪退",
    "收款人写的是支付宝·花呗",
]
ADDRESSES = {
    "我住幸福路23号阳光花园3栋2单元501室，请上门": ["幸福路23号阳光花园3栋2单元501室"],
    "寄到浙江省杭州市西湖区文三路202号": ["文三路202号"],
    "地址是翠竹苑十八栋一单元幺八零幺": ["翠竹苑十八栋一单元幺八零幺"],
    "河北省保定市清苑区李家庄村3组15号": ["李家庄村3组15号"],
    "上海市浦东新区张杨路500弄3号602室": ["张杨路500弄3号602室"],
    "建设大厦A座1203室": ["建设大厦A座1203室"],
    "住人民路八十八号三单元四零二，麻烦了": ["人民路八十八号三单元四零二"],
    "江苏省 南京市 鼓楼区 中央路 19号 2单元": ["中央路 19号 2单元"],
    "安置小区3-2-501": ["安置小区3-2-501"],
    "我住翠湖小区6号楼2单元301室": ["翠湖小区6号楼2单元301室"],
    "家住和平路5号你们网点态度差": ["和平路5号"],
}
NO_ADDRESS = [
    "去中山路12号支行办的",
    "9号窗口的柜员",
    "在医院3楼",
    "坐地铁5号线到人民路站",
    "3月5号去的",
    "幸福家园南门口",
    "人民路88号营业厅",
    "中山北路支行4号窗",
    "浙江省杭州市西湖区",
]


def likely(text: str, value: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(len(text), value, np.float32)


@pytest.mark.parametrize("text", ANNOUNCED)
def test_a_name_that_is_announced_needs_little_of_the_model(text: str) -> None:
    found = persons.find(text, likely(text, NEARLY), [])
    assert [text[name.start : name.end] for name in found] == ANNOUNCED[text]


@pytest.mark.parametrize("text", NOBODY)
def test_titles_and_plain_words_are_nobodys_name(text: str) -> None:
    assert not list(persons.find(text, likely(text, NEARLY), []))


@pytest.mark.parametrize("text", BRANDS)
def test_no_dotted_brand_is_a_name_only_because_it_is_announced(text: str) -> None:
    assert not list(persons.find(text, likely(text, 0), []))


def test_without_words_around_the_model_decides_and_a_longer_name_wins() -> None:
    text = "我给曹怡文转了一千五"
    sure = likely(text, 0)
    assert not list(persons.find(text, sure, []))
    sure[2:5] = 0.9
    (name,) = persons.find(text, sure, [])
    assert text[name.start : name.end] == "曹怡文"
    assert name.score == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("感谢张伟的服务", "张伟"),
        ("于刘洋处办理", "刘洋"),
        ("投诉张华经理", "张华"),
        ("陈平行长承诺过", "陈平"),
        ("我是赵得柱", "赵得柱"),
        ("感谢王小明", "王小明"),
        ("我的律师罗翔来信", "罗翔"),
    ],
)
def test_a_sure_model_is_followed_to_the_letter(text: str, name: str) -> None:
    sure = likely(text, 0)
    at = text.index(name)
    sure[at : at + len(name)] = 0.9
    assert [text[one.start : one.end] for one in persons.find(text, sure, [])] == [name]


@pytest.mark.parametrize(
    ("told", "number", "names"),
    [
        ("我叫谢伟", "13800138000", ["谢伟"]),
        ("联系人", "一三八·一二三四·五六七八", []),
        ("联系人阿依古丽·买买提", "幺三八一二三四五六七八", ["阿依古丽·买买提"]),
    ],
)
def test_no_name_reaches_into_an_identifier(told: str, number: str, names: list[str]) -> None:
    text = told + number
    sure = likely(text, NEARLY)
    sure[len(told) - 2 :] = 1
    found = persons.find(text, sure, [(len(told), len(text))])
    assert [text[name.start : name.end] for name in found] == names


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_is_masked_from_the_street_on(text: str) -> None:
    found = addresses.find(text, likely(text, 0))
    assert [text[one.start : one.end] for one in found] == ADDRESSES[text]


@pytest.mark.parametrize(
    ("seen", "rest"),
    [
        ("阳光小区3栋2单元", " 302室"),
        ("幸福路12号阳光花园3", "-2-1802"),
        ("幸福路12号", "，阳光花园3栋1802室"),
    ],
)
def test_where_the_model_sees_less_the_form_holds_to_its_end(seen: str, rest: str) -> None:
    text = seen + rest
    sure = likely(text, 0)
    sure[: len(seen)] = 0.9
    (one,) = addresses.find(text, sure)
    assert text[one.start : one.end] == text


def test_what_the_model_adds_to_a_form_stops_at_a_blank() -> None:
    text = "阳光小区3栋2单元 302室旁边 王经理来过"
    (one,) = addresses.find(text, likely(text, 0.9))
    assert text[one.start : one.end] == "阳光小区3栋2单元 302室旁边"


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_places_that_are_nobodys_home_stay(text: str) -> None:
    assert not list(addresses.find(text, likely(text, 0)))


def test_what_only_the_model_sees_needs_a_number_and_leaves_the_district() -> None:
    text = "送广东省佛山市南海区灯湖西三十二号"
    sure = likely(text, 0.9)
    sure[0] = 0
    (one,) = addresses.find(text, sure)
    assert text[one.start : one.end] == "灯湖西三十二号"
    assert not list(addresses.find("幸福家园南门口那台", likely("幸福家园南门口那台", 0.9)))


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The shipped model, loaded once."""
    return nlp.load(Path("data/model") / nlp.SHIPPED, threads=1)


def test_the_pipeline_masks_every_part_whoever_speaks(pipeline: Pipeline) -> None:
    turns = (
        Turn("agent", "请问是潘红梦女士吗 您的尾号是多少"),
        Turn("customer", "是的 我住湖北省武汉市武昌区中北路191号翠竹苑18栋1单元1801室 王经理来过"),
    )
    (doc,) = pipeline.run([Doc("1", turns, "投诉 姓名：潘红梦")])
    shown = {part: masked(doc.part(part), [one for one in doc.pii if one.part == part]) for part in doc.parts()}
    assert shown == {
        SUBJECT: "投诉 姓名：[姓名]",
        0: "请问是[姓名]女士吗 您的尾号是多少",
        1: "是的 我住湖北省武汉市武昌区[地址] 王经理来过",
    }


def shown(pipeline: Pipeline, texts: Iterable[str]) -> list[str]:
    return [masked(doc.part(0), doc.pii) for doc in pipeline.run(Doc.of("1", text) for text in texts)]


def test_a_name_with_a_dot_is_masked_and_neither_what_announces_it_nor_what_follows(pipeline: Pipeline) -> None:
    assert dict(zip(DOTTED, shown(pipeline, DOTTED), strict=True)) == DOTTED


def test_brands_and_places_with_a_dot_are_shown(pipeline: Pipeline) -> None:
    assert shown(pipeline, BRANDS) == BRANDS
    (said,) = shown(pipeline, ["你们的客户，金葵花·私人银行服务太差"])
    assert said.endswith("·私人银行服务太差")


@pytest.mark.slow
def test_what_identifies_nobody_is_left_alone(pipeline: Pipeline) -> None:
    """Composed sentences (data/samples/not_personal.json): at most 0.5 % may be touched."""
    kinds = json.loads((DATA / "samples/not_personal.json").read_text(encoding="utf-8")).values()
    texts = [said.format(value) for kind in kinds for said in kind["said"] for value in kind["values"]]
    assert len(texts) >= 1000
    assert len({normalize(text).text for text in texts}) == len(texts)
    docs = pipeline.run([Doc.of(str(number), text) for number, text in enumerate(texts)])
    touched = [doc.turns[0].text for doc in docs if doc.pii]
    assert len(touched) <= len(texts) * 0.005, touched
