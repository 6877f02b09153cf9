"""What a person does with the console's forms: it is done and told, or refused with the reason, and can be undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from app.people.models import Role, User
from app.tracker.models import ActionState, FollowUp, Issue, IssueState, Outcome
from tests.app.tracker.conftest import START, Bank
from tests.app.web.conftest import enter

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from httpx2 import Response

    from app.runtime import Runtime

ISSUE = {"title": "短信费扣费说不清", "detail": "客户看不懂短信", "due_on": "2026-11-01"}
WORDY = "Hao-de-mima-2026"


@pytest.fixture
def issue_id(runtime: Runtime, bank: Bank) -> int:
    with runtime.store.write() as session:
        return bank.issue(session).id


@pytest.fixture
def action_id(runtime: Runtime, bank: Bank) -> int:
    """A started action with two customers who may be asked."""
    with runtime.store.write() as session:
        issue = bank.issue(session)
        bank.affected(session, issue, [2, 3])
        return bank.started(session, issue, on=START).id


def after(client: TestClient, answer: Response) -> str:
    """The page that a form leads to."""
    assert answer.status_code == 303
    return client.get(answer.headers["location"]).text


def chosen(shown: str, name: str) -> str:
    """What a browser would send of a list as it is shown: the option selected, else the first."""
    found = re.search(rf'<select[^>]* name="{name}"[^>]*>(.*?)</select>', shown, re.DOTALL)
    assert found is not None
    options: list[tuple[str, str]] = re.findall(r'<option value="([^"]*)"( selected)?>', found[1])
    return next((value for value, selected in options if selected), options[0][0])


def undo(client: TestClient, shown: str) -> str:
    """Press 撤销 in the sentence that a page shows, and read the page that follows."""
    form = re.search(r'<div class="flash.*?action="([^"]+)">(.*?)</form>', shown, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    return after(client, client.post(form[1], data=fields))


def test_an_issue_is_opened_and_wrong_words_come_back_beside_their_field(boss: TestClient, runtime: Runtime) -> None:
    refused = boss.post("/issues", data=ISSUE | {"title": "联系 13800138000"})
    assert refused.status_code == 422
    assert "不要写个人信息" in refused.text
    assert "客户看不懂短信" in refused.text
    assert boss.post("/issues", data=ISSUE | {"due_on": "下周"}).status_code == 422
    slip = boss.post("/issues", data=ISSUE | {"due_on": "0026-11-01"})
    assert slip.status_code == 422
    assert "期限要在 1990 年到 2100 年之间" in slip.text
    assert "问题已建立" in after(boss, boss.post("/issues", data=ISSUE))
    with runtime.store.read() as session:
        assert len(session.exec(select(Issue)).all()) == 1


def test_an_owner_who_is_not_on_offer_is_asked_for(
    boss: TestClient, runtime: Runtime, bank: Bank, issue_id: int
) -> None:
    edit, add = f"/issues/{issue_id}/edit", f"/issues/{issue_id}/actions/new"
    analyst = bank.users[Role.ANALYST].id  # may own issues, but no actions
    assert [chosen(boss.get(path).text, "owner_id") for path in (edit, add)] == [str(bank.boss.id)] * 2
    with runtime.store.write() as session:
        session.get_one(Issue, issue_id).owner_id = analyst
    assert [chosen(boss.get(path).text, "owner_id") for path in (edit, add)] == [str(analyst), ""]
    with runtime.store.write() as session:
        session.get_one(User, analyst).active = False
    assert [chosen(boss.get(path).text, "owner_id") for path in (edit, add)] == ["", ""]


def test_who_changes_an_issue_after_somebody_else_is_told_and_loses_nothing(boss: TestClient, issue_id: int) -> None:
    path = f"/issues/{issue_id}/edit"
    assert "已保存" in after(boss, boss.post(path, data=ISSUE | {"owner_id": "1", "version": "1", "title": "甲"}))
    late = boss.post(path, data=ISSUE | {"owner_id": "1", "version": "1", "title": "乙"})
    assert late.status_code == 409
    assert "刚被别人改过" in late.text
    assert 'value="乙"' in late.text


def test_a_move_is_told_and_taken_back_and_a_late_one_refused(
    boss: TestClient, runtime: Runtime, issue_id: int
) -> None:
    path = f"/issues/{issue_id}/move"
    moved = after(boss, boss.post(path, data={"verb": "take", "version": "1"}))
    assert "问题现在是“处理中”" in moved
    assert "刚被别人改过" in after(boss, boss.post(path, data={"verb": "resolve", "version": "1"}))
    boss.cookies.delete("huisheng_flash")
    moved_back = after(boss, boss.post(f"/issues/{issue_id}/undo", data={"version": "2"}))
    assert "已撤销" in moved_back
    with runtime.store.read() as session:
        assert session.get_one(Issue, issue_id).state is IssueState.OPEN


def test_evidence_that_was_removed_is_put_back(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        issue_id = bank.issue(session, topic_ids=[bank.topic(session)]).id
    link = re.search(r'name="link_id" value="(\d+)"', boss.get(f"/issues/{issue_id}").text)
    assert link is not None
    shown = after(boss, boss.post(f"/issues/{issue_id}/unlink", data={"link_id": link[1]}))
    assert "已移除" in shown
    assert "还没有依据" in shown
    assert "依据已恢复" in undo(boss, shown)


def test_an_action_is_added_started_and_not_started_in_the_future(boss: TestClient, issue_id: int) -> None:
    form = {"title": "扣费前三天提示", "target": "", "owner_id": "1", "due_on": "2026-11-01"}
    action = boss.post(f"/issues/{issue_id}/actions", data=form).headers["location"]
    assert 'min="1990-01-01" max="2026-10-20"' in boss.get(action).text
    start = {"verb": "start", "version": "1"}
    slip = after(boss, boss.post(f"{action}/move", data=start | {"started_on": "0202-09-01"}))
    assert "生效日期要在 1990 年到 2100 年之间" in slip
    assert "不能晚于今天" in after(boss, boss.post(f"{action}/move", data=start | {"started_on": "2026-12-01"}))
    started = after(boss, boss.post(f"{action}/move", data=start | {"started_on": "2026-09-01"}))
    assert "措施现在是“进行中”" in started
    assert "措施恢复为“计划”" in undo(boss, started)


def test_follow_ups_are_listed_answered_withdrawn_and_told_honestly(
    boss: TestClient, runtime: Runtime, action_id: int
) -> None:
    path = f"/actions/{action_id}"
    assert "新列入 2 位" in after(boss, boss.post(f"{path}/followups/plan"))
    with runtime.store.read() as session:
        first, second = session.exec(select(FollowUp.id).order_by(col(FollowUp.id))).all()
    assert "请先选择" in after(boss, boss.post(f"{path}/followups/{first}", data={"answer": "9"}))
    answered = after(boss, boss.post(f"{path}/followups/{first}", data={"answer": "5"}))
    assert "答复 1 位" in answered
    assert "样本太少" in answered
    assert "95% 区间，单位" not in answered, "an interval over one customer would be believed"
    assert "重新等待回访" in undo(boss, answered)
    assert "未答复 1 位" in after(boss, boss.post(f"{path}/followups/{second}", data={"answer": "none"}))


def test_answers_come_from_the_list_that_was_downloaded(boss: TestClient, runtime: Runtime, action_id: int) -> None:
    path = f"/actions/{action_id}/followups"
    boss.post(f"{path}/plan")
    lines = boss.get(f"{path}.csv").text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "customer_ref,score,answered_at,note"
    refs = [line.split(",")[0] for line in lines[1:]]
    filled = f"{lines[0]}\n{refs[0]},4,2026-10-01,\n{refs[1]},7,2026-10-01,\n"
    told = boss.post(f"{path}/import", files={"file": ("answers.csv", filled.encode(), "text/csv")})
    assert "答复 1 位" in told.text
    assert "第 3 行" in told.text
    dated = [line.split(",")[2] for line in boss.get(f"{path}.csv").text.splitlines()[1:]]
    assert sorted(dated) == ["", "2026-10-01T00:00:00+08:00"]
    assert f"{path}/import?" not in told.text
    broken = boss.post(f"{path}/import", files={"file": ("answers.csv", b"a,b\n1,2\n", "text/csv")})
    assert broken.status_code == 422
    assert "表头缺少" in broken.text
    with runtime.store.read() as session:
        assert sorted(session.exec(select(FollowUp.outcome))) == [Outcome.ANSWERED, Outcome.PENDING]


def test_the_next_page_after_an_import_is_the_action_s(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        issue = bank.issue(session)
        bank.affected(session, issue, [None] * 21)
        path = f"/actions/{bank.started(session, issue, on=START).id}"
    boss.post(f"{path}/followups/plan")
    refused = boss.post(f"{path}/followups/import", files={"file": ("answers.csv", b"a,b\n1,2\n", "text/csv")})
    assert f'href="{path}?page=2"' in refused.text


def test_an_action_owner_is_offered_only_their_own(
    client: TestClient, runtime: Runtime, bank: Bank, action_id: int
) -> None:
    enter(client, runtime, bank, Role.ACTION_OWNER)
    shown = client.get(f"/actions/{action_id}").text
    assert "列出受影响客户" not in shown
    refused = after(client, client.post(f"/actions/{action_id}/move", data={"verb": "finish", "version": "2"}))
    assert ActionState.STARTED.chinese in refused
    assert "只能处理自己负责的措施" in refused


def test_an_administrator_adds_changes_and_ends_users(client: TestClient, runtime: Runtime, bank: Bank) -> None:
    enter(client, runtime, bank, Role.ADMIN)
    form = {"login": "xin", "name": "新同事", "role": "analyst", "password": WORDY}
    weak = client.post("/users", data=form | {"password": "123"})
    assert weak.status_code == 422
    assert "密码须" in weak.text
    assert 'value="xin"' in weak.text
    assert "123" not in re.findall(r'type="password"[^>]*', weak.text)[0]
    assert "已新增 新同事" in after(client, client.post("/users", data=form))
    assert client.post("/users", data=form).status_code == 409
    with runtime.store.read() as session:
        added = session.exec(select(User.id).where(User.login == "xin")).one()
    changed = after(client, client.post(f"/users/{added}/role", data={"role": "manager"}))
    assert "角色是“管理层”" in changed
    assert "角色是“分析员”" in undo(client, changed)
    assert "已停用" in after(client, client.post(f"/users/{added}/active", data={"active": "no"}))
    own = bank.users[Role.ADMIN].id
    assert "不能停用自己" in after(client, client.post(f"/users/{own}/active", data={"active": "no"}))


def test_a_refused_password_stays_with_the_person_it_was_meant_for(
    client: TestClient, runtime: Runtime, bank: Bank
) -> None:
    enter(client, runtime, bank, Role.ADMIN)
    person = bank.users[Role.MANAGER]
    assert chosen(client.get("/users").text, "user_id") == ""
    form = {"user_id": str(person.id), "password": WORDY}
    refused = client.post("/users/password", data=form | {"password": "123"})
    assert refused.status_code == 422
    assert chosen(refused.text, "user_id") == form["user_id"]
    told = after(client, client.post("/users/password", data=form))
    assert f"已重设 {person.name}（{person.login}）的密码" in told
