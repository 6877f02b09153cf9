"""What an administrator does at the shell, and what the audit chain remembers of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from app.cli import app
from app.errors import Conflict, Invalid, NotFound
from app.feedback import sources
from app.jobs.models import Job, JobState
from app.people.models import Role, User
from app.runtime import Runtime
from app.settings import Settings
from app.store.audit import AuditEntry
from app.store.sealing import sealed_under

AT = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
PASSWORD = "Spring-Cloud-77"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUISHENG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def look(question: object) -> list[object]:
    runtime = Runtime(Settings())
    with runtime.store.read() as session:
        found = list(session.exec(question))  # type: ignore[call-overload]  # any select of the tests below
    runtime.store.dispose()
    return found


def actions() -> list[object]:
    return look(select(AuditEntry.action).order_by(col(AuditEntry.id)))


def test_a_user_is_asked_for_what_is_not_given() -> None:
    done = run("user", "add", given=f"wang\n王敏\nanalyst\n{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert PASSWORD not in done.output
    (user,) = look(select(User))
    assert isinstance(user, User)
    assert (user.login, user.name, user.role) == ("wang", "王敏", Role.ANALYST)
    assert actions() == ["user.add"]


def test_a_user_with_a_weak_password_or_a_taken_login_is_refused() -> None:
    words = ("user", "add", "--login", "wang", "--name", "王敏", "--role", "analyst", "--password")
    assert isinstance(run(*words, "short").exception, Invalid)
    assert run(*words, PASSWORD).exit_code == 0
    assert isinstance(run(*words, PASSWORD).exception, Conflict)


def test_a_source_has_two_secrets_until_the_old_one_is_retired() -> None:
    run("source", "add", "hotline", "--title", "热线", "--channel", "phone")
    assert "whsec_" in run("source", "rotate", "hotline").output
    runtime = Runtime(Settings())
    with runtime.store.read() as session:
        assert len(_keys(session)) == 2
        newest = _keys(session)[-1]
    assert "1 把" in run("source", "retire", "hotline").output
    with runtime.store.read() as session:
        assert _keys(session) == [newest]
    runtime.store.dispose()
    assert actions() == ["source.add", "source.rotate", "source.retire"]


def test_a_stopped_source_delivers_no_more_until_it_is_started() -> None:
    """Its secret can be changed meanwhile."""
    run("source", "add", "hotline", "--title", "热线", "--channel", "phone")
    assert "新的投递一律退回" in run("source", "stop", "hotline").output
    runtime = Runtime(Settings())
    with runtime.store.read() as session, pytest.raises(NotFound, match="没有这个接入源"):
        sources.by_name(session, "hotline")
    assert "whsec_" in run("source", "rotate", "hotline").output
    assert "1 把" in run("source", "retire", "hotline").output
    assert "已恢复" in run("source", "start", "hotline").output
    with runtime.store.read() as session:
        assert sources.by_name(session, "hotline").active
    runtime.store.dispose()
    assert actions() == ["source.add", "source.stop", "source.rotate", "source.retire", "source.start"]
    assert isinstance(run("source", "stop", "nobody").exception, NotFound)


def _keys(session: Session) -> list[bytes]:
    return sources.signing_keys(session, source=sources.by_name(session, "hotline"))


def test_rotating_the_keys_brings_the_originals_under_the_new_one() -> None:
    run("source", "add", "hotline", "--title", "热线", "--channel", "phone")
    old = Runtime(Settings()).keyring.current
    done = run("keys", "rotate")
    new = Runtime(Settings()).keyring.current
    assert new != old
    assert new in done.output
    runtime = Runtime(Settings())
    with runtime.store.read() as session:
        assert sealed_under(sources.by_name(session, "hotline").digest_key) == new
    runtime.store.dispose()
    assert actions() == ["source.add", "keys.rotate"]


def test_all_dead_jobs_are_retried_however_many() -> None:
    run("migrate")
    runtime = Runtime(Settings())
    with runtime.store.write() as session:
        session.add_all(
            Job(task="t", key=str(number), args={"id": number}, state=JobState.DEAD, run_at=AT, created_at=AT)
            for number in range(150)
        )
    runtime.store.dispose()
    assert "重试 150 个任务" in run("jobs", "retry").output
    assert set(look(select(Job.state))) == {JobState.QUEUED}


def test_dead_jobs_are_listed_and_retried() -> None:
    run("migrate")
    runtime = Runtime(Settings())
    with runtime.store.write() as session:
        session.add(
            Job(
                task="t",
                key="7",
                args={"id": 7},
                state=JobState.DEAD,
                run_at=AT,
                created_at=AT,
                error="KeyError at f:1",
            )
        )
    runtime.store.dispose()
    assert "1\tt\tid=7\tKeyError at f:1" in run("jobs", "dead").output
    assert "重试 1 个任务" in run("jobs", "retry").output
    assert "没有停下的任务" in run("jobs", "dead").output
    assert look(select(Job.state)) == [JobState.QUEUED]
    assert isinstance(run("jobs", "retry", "1").exception, Conflict)
