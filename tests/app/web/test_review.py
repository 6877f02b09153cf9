"""复核, on the page: one text after the other by keyboard, told and taken back, and closed to those who only read."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.feedback.models import Interaction
from app.people.models import Role
from app.people.roles import Permission, allowed
from app.review.models import ReviewAnswer
from tests.app.review.conftest import Readers
from tests.app.web.conftest import enter
from tests.app.web.test_forms import after, undo

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime
    from tests.app.tracker.conftest import Bank
    from tests.conftest import SetClock

Sent = dict[str, str | list[str]]


@pytest.fixture
def readers(runtime: Runtime, bank: Bank, clock: SetClock) -> Readers:
    return Readers(runtime.store, bank, clock, count())


def fields(shown: str) -> Sent:
    """What the form sends as it stands."""
    sent: Sent = dict(re.findall(r'type="hidden" name="(\w+)" value="(\d+)"', shown))
    sent |= dict(re.findall(r'type="radio" name="(\w+)" value="([^"]*)" checked', shown))
    sent["risk"] = re.findall(r'name="risk" value="(\w+)" checked', shown)
    return sent


def item(shown: str) -> int:
    found = re.search(r'action="/review/(\d+)" class="form', shown)
    assert found is not None
    return int(found[1])


def test_one_text_after_the_other_until_none_is_left(boss: TestClient, readers: Readers) -> None:
    sure = readers.text(unsure=("cause",))
    doubtful = readers.text(unsure=("cause", "intent"), risks={"media": 0.4})
    shown = boss.get("/review").text
    assert item(shown) == doubtful
    assert "今天已看 0 条，队列还有 2 条" in shown
    assert "模型拿不准：意图、原因" in shown
    assert "风险高而把握低：舆情曝光" in shown
    assert "<mark>" in shown
    sent = fields(shown)
    assert (sent["intent"], sent["risk"]) == ("complaint", ["media"])
    shown = after(boss, boss.post(f"/review/{doubtful}", data=sent | {"risk": []}))
    assert "已记下“意图”、“原因”、“风险标记”的判断" in shown
    assert item(shown) == sure
    assert "今天已看 1 条，队列还有 1 条" in shown
    shown = after(boss, boss.post(f"/review/{sure}/skip"))
    assert "已跳过" in shown
    assert "没有要看的了" in shown
    assert f'href="/review/{sure}"' in shown, "the way back is there when the queue is empty"


def test_a_form_is_worked_by_keyboard_alone(boss: TestClient, readers: Readers) -> None:
    readers.text(unsure=("business",))
    shown = boss.get("/review").text
    keys = re.findall(r'accesskey="(\w)"', shown)
    assert keys == ["1", "2", "3", "4", "5", "6", "s"]
    assert len(re.findall(r"\bautofocus\b", shown)) == 1
    focused = re.search(r'<input type="radio" name="(\w+)"[^>]*autofocus', shown)
    assert focused is not None
    assert focused[1] == "business", "the first head in doubt"
    first = re.search(r"<button(?![^>]*formaction)[^>]*>([^<]+)</button>\s*<button formaction", shown)
    assert first is not None
    assert first[1] == "确认并看下一条", "Enter confirms: the first button of the form is its default"


def test_an_answer_is_taken_back_and_given_anew(boss: TestClient, readers: Readers) -> None:
    number = readers.text(unsure=("cause",))
    readers.text(unsure=("cause",))
    sent = fields(boss.get(f"/review/{number}").text)
    shown = after(boss, boss.post(f"/review/{number}", data=sent | {"cause": "pricing"}))
    taken_back = undo(boss, shown)
    assert "已撤销" in taken_back
    assert item(taken_back) == number
    boss.post(f"/review/{number}", data=fields(taken_back) | {"cause": "pricing"})
    again = boss.get(f"/review/{number}").text
    assert "下面是您的回答" in again
    assert fields(again)["cause"] == "pricing"
    assert "模型：服务态度及服务质量" in again
    boss.post(f"/review/{number}", data=fields(again) | {"cause": "marketing"})
    assert readers.counts(number)[1] == "marketing"


def test_a_late_or_impossible_answer_is_refused_where_it_was_given(boss: TestClient, readers: Readers) -> None:
    number = readers.text(unsure=("cause",))
    sent = fields(boss.get("/review").text)
    readers.answer(number, readers.first, cause="pricing")
    late = boss.post(f"/review/{number}", data=sent | {"cause": "marketing"})
    assert late.headers["location"] == f"/review/{number}"
    assert "刚被别人改过" in after(boss, late)
    wrong = boss.post(f"/review/{number}", data=fields(boss.get(f"/review/{number}").text) | {"cause": "cars"})
    assert "请从列表中选" in after(boss, wrong)
    assert readers.counts(number)[1] == "pricing"


def test_a_second_reader_sees_nothing_of_the_first_answer(
    client: TestClient, runtime: Runtime, bank: Bank, readers: Readers
) -> None:
    number = readers.text(unsure=("cause",))
    pages = {}
    analyst = enter(client, runtime, bank, Role.ANALYST)
    before = analyst.get("/review").text
    for cause in ("pricing", "marketing"):
        readers.answer(number, readers.first, cause=cause, intent="praise", risk=["fraud"])
        pages[cause] = analyst.get("/review").text
        assert item(pages[cause]) == number
    hidden = re.compile(r'name="after" value="\d+"')
    assert hidden.sub("", pages["pricing"]) == hidden.sub("", pages["marketing"]) == hidden.sub("", before)
    assert fields(pages["marketing"])["intent"] == "complaint"
    told = after(analyst, analyst.post(f"/review/{number}", data=fields(before) | {"cause": "disclosure"}))
    assert "两人的判断会拿来比较" in told
    assert readers.counts(number)[1] == "marketing"


def test_agreement_is_told_only_from_thirty_texts_on(boss: TestClient, readers: Readers) -> None:
    empty = boss.get("/review/agreement").text
    assert "太少，还不能说" in empty
    for place in range(30):
        number = readers.text(unsure=("cause",))
        readers.answer(number, readers.second, cause="pricing" if place % 2 else "service")
        readers.answer(number, readers.third, cause="pricing" if place % 2 or place == 0 else "service")
        if place == 28:
            assert boss.get("/review/agreement").text.count("太少，还不能说") >= 13
    shown = boss.get("/review/agreement").text
    row = re.search(r'<tr><th scope="row">原因</th><td class="num">30</td>\s*(.*?)</tr>', shown, re.DOTALL)
    assert row is not None
    assert re.search(r"0\.9\d</td><td>0\.\d\d 到 1\.00", row[1])
    assert "大家都只选同一个值" in shown
    assert "n = 30" in shown
    assert "两人判断不同的" in shown


@pytest.mark.parametrize("role", Role)
def test_who_may_correct_may_review_and_nobody_else(
    client: TestClient, runtime: Runtime, bank: Bank, readers: Readers, role: Role
) -> None:
    number = readers.text(unsure=("cause",))
    sent = fields(enter(client, runtime, bank, Role.SUPERVISOR).get("/review").text)
    person = enter(client, runtime, bank, role)
    may = allowed(role, Permission.FEEDBACK_EDIT)
    for path in ("/review", f"/review/{number}", "/review/agreement"):
        assert person.get(path).status_code == (200 if may else 403)
    assert person.post(f"/review/{number}", data=sent).status_code == (303 if may else 403)
    assert person.post(f"/review/{number}/undo").status_code == (303 if may else 403)
    assert person.post(f"/review/{number}/skip").status_code == (303 if may else 403)


def test_what_is_not_there_or_being_read_anew_is_told(boss: TestClient, readers: Readers, runtime: Runtime) -> None:
    number = readers.text(unsure=("cause",))
    with runtime.store.write() as session:
        session.get_one(Interaction, number).analysis_id = None
    for path in ("/review/999", f"/review/{number}"):
        assert boss.get(path).status_code == 404
    refused = boss.post(f"/review/{number}", data={"analysis_id": "1", "after": "0"})
    assert refused.status_code == 303
    with runtime.store.read() as session:
        assert session.exec(select(ReviewAnswer)).all() == []
