from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.people.models import Role
from app.store.audit import AuditEntry, verify
from app.tracker.actions import edit_action, move_action, undo_action
from app.tracker.board import count_issues, issue_detail, list_issues
from app.tracker.due import due
from app.tracker.followups import list_followups, plan_followups, record_answer, record_no_answer
from app.tracker.history import action_history, issue_history
from app.tracker.models import ActionState, Issue, IssueState
from app.tracker.samples import plant_sample
from app.tracker.service import create_issue, edit_issue, link, move_issue, undo_issue, unlink
from app.tracker.transitions import TRANSITIONS, move_between, moves_from
from tests.app.tracker.conftest import NOW, START, TODAY, Bank

if TYPE_CHECKING:
    from app.store.engine import Store


def test_the_loop_from_an_issue_to_its_close(store: Store, bank: Bank) -> None:
    boss, doer = bank.boss, bank.users[Role.ACTION_OWNER]
    with store.write() as session:
        issue = bank.issue(session, topic_ids=[bank.topic(session)])
        bank.affected(session, issue, [2, 1])
        action = bank.action(session, issue, owner=doer)

    def issue_to(verb: str, version: int) -> Issue:
        with store.write() as session:
            return move_issue(session, actor=boss, issue_id=issue.id, verb=verb, version=version, now=NOW)

    assert issue_to("take", 1).state is IssueState.WORKING
    with pytest.raises(Conflict, match="还有 1 条措施没有完成"):
        issue_to("resolve", 2)
    with store.write() as session:
        move_action(session, actor=doer, action_id=action.id, verb="start", version=1, started_on=START, now=NOW)
        move_action(session, actor=doer, action_id=action.id, verb="finish", version=2, now=NOW)
    with pytest.raises(Forbidden, match="措施负责人"), store.write() as session:
        move_action(session, actor=doer, action_id=action.id, verb="verify", version=3, now=NOW)
    assert issue_to("resolve", 2).state is IssueState.RESOLVED
    with pytest.raises(Conflict, match="没有验证"):
        issue_to("close", 3)
    with pytest.raises(Conflict, match=r"可回访 2 位"), store.write() as session:
        move_action(session, actor=boss, action_id=action.id, verb="verify", version=3, now=NOW)
    with store.write() as session:
        assert plan_followups(session, actor=doer, action_id=action.id, now=NOW).added == 2
        (first, second), total = list_followups(session, action_id=action.id)
        assert total == 2
        record_answer(session, actor=doer, follow_up_id=first.follow_up.id, score=4, answered_at=NOW, now=NOW)
    with pytest.raises(Conflict, match="还有 1 位客户没有回访结果"), store.write() as session:
        move_action(session, actor=boss, action_id=action.id, verb="verify", version=3, now=NOW)
    with store.write() as session:
        record_no_answer(session, actor=doer, follow_up_id=second.follow_up.id, asked_on=TODAY, now=NOW)
        move_action(session, actor=boss, action_id=action.id, verb="verify", version=3, now=NOW)
    assert issue_to("close", 3).closed_at == NOW
    with pytest.raises(Conflict, match="问题已关闭"), store.write() as session:
        undo_action(session, actor=boss, action_id=action.id, version=4, now=NOW)
    assert issue_to("reopen", 4).closed_at is None
    with store.read() as session:
        steps = issue_history(session, issue_id=issue.id)
        assert verify(session).ok
    told = [(step.action, step.detail.get("verb")) for step in reversed(steps)]
    assert [step for step in told if step[0] != "issue.link"] == [
        ("issue.create", None),
        ("action.create", None),
        ("issue.move", "take"),
        ("action.move", "start"),
        ("action.move", "finish"),
        ("issue.move", "resolve"),
        ("followup.plan", None),
        ("followup.answer", None),
        ("followup.no_answer", None),
        ("action.move", "verify"),
        ("issue.move", "close"),
        ("issue.move", "reopen"),
    ]
    assert {step.who for step in steps} == {"主管", "措施负责人"}


def test_two_people_do_not_overwrite_each_other(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
    results: list[str] = []

    def save(title: str) -> None:
        try:
            with store.write() as session:
                edit_issue(session, actor=bank.boss, issue_id=issue.id, version=1, title=title, now=NOW)
            results.append(title)
        except Conflict as error:
            results.append(error.message)

    people = [Thread(target=save, args=(title,)) for title in ("短信费说不清", "短信费投诉多")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    (winner,) = [result for result in results if len(result) < 10]
    assert [result for result in results if result != winner] == [
        "这个问题刚被别人改过，您的改动没有保存。请刷新看过最新内容后再改。"
    ]
    with store.read() as session:
        row = session.get_one(Issue, issue.id)
        assert (row.title, row.version) == (winner, 2)
        assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "issue.edit")).all()) == 1


