"""What people type finds what customers said, in whatever script and width, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.feedback.models import Interaction
from app.search.question import understand
from app.search.service import excerpts, saying
from app.store.engine import Store
from tests.app.search.conftest import Desk

TOLD = {
    "fee": "信用卡年费没告知就扣了，退我年费",
    "trad": "信用卡年費唔係話免咩？我要投訴",
    "app": "ＡＰＰ闪退，错误码E1023，请打13800138000",
    "number": "换了手机号，账单2000元，活动进度100%",
    "person": "没什么不满意的，一百元_没到",
    "bank": "对征信很不满，在中国工商银行办的",
    "quick": '云闪付付不了，O\'Reilly; DROP TABLE "x"',
}
FOUND = [
    ("年费", {"fee", "trad"}),
    ("年費", {"fee", "trad"}),
    ("信用卡", {"fee", "trad"}),
    ("信用卡年费", {"fee", "trad"}),  # a longer run of words: each of them
    ("信用卡 投诉", {"trad"}),
    ("卡年费", {"fee", "trad"}),  # no word of the dictionary: as it is written
    ('"年费没告知"', {"fee"}),
    ("“年费没告知”", {"fee"}),
    ('"告知年费"', set()),
    ("年费 -投诉", {"fee"}),
    ("年费 －投诉", {"fee"}),
    ('年费 -"没告知"', {"trad"}),
    ("-年费 -app", {"number", "person", "bank", "quick"}),
    ("app", {"app"}),
    ("App，闪退", {"app"}),
    ("ａｐｐ", {"app"}),
    ("e1023", {"app"}),
    ("102", set()),  # letters and digits are found whole…
    ('"102"', {"app"}),  # …or as they are written
    ("2000", {"number"}),
    ("2000元", {"number"}),
    ("100%", {"number"}),
    ("元_没", {"person"}),
    ("元x没", set()),
    ("手机号", {"number"}),  # and not where a number was masked
    ("[手机号]", {"app"}),
    ("13800138000", set()),
    ("不满", {"bank"}),  # and not 不满意
    ('"不满"', {"bank", "person"}),
    ("银行", {"bank"}),
    ("工商银行", {"bank"}),
    ("闪付", {"quick"}),
    ("卡", {"fee", "trad"}),
    ("o'reilly", {"quick"}),
    ('"x"', {"quick"}),
    ("的确没人这样说", set()),
]


@pytest.fixture
def told(desk: Desk) -> Desk:
    for external_id, text in TOLD.items():
        desk.clock.advance(timedelta(minutes=1))
        desk.tell(external_id, text)
    desk.work()
    return desk


def test_what_is_typed_finds_what_was_said(told: Desk) -> None:
    for typed, expected in FOUND:
        assert set(told.ask(typed)) == expected, typed


@pytest.mark.parametrize("typed", ["", "  ", "，。！", "-", '"', '""', '-""', "- -", "\x00", "()", "…"])
def test_what_says_nothing_asks_for_nothing(typed: str) -> None:
    assert not understand(typed)


def test_the_newest_come_first_or_those_that_say_most_of_it(told: Desk) -> None:
    assert told.ask("年费") == ["trad", "fee"]
    assert told.ask("年费", best=True) == ["fee", "trad"]
    assert told.ask("-年费", best=True) == told.ask("-年费")


def test_the_subject_is_searched_and_the_agent_is_not(desk: Desk) -> None:
    desk.tell("1", "请处理", subject="理财亏损", agent="您好，可以咨询贷款、基金")
    desk.work()
    assert desk.ask("理财") == ["1"]
    assert desk.ask("贷款") == []


def test_the_hits_are_marked_in_the_words_as_they_were_written(told: Desk) -> None:
    shown = {}
    for typed in ("年费", "app 手机号", '"没到"', "[手机号]"):
        with told.store.read() as session:
            found = excerpts(session, question=understand(typed), interaction_ids=range(1, len(TOLD) + 1))
            shown[typed] = ["".join(f"<{one.text}>" if one.hit else one.text for one in found[n]) for n in found]
    assert shown["年费"][:2] == ["信用卡<年费>没告知就扣了，退我<年费>", "信用卡<年費>唔係話免咩？我要投訴"]
    assert shown["app 手机号"][2:4] == [
        "<ＡＰＰ>闪退，错误码E1023，请打[手机号]",
        "换了<手机号>，账单2000元，活动进度100%",
    ]
    assert shown['"没到"'][4] == "没什么不满意的，一百元_<没到>"
    assert shown["[手机号]"][2] == "ＡＰＰ闪退，错误码E1023，请打<[手机号]>"


def test_a_long_text_is_shown_from_shortly_before_the_first_hit(desk: Desk) -> None:
    desk.tell("1", "前" * 300 + "年费" + "后" * 300)
    desk.work()
    with desk.store.read() as session:
        (pieces,) = excerpts(session, question=understand("年费"), interaction_ids=[1]).values()
    assert [(one.text[:2], one.hit) for one in pieces] == [
        ("…", False),
        ("前前", False),
        ("年费", True),
        ("后后", False),
        ("…", False),
    ]
    assert len(pieces[1].text) == 20


ANY = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\"'-*():&|!<>\\%_^{}~ 年费信用卡的aE1")), max_size=40
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=ANY)
def test_nothing_that_is_typed_is_an_error(store: Store, typed: str) -> None:
    with store.read() as session:
        assert session.exec(select(Interaction.id).where(saying(understand(typed)))).all() == []
