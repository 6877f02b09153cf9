"""Pages with something on them: figures open the lists they count, customers' words stay words, failures stay quiet."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from app.channels.kinds import Role as Speaker
from app.feedback.models import Analysis, AnalysisRisk, Interaction, InteractionState, Message
from app.people.models import Role
from app.store.sealing import seal
from app.topics import query
from app.topics.models import TopicPlace
from tests.app.tracker.conftest import NOW, TODAY, Bank
from tests.app.web.conftest import enter

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.runtime import Runtime

WORDS = "<script>alert('手续费')</script> & <b>太贵</b>"
SENTIMENTS = (-2, -1, 0, 1)


def say(session: Session, interaction_id: int, *, sentiment: int, risk: str | None) -> None:
    """Give a feedback its words and its analysis."""
    row = session.get_one(Interaction, interaction_id)
    analysis = Analysis(
        interaction_id=interaction_id,
        content_hash=row.content_hash,
        pipeline_version="test",
        sentiment=sentiment,
        sentiment_score=sentiment / 2,
        demand=WORDS,
        intent="complaint",
        touchpoint="branch",
        business="savings",
        cause="service",
        labels={"intent": {"name": "complaint", "score": 0.9, "abstained": False, "evidence": [[0, 0, 8]]}},
        embedding=b"",
        created_at=NOW,
    )
    session.add(analysis)
    session.flush()
    row.analysis_id, row.state, row.product, row.region = analysis.id, InteractionState.ANALYSED, "P&1", "<远山>"
    original = seal(session, WORDS.encode(), context="message.original")
    session.add(
        Message(
            interaction_id=interaction_id,
            seq=0,
            external_id="1",
            role=Speaker.CUSTOMER,
            original=original,
            masked_text=WORDS,
        )
    )
    if risk and analysis.id:
        session.add(AnalysisRisk(analysis_id=analysis.id, name=risk))
    session.flush()


@pytest.fixture
def topic(runtime: Runtime, bank: Bank) -> int:
    """A topic with a few dozen analysed feedback over nine weeks, the newest of yesterday."""
    with runtime.store.write() as session:
        topic = bank.topic(session, "手续费 <i>")
        for number in range(36):
            on = TODAY - timedelta(days=1 + number * 7 // 4)
            interaction = bank.feedback(session, on=on, topic_id=topic, customer=bank.customer(session))
            say(session, interaction, sentiment=SENTIMENTS[number % 4], risk="media" if number % 5 == 0 else None)
            session.add(TopicPlace(interaction_id=interaction, x=number % 6, y=number // 6))
        issue = bank.issue(session, topic_ids=[topic])
        bank.started(session, issue)
        return topic


def linked_counts(shown: str) -> list[tuple[str, int]]:
    """The links of a page whose words are a number, with it."""
    found = re.findall(r'<a href="(/feedback\?[^"]*)"[^>]*>\s*([0-9,]+)(?: 条(?:未归类)?)?\s*</a>', shown)
    return [(unescape(link), int(words.replace(",", ""))) for link, words in found]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/topics",
        "/topics/{topic}",
        "/topics/map",
        "/topics/map?topic={topic}",
        "/topics/map?topic={topic}&span=recent",
        "/topics/trends",
    ],
)
def test_every_figure_opens_the_list_that_it_counts(boss: TestClient, topic: int, path: str) -> None:
    figures = linked_counts(boss.get(path.format(topic=topic)).text)
    assert len(figures) >= (1 if path == "/topics/trends" else 2)
    for link, count in figures:
        shown = boss.get(link).text
        assert f"共 {count:,} 条" in shown, link
        assert "没有使用这些筛选条件" not in shown


PAGES = (
    "/",
    "/topics",
    "/topics/{topic}",
    "/topics/map?topic={topic}",
    "/topics/trends",
    "/feedback",
    "/feedback/1",
    "/issues",
    "/issues/1",
    "/issues/new?topic={topic}",
    "/issues/1/edit",
    "/issues/1/actions/new",
    "/actions/1",
    "/nowhere",
)


def test_what_customers_say_is_shown_as_text_and_never_as_markup(boss: TestClient, topic: int) -> None:
    for path in PAGES:
        shown = boss.get(path.format(topic=topic)).text
        assert not re.search(r"<script|<style|<b>太贵|<i>|<远山|\sstyle=|\son\w+=\"", shown), path
    assert "&lt;script&gt;" in boss.get("/feedback").text


@pytest.mark.parametrize("role", Role)
def test_a_role_is_offered_only_what_it_may_do(
    client: TestClient, runtime: Runtime, bank: Bank, topic: int, role: Role
) -> None:
    enter(client, runtime, bank, role)
    for path in PAGES:
        shown = client.get(path.format(topic=topic))
        forms = set(re.findall(r'method="post" action="([^"]+)"', shown.text)) - {"/logout"}
        for form in forms:
            answer = client.post(form, data={})
            assert answer.status_code != 403, (path, form)


def test_a_topic_joins_an_issue_that_is_open(boss: TestClient, runtime: Runtime, bank: Bank, topic: int) -> None:
    with runtime.store.write() as session:
        other = bank.topic(session, "年费")
    assert boss.post(f"/topics/{other}/link", data={"issue_id": "1"}).status_code == 303
    assert "已归入“短信费扣费说不清”" in boss.get(f"/topics/{other}").text
    assert "年费" in boss.get("/issues/1").text


def test_today_says_nothing_of_rises_where_the_records_are_too_short(
    boss: TestClient, runtime: Runtime, bank: Bank
) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session)
        for days_ago in range(1, 20):
            bank.feedback(session, on=TODAY - timedelta(days=days_ago), topic_id=topic)
    shown = boss.get("/").text
    assert "记录还没有覆盖前 28 天，不能比较。近 28 天条数最多的是" in shown
    for path in ("/topics", "/topics/trends", re.findall(r'href="(/topics/\d+)"', shown)[0]):
        page = boss.get(path).text
        assert "记录还没有覆盖前 28 天，不能比较" in page, path
        assert "+" not in re.sub(r"<[^>]*>", "", page), path
    assert "没有哪个主题的上升" not in shown
    assert "+19" not in shown


def test_today_compares_where_the_records_reach_back(boss: TestClient, topic: int) -> None:
    assert "不能比较" not in boss.get("/").text


def test_a_failure_is_told_in_chinese_and_without_what_failed(
    boss: TestClient, topic: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(WORDS)

    monkeypatch.setattr(query, "list_topics", fail)
    quiet = TestClient(boss.app, raise_server_exceptions=False, cookies=boss.cookies)
    answer = quiet.get("/topics")
    assert answer.status_code == 500
    assert "服务出错了" in answer.text
    assert "手续费" not in answer.text
