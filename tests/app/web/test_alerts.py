"""The alerts on 今日 and on their topic's page: what they say, and what becomes of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.feedback.models import Interaction, InteractionState
from app.people.models import Role
from app.topics.models import AlertState, TopicAlert
from app.tracker.models import Issue, IssueLink
from tests.app.tracker.conftest import TODAY, Bank
from tests.app.web.conftest import enter
from tests.app.web.test_forms import after, undo

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime

YESTERDAY = TODAY - timedelta(days=1)


def plant(runtime: Runtime, bank: Bank, *, topic: str | None = "短信费", since: date = YESTERDAY) -> TopicAlert:
    """An alert of yesterday with five texts."""
    with runtime.store.write() as session:
        topic_id = bank.topic(session, topic) if topic else None
        texts = [bank.feedback(session, on=YESTERDAY, topic_id=topic_id) for _ in range(5)]
        for one in texts:
            row = session.get_one(Interaction, one)
            row.state, row.subject_masked = InteractionState.ANALYSED, f"短信费又扣了{one}"
            session.add(row)
        alert = TopicAlert(
            topic_id=topic_id,
            since=since,
            raised_on=YESTERDAY,
            last_on=YESTERDAY,
            observed=24,
            expected=8,
            factor=3,
            low=2.1,
            high=4.2,
            carriers={"channel": {"phone": 20, "chat": 4}, "product": {"credit": 9}, "region": {"远山市": 7}},
            texts=texts,
        )
        session.add(alert)
        session.flush()
        return alert


@pytest.fixture
def alert(runtime: Runtime, bank: Bank) -> TopicAlert:
    return plant(runtime, bank)


def test_today_says_what_rose_and_shows_its_texts(boss: TestClient, alert: TopicAlert) -> None:
    shown = boss.get("/").text
    words = "昨天 24 条，通常 8 条（3.0 倍，2.1–4.2），10月19日起；主要在 电话、credit、远山市。"
    assert words in shown
    assert f'<a href="/topics/{alert.topic_id}">短信费</a>' in shown
    assert shown.count("短信费又扣了") >= 5
    assert f"/feedback?topic={alert.topic_id}&amp;since=2026-10-19&amp;until=2026-10-19" in shown
    assert "误报平均每四周 0.7 次" in shown
    assert words in boss.get(f"/topics/{alert.topic_id}").text


def test_a_longer_stretch_and_a_theme_never_heard_of(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    alert = plant(runtime, bank, topic=None, since=YESTERDAY - timedelta(days=6))
    with runtime.store.write() as session:
        alert.expected, alert.carriers = 0.1, {}
        session.add(alert)
    shown = boss.get("/").text
    assert "到昨天为止的 7 天 24 条，以前几乎没有，10月13日起。" in shown
    assert '<a href="/feedback?topic=none&amp;' in shown


def test_a_quiet_day_shows_no_card(boss: TestClient) -> None:
    assert "主题预警" not in boss.get("/").text


def test_one_click_accepts_opens_an_issue_and_can_be_taken_back(
    boss: TestClient, runtime: Runtime, alert: TopicAlert
) -> None:
    answer = boss.post(f"/alerts/{alert.id}/accept")
    shown = after(boss, answer)
    assert "预警已受理。问题已建立" in shown
    assert "昨天 24 条" in shown
    with runtime.store.read() as session:
        issue = session.exec(select(Issue)).one()
        assert answer.headers["location"] == f"/issues/{issue.id}"
        assert session.exec(select(IssueLink.topic_id)).all() == [alert.topic_id]
        assert session.get_one(TopicAlert, alert.id).state is AlertState.ACCEPTED
    assert "主题预警" not in boss.get("/").text
    assert "已受理" in boss.get(f"/topics/{alert.topic_id}").text
    assert "这条预警已受理" in after(boss, boss.post(f"/alerts/{alert.id}/accept"))
    boss.post(f"/alerts/{alert.id}/reopen")
    shown = after(boss, boss.post(f"/alerts/{alert.id}/accept"))
    assert "没有重复新建" in shown
    assert "昨天 24 条" in undo(boss, shown)


def test_an_alert_of_no_topic_gives_its_texts_as_evidence(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    alert = plant(runtime, bank, topic=None)
    assert "未归类的反馈增多" in after(boss, boss.post(f"/alerts/{alert.id}/accept"))
    with runtime.store.read() as session:
        assert session.exec(select(IssueLink.interaction_id)).all() == alert.texts


@pytest.mark.parametrize(
    ("verb", "told"), [("snooze", "这条预警10月27日再显示"), ("dismiss", "已记为已知"), ("accept", "预警已受理")]
)
def test_each_decision_is_told_audited_and_undone(
    client: TestClient, runtime: Runtime, bank: Bank, alert: TopicAlert, verb: str, told: str
) -> None:
    enter(client, runtime, bank, Role.SUPERVISOR)
    shown = after(client, client.post(f"/alerts/{alert.id}/{verb}"))
    assert told in shown
    assert "昨天 24 条" in undo(client, shown)
    enter(client, runtime, bank, Role.ANALYST)
    assert "重新打开了主题预警：<a" in client.get("/").text.replace("、", "：<a")
    enter(client, runtime, bank, Role.AUDITOR)
    assert "主题预警" in client.get("/audit").text


def test_restricted_texts_are_not_shown(boss: TestClient, runtime: Runtime, alert: TopicAlert) -> None:
    with runtime.store.write() as session:
        row = session.get_one(Interaction, alert.texts[0])
        row.state, row.subject_masked = InteractionState.RESTRICTED, None
        session.add(row)
    shown = boss.get("/").text
    assert "其中 4 条原话" in shown
    assert "已停止处理" not in shown


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR, Role.ANALYST}])
def test_other_roles_read_and_do_not_decide(
    client: TestClient, runtime: Runtime, bank: Bank, alert: TopicAlert, role: Role
) -> None:
    enter(client, runtime, bank, role)
    shown = client.get("/").text
    assert ("昨天 24 条" in shown) is (role is not Role.ADMIN)
    assert "一周后再看" not in shown
    for verb in ("accept", "snooze", "dismiss", "reopen"):
        assert client.post(f"/alerts/{alert.id}/{verb}").status_code == 403


def test_an_alert_that_is_not_there_is_told(boss: TestClient) -> None:
    assert boss.post("/alerts/99/accept").status_code == 404
