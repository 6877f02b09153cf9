"""The console's pages by role, and what holds for every one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.feedback.models import Interaction, InteractionState
from app.people.models import Role
from app.people.roles import allowed
from app.topics.models import Topic
from app.tracker.service import link
from app.web.pages import PAGES
from tests.app.tracker.conftest import NOW, START, TODAY, Bank
from tests.app.web.conftest import enter

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime

SHOWN = {name: page for name, page in PAGES.items() if page.group is not None}
EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_the_pages_of_the_matrix(client: TestClient, runtime: Runtime, bank: Bank, role: Role) -> None:
    enter(client, runtime, bank, role)
    home = client.get("/").text
    for page in SHOWN.values():
        assert page.permission is not None
        may = allowed(role, page.permission)
        answer = client.get(page.path)
        assert answer.status_code == (200 if may else 403), page.path
        assert (f'href="{page.path}"' in home) is may
        if not may:
            assert "没有这项权限" in answer.text


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_of_an_empty_store_carries_no_script_or_style_of_its_own(boss: TestClient, name: str) -> None:
    answer = boss.get(PAGES[name].path)
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", answer.text)


def test_a_stranger_is_led_to_the_login_and_back(client: TestClient) -> None:
    answer = client.get("/topics?sort=largest")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


def test_a_form_of_another_site_is_refused(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session)
    answer = boss.post(f"/topics/{topic}/rename", data={"name": "别的"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    with runtime.store.read() as session:
        assert session.get_one(Topic, topic).name == "短信费"


def test_a_topic_is_renamed_and_named_back(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session)
    assert boss.post(f"/topics/{topic}/rename", data={"name": "短信费说不清"}).status_code == 303
    shown = boss.get(f"/topics/{topic}").text
    assert "短信费说不清" in shown
    assert "撤销" in shown
    assert boss.post(f"/topics/{topic}/rename/undo").status_code == 303
    with runtime.store.read() as session:
        assert session.get_one(Topic, topic).name == "短信费"


def test_names_are_shown_as_text_and_never_as_markup(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session, EVIL)
        bank.feedback(session, on=TODAY, topic_id=topic)
    for path in ("/topics", f"/topics/{topic}"):
        shown = boss.get(path).text
        assert EVIL not in shown
        assert "&lt;script&gt;" in shown


def test_one_click_opens_an_issue_and_a_second_finds_it(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session)
        bank.feedback(session, on=START, topic_id=topic)
    first = boss.post(f"/topics/{topic}/issue").headers["location"]
    assert "问题已建立" in boss.get(first).text
    assert boss.post(f"/topics/{topic}/issue").headers["location"] == first


def test_what_is_not_there_is_told_in_chinese(boss: TestClient) -> None:
    for path in ("/nowhere", "/topics/999", "/issues/999", "/feedback/999", "/actions/999"):
        answer = boss.get(path)
        assert answer.status_code == 404
        assert "没有" in answer.text


@pytest.mark.parametrize(
    ("state", "told", "quoted"),
    [
        (InteractionState.PENDING, "正在排队", "（个人信息遮盖之前不显示）"),
        (InteractionState.ANALYSED, "没有文字，不作判断", "（没有文字）"),
        (InteractionState.FAILED, "分析失败（model: ValueError）", "（个人信息遮盖之前不显示）"),
        (InteractionState.RESTRICTED, "已停止处理，不再判断", "（客户要求删除，已停止处理）"),
    ],
)
def test_only_what_waits_is_said_to_wait(
    boss: TestClient, runtime: Runtime, bank: Bank, state: InteractionState, told: str, quoted: str
) -> None:
    with runtime.store.write() as session:
        number, issue = bank.feedback(session, on=TODAY), bank.issue(session).id
        link(session, actor=bank.boss, issue_id=issue, interaction_ids=[number], now=NOW)
        row = session.get_one(Interaction, number)
        row.state = state
        row.failure = "model: ValueError" if state is InteractionState.FAILED else None
        session.add(row)
    shown = boss.get(f"/feedback/{number}").text
    assert told in shown
    assert ("正在排队" in shown) is (state is InteractionState.PENDING)
    assert ("还没有分析" in shown) is (state in {InteractionState.PENDING, InteractionState.FAILED})
    evidence = boss.get(f"/issues/{issue}").text
    assert quoted in evidence
    assert "还没有分析" not in evidence


def test_ready_when_nothing_waits(client: TestClient, runtime: Runtime, bank: Bank) -> None:
    assert client.get("/readyz").status_code == 200
    with runtime.store.write() as session:
        bank.feedback(session, on=TODAY)
    waiting = client.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json()["waiting"]["interactions"] == 1
