"""查看原文: a role and a reason open one feedback under a watermark, and the audit chain knows it first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlmodel import Session, col, select

from app.channels.kinds import Role as Speaker
from app.feedback import erase, spread
from app.feedback.models import Interaction, Message
from app.jobs.queue import open_count
from app.people.models import Role
from app.store.audit import AuditEntry
from app.store.sealing import seal
from tests.app.tracker.conftest import Bank
from tests.app.web.conftest import enter
from tests.app.web.test_correcting import analysed
from tests.app.web.test_forms import chosen

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime

NUMBER = "13800138000"
WHY = {"reason": "complaint", "note": "投诉单 T-0042，核对来电号码"}


@pytest.fixture
def number(runtime: Runtime, bank: Bank) -> int:
    """A feedback with a telephone number in its words and in its subject."""
    with runtime.store.write() as session:
        number = analysed(session, bank)
        _tell(session, number)
    return number


def _tell(session: Session, number: int) -> None:
    for old in session.exec(select(Message).where(Message.interaction_id == number)):
        session.delete(old)
    session.flush()
    said = f"请打{NUMBER}<b>找我"
    session.add(
        Message(
            interaction_id=number, seq=0, external_id="x", role=Speaker.CUSTOMER,
            original=seal(session, said.encode(), context="message.original"),
            masked_text="请打[手机号]<b>找我", pii=[(2, 13, "MOBILE", None)],
        )
    )  # fmt: skip
    interaction = session.get_one(Interaction, number)
    interaction.subject = seal(session, "回电".encode(), context="interaction.subject")
    interaction.subject_masked = "回电"
    session.add(interaction)


def views(runtime: Runtime) -> list[AuditEntry]:
    with runtime.store.read() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "original.view").order_by(col(AuditEntry.id))
        return list(session.exec(wanted))


def test_the_words_are_shown_with_a_watermark_after_a_reason(
    boss: TestClient, runtime: Runtime, bank: Bank, number: int
) -> None:
    page = boss.get(f"/feedback/{number}")
    assert NUMBER not in page.text
    assert f'href="/feedback/{number}/original"' in page.text
    assert NUMBER not in boss.get(f"/feedback/{number}/original").text
    assert views(runtime) == []

    shown = boss.post(f"/feedback/{number}/original", data=WHY)
    assert shown.status_code == 200
    assert f'请打<mark title="手机号">{NUMBER}</mark>&lt;b&gt;找我' in shown.text
    assert "回电" in shown.text
    login = bank.users[Role.SUPERVISOR].login
    assert shown.text.count(f"<span>{login} ") > 50
    assert shown.headers["cache-control"] == "no-store"

    (entry,) = views(runtime)
    assert entry.subject == f"feedback:{number}"
    assert entry.detail == WHY
    assert entry.actor == f"user:{login}"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"note": WHY["note"]}, "请选一个查看原文的理由"),
        ({**WHY, "reason": "curious"}, "请选一个查看原文的理由"),
        ({**WHY, "note": "看看"}, "请用 4 到 200 个字"),
        ({**WHY, "note": "长" * 201}, "请用 4 到 200 个字"),
        ({**WHY, "note": f"客户电话{NUMBER}"}, "请去掉"),
        ({**WHY, "note": "客户住建国路88号3号楼501室"}, "请去掉"),
    ],
)
def test_without_a_good_reason_nothing_is_opened_and_nothing_is_recorded(
    boss: TestClient, runtime: Runtime, number: int, told: dict[str, str], message: str
) -> None:
    answer = boss.post(f"/feedback/{number}/original", data=told)
    assert answer.status_code == 422
    assert message in answer.text
    assert "<mark" not in answer.text
    assert views(runtime) == []


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR, Role.COMPLAINT_OFFICER}])
def test_other_roles_neither_see_the_way_nor_pass(
    client: TestClient, runtime: Runtime, bank: Bank, number: int, role: Role
) -> None:
    other = enter(client, runtime, bank, role)
    assert "/original" not in other.get(f"/feedback/{number}").text
    assert other.get(f"/feedback/{number}/original").status_code == 403
    assert other.post(f"/feedback/{number}/original", data=WHY).status_code == 403
    told = {"verdict": "release", "kind": "MOBILE", "piece": NUMBER}
    assert other.post(f"/feedback/{number}/masking", data=told).status_code == 403
    assert views(runtime) == []


def test_masking_is_reviewed_where_the_original_is_seen(boss: TestClient, runtime: Runtime, number: int) -> None:
    shown = boss.post(f"/feedback/{number}/original", data=WHY).text
    assert "漏遮的文字" in shown
    assert f'value="{NUMBER}"' in shown
    assert "形式相符" in shown

    told = {"verdict": "release", "kind": "MOBILE", "piece": NUMBER}
    assert boss.post(f"/feedback/{number}/masking", data=told).headers["location"] == f"/feedback/{number}"
    page = boss.get(f"/feedback/{number}").text
    assert "已放开 1 处" in page
    assert NUMBER in page
    assert "放开了误遮的手机号" in page

    undo = re.search(rf'action="(/feedback/{number}/masking/\d+/undo)"', page)
    assert undo is not None
    boss.post(undo[1])
    page = boss.get(f"/feedback/{number}").text
    assert NUMBER not in page
    assert "遮盖复核" not in page.replace("已撤销这次遮盖复核", "")

    boss.post(f"/feedback/{number}/masking", data=told | {"everywhere": "true"})
    page = boss.get(f"/feedback/{number}").text
    assert "其他反馈正在照此处理" in page
    assert "在全部反馈里" in page.split('id="masking"')[1]
    with runtime.store.read() as session:
        assert open_count(session, spread.SPREAD) == 1

    refused = boss.post(f"/feedback/{number}/masking", data={"verdict": "mask", "kind": "NAME", "piece": "没有的字"})
    assert refused.status_code == 422
    assert "请从原文里照抄" in refused.text
    assert 'value="没有的字"' in refused.text
    assert chosen(refused.text, "kind") == "NAME"


def test_every_review_can_be_undone_and_of_ended_feedback_what_holds_everywhere(
    boss: TestClient, runtime: Runtime, number: int
) -> None:
    boss.post(f"/feedback/{number}/original", data=WHY)
    released = {"verdict": "release", "kind": "MOBILE", "piece": NUMBER, "everywhere": "true"}
    boss.post(f"/feedback/{number}/masking", data=released)
    boss.post(f"/feedback/{number}/masking", data={"verdict": "mask", "kind": "NAME", "piece": "回电"})
    first, second = undos(boss.get(f"/feedback/{number}").text, number)[::-1]
    assert first < second
    with runtime.store.write() as session:
        erase.restrict(session, session.get_one(Interaction, number))
    page = boss.get(f"/feedback/{number}").text
    assert undos(page, number) == [first]
    boss.post(f"/feedback/{number}/masking/{first}/undo")
    assert undos(boss.get(f"/feedback/{number}").text, number) == []


def undos(page: str, number: int) -> list[str]:
    """The reviews that the page's list offers to undo."""
    listed = page.split('id="masking"')[1] if 'id="masking"' in page else ""
    return re.findall(rf'action="/feedback/{number}/masking/(\d+)/undo"', listed)


def test_a_feedback_that_does_not_exist_is_not_found(boss: TestClient) -> None:
    assert boss.get("/feedback/99999/original").status_code == 404
    assert boss.post("/feedback/99999/original", data=WHY).status_code == 404
