"""客户权利 and 保留期限, as an auditor works them: a copy, a deletion, a consent, a hold, and what is deleted when."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.compliance import retention
from app.customers.models import Customer
from app.feedback.models import Interaction, InteractionState
from app.people.models import Role
from app.store.audit import AuditEntry, verify
from tests.app.tracker.conftest import TODAY, Bank
from tests.app.web.conftest import enter
from tests.app.web.test_forms import after, chosen, undo
from tests.app.web.test_originals import NUMBER, _tell

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime
    from tests.conftest import SetClock

COUNTER = {"verified": "counter", "note": "工单 7"}


@pytest.fixture
def auditor(client: TestClient, runtime: Runtime, bank: Bank) -> TestClient:
    return enter(client, runtime, bank, Role.AUDITOR)


@pytest.fixture
def said(runtime: Runtime, bank: Bank) -> tuple[int, int]:
    """A customer and a feedback of his with a number in it."""
    with runtime.store.write() as session:
        customer = bank.customer(session)
        number = bank.feedback(session, on=TODAY, customer=customer)
        _tell(session, number)
        interaction = session.get_one(Interaction, number)
        interaction.state = InteractionState.ANALYSED
        session.add(interaction)
        assert customer.id is not None
        return customer.id, number


def request_id(shown: str) -> str:
    found = re.search(r"/rights/requests/(\d+)/", shown)
    assert found is not None
    return found[1]


def test_a_customer_is_found_and_gets_a_copy(auditor: TestClient, said: tuple[int, int], runtime: Runtime) -> None:
    customer_id, _ = said
    with runtime.store.read() as session:
        ref = session.get_one(Customer, customer_id).ref
    found = auditor.post("/rights/find", data={"ref": f" {ref} "})
    assert found.headers["location"] == f"/rights/{customer_id}"
    shown = after(auditor, auditor.post(f"/rights/{customer_id}/requests", data={"right": "access", **COUNTER}))
    assert "已登记“查阅、复制”请求" in shown
    bundle = auditor.post(f"/rights/requests/{request_id(shown)}/export")
    assert bundle.headers["content-type"] == "application/zip"
    assert bundle.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        assert all(f"请打{NUMBER}" in archive.read(name).decode().replace("&lt;", "<") for name in archive.namelist())
    assert "副本含反馈 1 条" in auditor.get("/rights").text


def test_an_unknown_customer_is_told_and_not_repeated(auditor: TestClient) -> None:
    shown = after(auditor, auditor.post("/rights/find", data={"ref": NUMBER}))
    assert "没有这个客户编号" in shown
    assert NUMBER not in shown


def test_a_deletion_is_shown_before_it_is_done(auditor: TestClient, said: tuple[int, int], runtime: Runtime) -> None:
    customer_id, number = said
    shown = after(auditor, auditor.post(f"/rights/{customer_id}/requests", data={"right": "delete", **COUNTER}))
    path = f"/rights/requests/{request_id(shown)}/delete"
    preview = auditor.get(path).text
    assert f"反馈 {number}" in preview
    assert "删除之后不能撤销" in preview
    assert "请先勾选" in after(auditor, auditor.post(path))
    assert "已删除反馈 1 条" in after(auditor, auditor.post(path, data={"sure": "yes"}))
    assert auditor.get(f"/feedback/{number}").status_code == 404
    assert auditor.get(f"/rights/{customer_id}").status_code == 404
    assert "资料已删除" in auditor.get("/rights").text
    with runtime.store.read() as session:
        assert verify(session).ok
        assert session.exec(select(Interaction)).all() == []


def test_what_a_law_keeps_is_told_and_its_page_says_why(
    auditor: TestClient, said: tuple[int, int], runtime: Runtime, bank: Bank
) -> None:
    customer_id, number = said
    with runtime.store.write() as session:
        bank.issue(session)
    enter(auditor, runtime, bank, Role.SUPERVISOR)
    auditor.post(f"/feedback/{number}/link", data={"issue_id": "1"})
    enter(auditor, runtime, bank, Role.AUDITOR)
    shown = after(auditor, auditor.post(f"/rights/{customer_id}/requests", data={"right": "delete", **COUNTER}))
    path = f"/rights/requests/{request_id(shown)}/delete"
    assert "问题还没有关闭：停止处理，只保存" in auditor.get(path).text
    assert "停止处理 1 条" in after(auditor, auditor.post(path, data={"sure": "yes"}))
    told = auditor.get(f"/feedback/{number}").text
    assert "只保存，不再显示、统计或分析" in told
    assert "[手机号]" not in told
    assert "共 0 条" in auditor.get("/feedback").text


def test_a_request_that_is_refused_keeps_what_was_typed(auditor: TestClient, said: tuple[int, int]) -> None:
    path = f"/rights/{said[0]}"
    told = {"right": "delete", "verified": "counter", "note": f"工单 {NUMBER}"}
    refused = auditor.post(f"{path}/requests", data=told)
    assert refused.status_code == 422
    assert f'value="工单 {NUMBER}"' in refused.text
    assert chosen(refused.text, "right") == "delete"
    number = request_id(after(auditor, auditor.post(f"{path}/requests", data=told | {"note": "工单 7"})))
    why = auditor.post(f"/rights/requests/{number}/refuse", data={"why": f"请打 {NUMBER}"})
    assert why.status_code == 422
    assert f'value="请打 {NUMBER}"' in why.text
    assert "<details open>" in why.text
    assert "已拒绝" in after(auditor, auditor.post(f"/rights/requests/{number}/refuse", data={"why": "核实不符"}))


def test_a_feedback_that_names_nobody_becomes_nobody_s_again(auditor: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        number = bank.feedback(session, on=TODAY)
    shown = after(auditor, auditor.post(f"/rights/feedback/{number}"))
    assert "已为它另立一位客户" in shown
    assert "没有客户编号" in undo(auditor, shown)
    with runtime.store.read() as session:
        assert session.get_one(Interaction, number).customer_id is None


def test_consents_are_kept_apart_and_can_be_undone(auditor: TestClient, said: tuple[int, int]) -> None:
    path = f"/rights/{said[0]}"
    assert auditor.get(path).text.count("撤回同意</button>") == 1
    shown = after(auditor, auditor.post(f"{path}/consent", data={"purpose": "marketing", "given": "yes"}))
    assert "营销，客户同意" in shown
    assert shown.count("撤回同意</button>") == 2
    assert undo(auditor, shown).count("撤回同意</button>") == 1


def test_a_hold_is_placed_told_and_released(auditor: TestClient, said: tuple[int, int]) -> None:
    path = f"/rights/{said[0]}"
    refused = auditor.post(f"{path}/hold", data={"reason": "litigation", "case": f"案 {NUMBER}"})
    assert refused.status_code == 422
    assert "不要写个人信息" in refused.text
    assert f'value="案 {NUMBER}"' in refused.text  # to be put right, not typed again
    shown = after(auditor, auditor.post(f"{path}/hold", data={"reason": "litigation", "case": "案件 17"}))
    assert "保全中：停止处理" in shown
    assert "案件 17" in auditor.get("/rights").text
    released = undo(auditor, shown)
    assert "已解除保全" in released
    assert "案件 17" not in auditor.get("/rights").text
    assert "保全中：停止处理" in undo(auditor, released)
    assert "案件 17" in auditor.get("/rights").text


def test_retention_is_announced_hurried_and_done(
    auditor: TestClient, said: tuple[int, int], runtime: Runtime, bank: Bank, clock: SetClock
) -> None:
    with runtime.store.write() as session:
        old = bank.feedback(session, on=TODAY - timedelta(days=800))
    assert "现在到期 1 条" in auditor.get("/retention").text
    shown = after(auditor, auditor.post("/retention/announce"))
    assert "一般反馈 1 条" in shown
    assert "现在预告" in undo(auditor, shown)
    after(auditor, auditor.post("/retention/announce"))
    clock.advance(retention.NOTICE + timedelta(hours=1))
    enter(auditor, runtime, bank, Role.AUDITOR)
    waiting = auditor.get("/retention").text
    assert "下一个凌晨两点" in waiting
    assert "正在删除" not in waiting
    assert "取消这次删除" in waiting
    assert "请先勾选" in after(auditor, auditor.post("/retention/2/hurry"))
    assert "正在后台删除" in after(auditor, auditor.post("/retention/2/hurry", data={"sure": "yes"}))
    assert "正在删除" in auditor.get("/retention").text
    retention.execute([{"run_id": 2}], store=runtime.store, clock=runtime.clock)
    done = auditor.get("/retention").text
    assert "没有到期的档案" in done
    assert "已删除" in done
    assert auditor.get(f"/feedback/{old}").status_code == 404
    assert auditor.get(f"/feedback/{said[1]}").status_code == 200


def test_a_period_is_changed_within_the_law(auditor: TestClient) -> None:
    shown = after(auditor, auditor.post("/retention/rules/feedback", data={"months": "12"}))
    assert "一般反馈保留 12 个月" in shown
    assert "一般反馈保留 24 个月" in undo(auditor, shown)
    assert "至少保留 36 个月" in after(auditor, auditor.post("/retention/rules/complaint", data={"months": "12"}))


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.MANAGER, Role.ACTION_OWNER])
def test_other_roles_have_no_part_in_it(
    client: TestClient, runtime: Runtime, bank: Bank, said: tuple[int, int], role: Role
) -> None:
    enter(client, runtime, bank, role)
    for path in ("/rights", f"/rights/{said[0]}", "/retention"):
        assert client.get(path).status_code == 403
    assert client.post(f"/rights/{said[0]}/requests", data={"right": "access", **COUNTER}).status_code == 403
    assert client.post("/retention/announce").status_code == 403


def test_the_audit_page_tells_each_act_in_words(auditor: TestClient, said: tuple[int, int], runtime: Runtime) -> None:
    path = f"/rights/{said[0]}"
    auditor.post(f"{path}/hold", data={"reason": "authority", "case": "监管来函"})
    auditor.post(f"{path}/requests", data={"right": "access", **COUNTER})
    shown = auditor.get("/audit").text
    assert "设了保全" in shown
    assert "登记了客户的权利请求" in shown
    with runtime.store.read() as session:
        assert NUMBER not in "".join(str(entry.detail) for entry in session.exec(select(AuditEntry)))
