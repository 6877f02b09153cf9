from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.errors import Conflict, Invalid, TooLarge
from app.feedback.models import Score
from app.store.audit import AuditEntry, verify
from app.tracker.answers import MAX_BYTES, ImportReport, import_answers
from app.tracker.followups import list_followups, plan_followups, withdraw
from app.tracker.models import Action, Outcome
from tests.app.tracker.conftest import NOW, Bank

if TYPE_CHECKING:
    from app.store.engine import Store

HEADER = "customer_ref,score,answered_at,note\n"


@pytest.fixture
def action(store: Store, bank: Bank) -> Action:
    """Started, with customers C0000, C0001 and C0002 waiting for a follow-up."""
    with store.write() as session:
        issue = bank.issue(session)
        action = bank.started(session, issue)
        bank.affected(session, issue, [2, 2, 2])
        plan_followups(session, actor=bank.boss, action_id=action.id, now=NOW)
    return action


def load(store: Store, bank: Bank, action: Action, content: bytes | str) -> ImportReport:
    data = content.encode() if isinstance(content, str) else content
    with store.write() as session:
        return import_answers(session, actor=bank.boss, action_id=action.id, source=BytesIO(data), now=NOW)


def outcomes(store: Store, action: Action) -> list[tuple[str, str, int | None]]:
    with store.read() as session:
        rows, _ = list_followups(session, action_id=action.id)
    return [(row.customer_ref, row.follow_up.outcome.value, row.score) for row in rows]


FILES: list[bytes | str] = [
    HEADER + "C0000,4,2026-09-21,电话接通\nC0001,,2026-09-22,\nC0002,5,2026-09-21 10:30,\n",
    "客户编号,评分,答复时间\nC0000,４分,2026/9/21\nC0001,,2026/9/22\nC0002,5,2026年9月21日 10:30\n".encode("gb18030"),
    "\ufeff答复时间,备注,客户号,满意度\n2026-09-21,,C0000,4\n\n2026-09-22,,C0001,\n2026-09-21T10:30+08:00,,C0002,5.0",
    HEADER + 'C0000,4,2026-09-21,"两行\r\n备注"\r\nC0001,,2026-09-22\r\nC0002,5,2026-09-21T02:30Z\r\n',
]


@pytest.mark.parametrize("content", FILES)
def test_the_files_people_have_are_taken(store: Store, bank: Bank, action: Action, content: bytes | str) -> None:
    assert load(store, bank, action, content) == ImportReport(answered=2, no_answer=1)
    assert outcomes(store, action) == [("C0000", "answered", 4), ("C0001", "no_answer", None), ("C0002", "answered", 5)]
    assert load(store, bank, action, content) == ImportReport(unchanged=3)
    with store.read() as session:
        scores = session.exec(select(Score).where(Score.value > 2)).all()
        assert [(s.scale_min, s.scale_max, s.interaction_id) for s in scores] == [(1, 5, None)] * 2
        assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "followup.import")).all()) == 1
        assert verify(session).ok


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("C0000,6,2026-09-21,", ("score", "1 到 5")),
        ("C0000,很满意,2026-09-21,", ("score", "1 到 5")),
        ("C0000,3.5,2026-09-21,", ("score", "1 到 5")),
        ("C0000,4,21/09/2026,", ("answered_at", "日月次序")),
        ("C0000,4,昨天,", ("answered_at", "读不出来")),
        ("C0000,4,,", ("answered_at", "须写答复时间")),
        ("C0000,4,2026-08-31,", ("answered_at", "措施开始之后")),
        ("C0000,4,2026-10-21,", ("answered_at", "现在之前")),
        ("C0000,,2026-10-21,", ("answered_at", "今天或以前")),
        ("C9999,4,2026-09-21,", ("customer_ref", "回访名单")),
        (",4,2026-09-21,", ("customer_ref", "回访名单")),
        ("C0000,4,2026-09-21,打 13800138000 找他", ("note", "不要写个人信息")),
        (f"C0000,4,2026-09-21,{'长' * 201}", ("note", "最多 200")),
        ("C0000,4,2026-09-21,多,一格", ("line", "比表头多")),
        ('C0000,4,2026-09-21,"多"一个引号"', ("line", "引号")),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(
    store: Store, bank: Bank, action: Action, line: str, expected: tuple[str, str]
) -> None:
    report = load(store, bank, action, f"{HEADER}C0001,3,2026-09-21,\n{line}\nC0002,5,2026-09-22,\n")
    assert (report.answered, report.no_answer, report.unchanged) == (2, 0, 0)
    (error,) = report.errors
    assert (error.line, error.field) == (3, expected[0])
    assert expected[1] in error.message
    assert "C0000" not in error.message
    assert outcomes(store, action)[0] == ("C0000", "pending", None)