def test_an_edit_that_changes_nothing_leaves_no_trace(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
        edit_issue(session, actor=bank.boss, issue_id=issue.id, version=1, title=issue.title, due_on=TODAY, now=NOW)
        assert issue.version == 1
        edited = edit_issue(
            session, actor=bank.boss, issue_id=issue.id, version=1, due_on=START, detail="多人反映", now=NOW
        )
        assert edited.version == 2
    with store.read() as session:
        newest = issue_history(session, issue_id=issue.id)[0]
    assert newest.detail == {"detail": [], "due_on": ["2026-10-20", "2026-09-01"]}


def test_evidence_is_linked_once_and_can_be_taken_away(store: Store, bank: Bank) -> None:
    with store.write() as session:
        topic, feedback = bank.topic(session), bank.feedback(session, on=START)
        issue = bank.issue(session, topic_ids=[topic])
        for _ in range(2):
            link(session, actor=bank.boss, issue_id=issue.id, topic_ids=[topic], interaction_ids=[feedback], now=NOW)
        links = issue_detail(session, issue_id=issue.id).links
        assert [(row.topic_id, row.interaction_id) for row in links] == [(topic, None), (None, feedback)]
        unlink(session, actor=bank.boss, issue_id=issue.id, link_id=links[0].id, now=NOW)
    with store.read() as session:
        assert len(issue_detail(session, issue_id=issue.id).links) == 1
        told = [(step.action, step.detail.get("topics")) for step in issue_history(session, issue_id=issue.id)]
    assert told == [("issue.unlink", [topic]), ("issue.link", []), ("issue.create", [topic])]
    with pytest.raises(NotFound, match="主题不存在"), store.write() as session:
        link(session, actor=bank.boss, issue_id=issue.id, topic_ids=[999], now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "请回 13800138000",
        "电话 138 0013 8000",
        "身份证 11010519491231002X",
        "卡号 6222 0212 3456 7890 123",
        "写到 someone@example.com",
    ],
)
def test_nobodys_numbers_get_into_the_texts(store: Store, bank: Bank, text: str) -> None:
    with pytest.raises(Invalid, match="不要写") as caught, store.write() as session:
        create_issue(session, actor=bank.boss, title="扣费", detail=text, due_on=TODAY, now=NOW)
    assert caught.value.field == "detail"


@pytest.mark.parametrize(
    "text", ["95600 菜单由六层减到三层", "手机银行 8.2.3", "2026-07-01 至 2026-09-30 共 12345678 笔"]
)
def test_ordinary_figures_are_no_numbers_of_persons(store: Store, bank: Bank, text: str) -> None:
    with store.write() as session:
        assert create_issue(session, actor=bank.boss, title=text, due_on=TODAY, now=NOW).title == text


@pytest.mark.parametrize("role", [Role.ACTION_OWNER, Role.AUDITOR, Role.ADMIN])
def test_who_may_not_open_an_issue(store: Store, bank: Bank, role: Role) -> None:
    with pytest.raises(Forbidden, match=role.chinese), store.write() as session:
        create_issue(session, actor=bank.users[role], title="扣费", due_on=TODAY, now=NOW)


def test_an_action_owner_works_on_their_own_actions_alone(store: Store, bank: Bank) -> None:
    with store.write() as session:
        action = bank.action(session, bank.issue(session), owner=bank.other)
    doer = bank.users[Role.ACTION_OWNER]
    with pytest.raises(Forbidden, match="自己负责"), store.write() as session:
        move_action(session, actor=doer, action_id=action.id, verb="start", version=1, now=NOW)
    with store.write() as session:
        move_action(session, actor=bank.other, action_id=action.id, verb="start", version=1, now=NOW)
        assert action_history(session, action_id=action.id)[0].detail["started_on"] == "2026-10-20"


def test_an_owner_must_be_able_to_do_something_about_it(store: Store, bank: Bank) -> None:
    with store.write() as session:
        action = bank.action(session, bank.issue(session))
    for role in (Role.AUDITOR, Role.ANALYST):
        owner = bank.users[role].id
        with pytest.raises(Invalid, match="负责人") as caught, store.write() as session:
            edit_action(session, actor=bank.boss, action_id=action.id, version=1, owner_id=owner, now=NOW)
        assert caught.value.field == "owner_id"


def test_a_start_lies_not_in_the_future_and_goes_with_its_undo(store: Store, bank: Bank) -> None:
    with store.write() as session:
        action = bank.action(session, bank.issue(session))
    day = TODAY + timedelta(days=1)
    with pytest.raises(Invalid, match="不能晚于今天"), store.write() as session:
        move_action(session, actor=bank.boss, action_id=action.id, verb="start", version=1, started_on=day, now=NOW)
    with store.write() as session:
        move_action(session, actor=bank.boss, action_id=action.id, verb="start", version=1, now=NOW)
        undone = undo_action(session, actor=bank.boss, action_id=action.id, version=2, now=NOW)
        assert (undone.state, undone.started_on, undone.undo_state) == (ActionState.PLANNED, None, None)
    with pytest.raises(Conflict, match="没有可以撤销"), store.write() as session:
        undo_action(session, actor=bank.boss, action_id=action.id, version=3, now=NOW)


