"""任务: what stopped is listed and retried, and so is the feedback whose analysis failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.feedback.ingest import ANALYSE
from app.feedback.models import Interaction, InteractionState
from app.jobs.models import Job, JobState
from app.jobs.queue import open_count
from app.people.models import Role
from app.store.audit import AuditEntry
from app.web.pages.jobs import LISTED, TITLES
from tests.app.tracker.conftest import NOW, TODAY, Bank
from tests.app.web.conftest import enter

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime

BUTTON = "重试分析失败的反馈"


@pytest.fixture
def admin(client: TestClient, runtime: Runtime, bank: Bank) -> TestClient:
    return enter(client, runtime, bank, Role.ADMIN)


@pytest.fixture
def failed(runtime: Runtime, bank: Bank) -> int:
    """A feedback whose analysis failed, as the job leaves it that ended well."""
    with runtime.store.write() as session:
        number = bank.feedback(session, on=TODAY)
        row = session.get_one(Interaction, number)
        row.state, row.failure = InteractionState.FAILED, "encoding: ValueError"
    return number


def stop_jobs(runtime: Runtime, count: int) -> None:
    """Jobs that were given up, numbered from 1."""
    with runtime.store.write() as session:
        session.add_all(
            Job(task="t", args={"id": number}, state=JobState.DEAD, run_at=NOW, created_at=NOW)
            for number in range(count)
        )


def test_every_task_has_a_title(runtime: Runtime) -> None:
    assert set(runtime.tasks) == set(TITLES)


def test_feedback_whose_analysis_failed_is_queued_again(
    admin: TestClient, runtime: Runtime, bank: Bank, failed: int
) -> None:
    assert "页重试" in admin.get("/").text
    before = admin.get("/jobs").text
    assert BUTTON in before
    assert "<dt>失败的步骤与错误</dt><dd><code>encoding: ValueError</code> 1 条</dd>" in before
    answer = admin.post("/jobs/failed/retry")
    assert answer.status_code == 303
    shown = admin.get(answer.headers["location"]).text
    assert "1 条反馈排队重新分析。" in shown
    assert BUTTON not in shown
    assert "失败的步骤" not in shown
    with runtime.store.read() as session:
        assert session.get_one(Interaction, failed).state is InteractionState.PENDING
        assert open_count(session, ANALYSE) == 1
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "jobs.retry")).one()
        assert entry.detail == {"jobs": [], "feedback": 1}
        assert entry.actor == f"user:{bank.users[Role.ADMIN].login}"


def test_who_may_only_look_is_led_to_an_administrator(boss: TestClient, failed: int) -> None:
    assert "请系统管理员在“任务”页重试" in boss.get("/").text
    assert BUTTON not in boss.get("/jobs").text
    assert boss.post("/jobs/failed/retry").status_code == 403


def test_the_latest_stopped_jobs_are_listed_and_all_are_counted(admin: TestClient, runtime: Runtime) -> None:
    stop_jobs(runtime, LISTED + 1)
    shown = admin.get("/jobs").text
    assert shown.count('aria-label="重试任务 ') == LISTED
    assert f"只列最近 {LISTED} 个，共 {LISTED + 1} 个" in shown
    assert admin.post("/jobs/1/retry").status_code == 303
    shown = admin.get("/jobs").text
    assert "任务 1 已重新排队" in shown
    assert "只列最近" not in shown