def test_bytes_of_no_encoding_are_told_by_line(store: Store, bank: Bank, action: Action) -> None:
    report = load(store, bank, action, HEADER.encode() + b"C0000,4,2026-09-21,\xff\xff\nC0001,3,2026-09-21,\n")
    assert report.answered == 1
    assert [(error.line, error.field) for error in report.errors] == [(2, "line")]


def test_another_answer_for_the_same_customer_is_not_written_over_the_first(
    store: Store, bank: Bank, action: Action
) -> None:
    load(store, bank, action, HEADER + "C0000,4,2026-09-21,\n")
    report = load(store, bank, action, HEADER + "C0000,2,2026-09-25,\nC0001,2,2026-09-25,\n")
    assert report.answered == 1
    assert [error.line for error in report.errors] == [2]
    assert outcomes(store, action)[:2] == [("C0000", "answered", 4), ("C0001", "answered", 2)]


def test_a_list_half_filled_in_says_nothing_of_the_others(store: Store, bank: Bank, action: Action) -> None:
    report = load(store, bank, action, HEADER + "C0000,4,2026-09-21,\nC0001,,,\nC0002,,,\n")
    assert report == ImportReport(answered=1, unchanged=2)
    assert outcomes(store, action) == [("C0000", "answered", 4), ("C0001", "pending", None), ("C0002", "pending", None)]


def test_an_answer_is_not_asked_for_again_by_an_older_list(store: Store, bank: Bank, action: Action) -> None:
    load(store, bank, action, HEADER + "C0000,4,2026-09-21,\nC0001,,2026-09-22,\n")
    assert load(store, bank, action, HEADER + "C0000,,,\nC0001,,,\n") == ImportReport(unchanged=2)
    assert outcomes(store, action)[:2] == [("C0000", "answered", 4), ("C0001", "no_answer", None)]


def test_a_late_answer_replaces_no_answer(store: Store, bank: Bank, action: Action) -> None:
    load(store, bank, action, HEADER + "C0000,,2026-09-21,\n")
    assert load(store, bank, action, HEADER + "C0000,4,2026-09-25,\n").answered == 1
    assert outcomes(store, action)[0] == ("C0000", "answered", 4)


def test_a_withdrawn_answer_leaves_no_score_behind(store: Store, bank: Bank, action: Action) -> None:
    load(store, bank, action, HEADER + "C0000,4,2026-09-21,\n")
    with store.write() as session:
        rows, _ = list_followups(session, action_id=action.id, outcome=Outcome.ANSWERED)
        withdraw(session, actor=bank.boss, follow_up_id=rows[0].follow_up.id, now=NOW)
    assert outcomes(store, action)[0] == ("C0000", "pending", None)
    with store.read() as session:
        assert not session.exec(select(Score).where(Score.value == 4)).all()


@pytest.mark.parametrize("content", ["", "\n", "姓名,电话\n", "customer_ref,score\nC0000,4\n", '"customer_ref,score\n'])
def test_without_its_columns_a_file_is_refused_whole(store: Store, bank: Bank, action: Action, content: str) -> None:
    with pytest.raises(Invalid, match="表头") as caught:
        load(store, bank, action, content)
    assert (caught.value.field, caught.value.line) == ("header", 1)


def test_a_file_over_the_limit_is_refused_whole(store: Store, bank: Bank, action: Action) -> None:
    with pytest.raises(TooLarge):
        load(store, bank, action, HEADER + "C0000,4,2026-09-21,\n" + "x" * MAX_BYTES)
    assert outcomes(store, action)[0] == ("C0000", "pending", None)


def test_an_action_that_has_not_started_takes_no_answers(store: Store, bank: Bank) -> None:
    with store.write() as session:
        action = bank.action(session, bank.issue(session))
    with pytest.raises(Conflict, match="计划"):
        load(store, bank, action, HEADER)


cells = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["C0000", "4", "2026-09-21", '"', "1\n2"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cells, max_size=5).map(",".join), max_size=6))
def test_whatever_a_file_holds_every_line_is_accounted_for(
    store: Store, bank: Bank, action: Action, lines: list[str]
) -> None:
    report = load(store, bank, action, HEADER + "\n".join(lines))
    assert all(error.line > 1 and error.message for error in report.errors)
    assert report.answered <= 3