def test_a_start_that_customers_were_listed_by_stays(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
        action = bank.started(session, issue)
        bank.affected(session, issue, [2])
        plan_followups(session, actor=bank.boss, action_id=action.id, now=NOW)
    with pytest.raises(Conflict, match="已有回访名单"), store.write() as session:
        undo_action(session, actor=bank.boss, action_id=action.id, version=2, now=NOW)


def test_undo_of_an_issue_goes_back_one_move(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)
        move_issue(session, actor=bank.boss, issue_id=issue.id, verb="take", version=1, now=NOW)
        assert undo_issue(session, actor=bank.boss, issue_id=issue.id, version=2, now=NOW).state is IssueState.OPEN
    with pytest.raises(Invalid, match="没有这种流转"), store.write() as session:
        move_issue(session, actor=bank.boss, issue_id=issue.id, verb="start", version=3, now=NOW)
    with pytest.raises(Conflict, match="当前状态是“待处理”，不能“关闭”"), store.write() as session:
        move_issue(session, actor=bank.boss, issue_id=issue.id, verb="close", version=3, now=NOW)


def test_what_is_due_and_whose(store: Store, bank: Bank) -> None:
    with store.write() as session:
        issue = bank.issue(session)  # due today
        late = bank.action(session, issue, owner=bank.other)
        edit_action(session, actor=bank.boss, action_id=late.id, version=1, due_on=TODAY - timedelta(days=3), now=NOW)
        far = create_issue(session, actor=bank.boss, title="远期", due_on=TODAY + timedelta(days=8), now=NOW)
        done = bank.started(session, far)
        move_action(session, actor=bank.boss, action_id=done.id, verb="finish", version=2, now=NOW)
    with store.read() as session:
        told = due(session, on=TODAY)
        own = due(session, on=TODAY, owner_id=bank.other.id)
    assert [(item.kind, item.id, item.days_left, item.owner_name) for item in told.overdue] == [
        ("action", late.id, -3, "措施负责人")
    ]
    assert [(item.kind, item.id, item.days_left) for item in told.soon] == [("issue", issue.id, 0)]
    assert (len(own.overdue), len(own.soon)) == (1, 0)


def test_the_board_counts_what_it_lists(store: Store, bank: Bank) -> None:
    with store.write() as session:
        topic = bank.topic(session)
        issue = bank.issue(session, topic_ids=[topic])
        bank.affected(session, issue, [1, None])
        bank.started(session, issue)
        bank.action(session, issue)
        other = bank.issue(session)
        move_issue(session, actor=bank.boss, issue_id=other.id, verb="take", version=1, now=NOW)
    with store.read() as session:
        rows, total = list_issues(session)
        assert (len(rows), total) == (2, 2)
        assert (rows[0].topics, rows[0].feedback) == (1, 2)
        assert rows[0].actions == {ActionState.STARTED: 1, ActionState.PLANNED: 1}
        assert (rows[1].topics, rows[1].feedback, rows[1].actions.total()) == (0, 0, 0)
        counts = count_issues(session)
        for state in IssueState:
            assert list_issues(session, states=[state])[1] == counts[state]
        assert [row.issue.id for row in list_issues(session, topic_id=topic)[0]] == [issue.id]
        assert list_issues(session, owner_id=bank.other.id) == ([], 0)
        assert [row.issue.id for row in list_issues(session, page=2, size=1)[0]] == [other.id]
        with pytest.raises(NotFound):
            issue_detail(session, issue_id=999)


def test_sample_actions_come_with_their_start_and_nothing_else(store: Store, bank: Bank) -> None:
    with store.write() as session:
        (action,) = plant_sample(
            session, actor=bank.boss, rows=[{"name": "更换老旧 ATM 读卡器", "start": "2026-08-01"}], now=NOW
        )
        detail = issue_detail(session, issue_id=action.issue_id)
    assert (action.title, str(action.started_on), action.state) == ("更换老旧 ATM 读卡器", "2026-08-01", "started")
    assert detail.links == ()


def test_the_table_is_without_doubt() -> None:
    steps = [(start, move.to) for move in TRANSITIONS for start in move.starts if move.undoable]
    assert len(steps) == len(set(steps)), "an undo would not know which move it takes back"
    assert all(move_between(start, to).to is to for start, to in steps)
    assert all(isinstance(start, type(move.to)) for move in TRANSITIONS for start in move.starts)
    assert all(move.roles and move.title for move in TRANSITIONS)
    for state in (*IssueState, *ActionState):
        ways_out = [move for move in TRANSITIONS if state in move.starts]
        assert set(moves_from(state, Role.SUPERVISOR)) == set(ways_out)
        assert moves_from(state, Role.AUDITOR) == ()
