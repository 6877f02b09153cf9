"""Any order of work on an issue, by anybody: the tracker against a model that fits on a page."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from app.errors import Conflict, Forbidden
from app.people.models import Role
from app.store.audit import AuditEntry, verify
from app.tracker.actions import move_action, undo_action
from app.tracker.followups import plan_followups, record_answer, record_no_answer, withdraw
from app.tracker.models import Action, FollowUp, Issue
from app.tracker.service import move_issue, undo_issue
from tests.app.tracker.conftest import NOW, START, TODAY, Bank, open_bank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from app.store.engine import Store

# the table once more, written down by hand
ISSUE = {
    ("open", "take"): "working",
    ("working", "resolve"): "resolved",
    ("resolved", "close"): "closed",
    ("resolved", "reopen"): "working",
    ("closed", "reopen"): "working",
}
ACTION = {
    ("planned", "start"): "started",
    ("started", "finish"): "done",
    ("done", "rework"): "started",
    ("done", "verify"): "verified",
    ("planned", "drop"): "dropped",
    ("started", "drop"): "dropped",
}
LEADS = {Role.SUPERVISOR, Role.COMPLAINT_OFFICER, Role.MANAGER}
WHO = {
    "take": LEADS | {Role.ANALYST},
    "resolve": LEADS,
    "close": {Role.SUPERVISOR, Role.MANAGER},
    "reopen": LEADS,
    "start": LEADS | {Role.ACTION_OWNER},
    "finish": LEADS | {Role.ACTION_OWNER},
    "rework": {Role.SUPERVISOR, Role.MANAGER},
    "verify": {Role.SUPERVISOR, Role.MANAGER},
    "drop": LEADS,
}
roles = st.sampled_from([*Role, *[Role.SUPERVISOR] * 12])
places = st.integers(0, 2)


class Desk(RuleBasedStateMachine):
    """One issue, up to three actions, two affected customers; `states` is what the model expects."""

    def __init__(self, store: Store, bank: Bank) -> None:
        super().__init__()
        self.store, self.bank = store, bank
        self.issue_id = 0
        self.actions: list[int] = []
        self.states: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    @initialize()
    def open_issue(self) -> None:
        with self.store.write() as session:
            issue = self.bank.issue(session)
            self.bank.affected(session, issue, [2, 3])
        self.issue_id = issue.id
        self.states, self.versions = {"issue": "open"}, {"issue": 1}

    @precondition(lambda self: len(self.actions) < 3)
    @rule()
    def plan_action(self) -> None:
        added: Action | None = None
        with self.attempt() as session:
            issue = session.get_one(Issue, self.issue_id)
            added = self.bank.action(session, issue, owner=self.bank.users[Role.ACTION_OWNER])
        assert (added is None) == (self.states["issue"] == "closed")
        if added is not None:
            self.actions.append(added.id)
            self.states[f"action {added.id}"], self.versions[f"action {added.id}"] = "planned", 1

    @rule(verb=st.sampled_from(sorted({verb for _, verb in ISSUE})), role=roles)
    def move_the_issue(self, verb: str, role: Role) -> None:
        done: Issue | None = None
        actor, version = self.bank.users[role], self.versions["issue"]
        with self.attempt() as session:
            done = move_issue(session, actor=actor, issue_id=self.issue_id, verb=verb, version=version, now=NOW)
        self.check_move("issue", ISSUE, verb, role, done)

    @precondition(lambda self: self.actions)
    @rule(verb=st.sampled_from(sorted({verb for _, verb in ACTION})), role=roles, place=places)
    def move_an_action(self, verb: str, role: Role, place: int) -> None:
        action_id = self.actions[place % len(self.actions)]
        actor, version = self.bank.users[role], self.versions[f"action {action_id}"]
        done: Action | None = None
        with self.attempt() as session:
            done = move_action(
                session, actor=actor, action_id=action_id, verb=verb, version=version, started_on=START, now=NOW
            )
        if self.states["issue"] == "closed":
            assert done is None
        self.check_move(f"action {action_id}", ACTION, verb, role, done)

    @rule(place=st.integers(0, 3), role=roles)
    def undo(self, place: int, role: Role) -> None:
        name = list(self.states)[place % len(self.states)]
        actor, version = self.bank.users[role], self.versions[name]
        done: Issue | Action | None = None
        with self.attempt() as session:
            if name == "issue":
                done = undo_issue(session, actor=actor, issue_id=self.issue_id, version=version, now=NOW)
            else:
                done = undo_action(session, actor=actor, action_id=int(name[7:]), version=version, now=NOW)
        if done is not None:
            table = ISSUE if name == "issue" else ACTION
            backwards = [verb for (start, verb), to in table.items() if (start, to) == (done.state, self.states[name])]
            assert any(role in WHO[verb] for verb in backwards)
            assert done.undo_state is None
            self.states[name] = done.state.value
            self.versions[name] += 1

    @rule(place=st.integers(0, 3))
    def write_over_somebody(self, place: int) -> None:
        """Whoever saw an older version changes nothing, whatever the state: the invariants would tell."""
        name = list(self.states)[place % len(self.states)]
        boss, version = self.bank.boss, self.versions[name] - 1
        with self.attempt() as session:
            if name == "issue":
                move_issue(session, actor=boss, issue_id=self.issue_id, verb="take", version=version, now=NOW)
            else:
                move_action(session, actor=boss, action_id=int(name[7:]), verb="start", version=version, now=NOW)

    @precondition(lambda self: self.actions)
    @rule(place=places, outcomes=st.lists(st.sampled_from(["3", "none", "withdraw"]), max_size=3))
    def follow_up(self, place: int, outcomes: list[str]) -> None:
        action_id, boss = self.actions[place % len(self.actions)], self.bank.boss
        with self.attempt() as session:
            plan_followups(session, actor=boss, action_id=action_id, now=NOW)
        with self.store.read() as session:
            rows = list(session.exec(select(FollowUp.id).where(FollowUp.action_id == action_id)))
        for row_id, outcome in zip(rows, outcomes, strict=False):
            with self.attempt() as session:
                if outcome == "3":
                    record_answer(session, actor=boss, follow_up_id=row_id, score=3, answered_at=NOW, now=NOW)
                elif outcome == "none":
                    record_no_answer(session, actor=boss, follow_up_id=row_id, asked_on=TODAY, now=NOW)
                else:
                    withdraw(session, actor=boss, follow_up_id=row_id, now=NOW)

    @contextmanager
    def attempt(self) -> Iterator[Session]:
        """A transaction of its own; a refusal undoes it and is no failure."""
        with suppress(Conflict, Forbidden), self.store.write() as session:
            yield session

    def check_move(
        self, name: str, table: dict[tuple[str, str], str], verb: str, role: Role, done: Issue | Action | None
    ) -> None:
        """A move that was made is one of the table's, by a role that may; the model follows."""
        if done is None:
            return
        assert done.state == table[self.states[name], verb]
        assert role in WHO[verb]
        self.states[name] = done.state.value
        self.versions[name] += 1

    @invariant()
    def the_store_is_what_the_model_says(self) -> None:
        if not self.issue_id:
            return
        with self.store.read() as session:
            issue = session.get_one(Issue, self.issue_id)
            rows: dict[str, Issue | Action] = {"issue": issue}
            actions = session.exec(select(Action).where(Action.issue_id == self.issue_id))
            rows |= {f"action {action.id}": action for action in actions}
        assert {name: row.state.value for name, row in rows.items()} == self.states
        assert {name: row.version for name, row in rows.items()} == self.versions
        assert (issue.closed_at is not None) == (issue.state == "closed")
        own = [row for row in rows.values() if isinstance(row, Action)]
        assert all((row.started_on is None) <= (row.state in {"planned", "dropped"}) for row in own)
        if issue.state == "closed":
            assert {row.state.value for row in own} <= {"verified", "dropped"}
            assert any(row.state == "verified" for row in own)

    @invariant()
    def a_verified_action_has_heard_everybody(self) -> None:
        with self.store.read() as session:
            for follow_up in session.exec(select(FollowUp)):
                assert (follow_up.score_id is not None) == (follow_up.outcome == "answered")
                if self.states.get(f"action {follow_up.action_id}") == "verified":
                    assert follow_up.outcome != "pending"

    def teardown(self) -> None:
        """The audit chain holds, and its last word on each thing is the state that the thing is in."""
        with self.store.read() as session:
            assert verify(session).ok
            for name, state in self.states.items():
                subject = f"issue:{self.issue_id}" if name == "issue" else f"action:{name[7:]}"
                entries = session.exec(select(AuditEntry).where(AuditEntry.subject == subject).order_by("id"))
                told = [entry.detail["to"] for entry in entries if entry.action.endswith((".move", ".undo"))]
                assert (told or ["open" if name == "issue" else "planned"])[-1] == state


def test_any_order_of_work_keeps_the_rules(store: Store) -> None:
    bank = open_bank(store)

    class DeskHere(Desk):
        def __init__(self) -> None:
            super().__init__(store, bank)

    run_state_machine_as_test(
        DeskHere,
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
