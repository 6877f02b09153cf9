"""The list of feedback by its words, on the page and over the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.channels.kinds import Role as Speaker
from app.feedback import wording
from app.feedback.models import Interaction, Message
from app.store.sealing import seal
from tests.app.web.test_correcting import analysed

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from sqlmodel import Session

    from app.runtime import Runtime
    from tests.app.tracker.conftest import Bank

SAID = ("年费，年费，还是年费", "信用卡<b>年费</b>太高，别的都挺好，就是想不通为什么年年要收", "短信费怎么退")


def told(session: Session, bank: Bank, text: str) -> int:
    """An analysed feedback with these masked words."""
    number = analysed(session, bank)
    original = seal(session, text.encode(), context="message.original")
    session.add(
        Message(
            interaction_id=number,
            seq=0,
            external_id="0",
            role=Speaker.CUSTOMER,
            original=original,
            masked_text=text,
        )
    )
    wording.settle(session, session.get_one(Interaction, number))
    return number


@pytest.fixture
def numbers(runtime: Runtime, bank: Bank) -> list[int]:
    with runtime.store.write() as session:
        return [told(session, bank, text) for text in SAID]


def shown(page: str) -> list[int]:
    """Ids of the list's rows, in order."""
    return [int(number) for number in re.findall(r'class="quote clip" href="/feedback/(\d+)"', page)]


def test_the_list_shows_where_the_words_stand(boss: TestClient, numbers: list[int]) -> None:
    page = boss.get("/feedback", params={"q": "年费", "channel": "chat"}).text
    assert shown(page) == [numbers[1], numbers[0]]
    assert "信用卡&lt;b&gt;<mark>年费</mark>&lt;/b&gt;太高" in page
    assert "共 2 条" in page


def test_the_list_may_begin_with_what_fits_best(boss: TestClient, numbers: list[int]) -> None:
    page = boss.get("/feedback", params={"q": "年费", "sort": "best"}).text
    assert shown(page) == numbers[:2]
    assert '<option value="best" selected>' in page
    assert shown(boss.get("/feedback", params={"sort": "best"}).text) == numbers[::-1]


def test_an_empty_list_says_what_to_try(boss: TestClient, numbers: list[int]) -> None:
    page = boss.get("/feedback", params={"q": "没有人这样说"}).text
    assert shown(page) == []
    assert "请加引号按原样找" in page


@pytest.mark.parametrize("typed", ["，。", '"', "-"])
def test_what_says_nothing_is_told_and_not_used(boss: TestClient, numbers: list[int], typed: str) -> None:
    page = boss.get("/feedback", params={"q": typed}).text
    assert "没有使用这些筛选条件，它们的值不对：包含文字" in page
    assert shown(page) == numbers[::-1]


@pytest.mark.parametrize("typed", ["' OR 1=1 --", 'a" OR b', "年费* NEAR(x)", "&|!()<->", "%_\\", "年费\x00"])
def test_what_databases_understand_is_only_text(boss: TestClient, numbers: list[int], typed: str) -> None:
    assert boss.get("/feedback", params={"q": typed}).status_code == 200


def test_the_api_finds_the_same(boss: TestClient, numbers: list[int]) -> None:
    def found(**wanted: str) -> list[int]:
        answer = boss.get("/v1/feedback", params=wanted)
        assert answer.status_code == 200
        return [item["id"] for item in answer.json()["items"]]

    assert found(q="年费") == [numbers[1], numbers[0]]
    assert found(q="年费", sort="best") == numbers[:2]
    assert found(q="-年费", sort="best") == [numbers[2]]
    assert found(q="，") == numbers[::-1]


def test_similar_feedback_stands_beside_one(
    boss: TestClient, runtime: Runtime, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.similar.FEWEST", 2)
    monkeypatch.setattr("app.search.similar.CLOSE", -2)
    with runtime.store.write() as session:
        first, second = (told(session, bank, text) for text in SAID[:2])
    page = boss.get(f"/feedback/{first}").text
    assert "相似的反馈" in page
    assert shown(page) == [second]
    assert "相似度" in page
