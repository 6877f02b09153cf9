"""The one table of moves: what an issue or an action can become, by which verb, by whom, under which condition.

Nothing else changes a state. Undoing a move is for whoever may make it, where `undoable`; it goes back one step.
An action owner moves only actions they own. Actions of a closed issue do not move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session

from app.errors import Conflict, Invalid
from app.people.models import Role
from app.tracker import guards
from app.tracker.models import ActionState, IssueState

State = IssueState | ActionState
Guard = Callable[[Session, int], str | None]
"""Takes the row's id; answers the reason, in Chinese, why the move may not be made, or None."""


class Verb(StrEnum):
    """A move's name in the API and in the audit chain."""

    TAKE = "take"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    START = "start"
    FINISH = "finish"
    REWORK = "rework"
    VERIFY = "verify"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. `undo_guard` is asked before the move is undone."""

    verb: Verb
    title: str
    starts: frozenset[State]
    to: State
    roles: frozenset[Role]
    guard: Guard | None = None
    undoable: bool = True
    undo_guard: Guard | None = None


_LEADS = frozenset({Role.SUPERVISOR, Role.COMPLAINT_OFFICER, Role.MANAGER})
_DOERS = _LEADS | {Role.ACTION_OWNER}
_JUDGES = frozenset({Role.SUPERVISOR, Role.MANAGER})  # who did the work does not judge it
_I, _A = IssueState, ActionState

TRANSITIONS: tuple[Transition, ...] = (
    Transition(Verb.TAKE, "开始处理", frozenset({_I.OPEN}), _I.WORKING, _LEADS | {Role.ANALYST}),
    Transition(Verb.RESOLVE, "标记已解决", frozenset({_I.WORKING}), _I.RESOLVED, _LEADS, guards.actions_finished),
    Transition(
        Verb.CLOSE, "关闭", frozenset({_I.RESOLVED}), _I.CLOSED, _JUDGES, guards.actions_verified, undoable=False
    ),
    Transition(Verb.REOPEN, "重新打开", frozenset({_I.RESOLVED, _I.CLOSED}), _I.WORKING, _LEADS, undoable=False),
    Transition(Verb.START, "开始执行", frozenset({_A.PLANNED}), _A.STARTED, _DOERS, undo_guard=guards.not_followed_up),
    Transition(Verb.FINISH, "完成", frozenset({_A.STARTED}), _A.DONE, _DOERS),
    Transition(Verb.REWORK, "退回继续", frozenset({_A.DONE}), _A.STARTED, _JUDGES),
    Transition(Verb.VERIFY, "验证通过", frozenset({_A.DONE}), _A.VERIFIED, _JUDGES, guards.followed_up),
    Transition(Verb.DROP, "取消措施", frozenset({_A.PLANNED, _A.STARTED}), _A.DROPPED, _LEADS),
)


def moves_from(state: State, role: Role) -> tuple[Transition, ...]:
    """What `role` may try from `state`; conditions are asked when the move is made."""
    return tuple(move for move in TRANSITIONS if _same(move, state) and role in move.roles)


def find_move(state: State, verb: str) -> Transition:
    """The move of that name from that state; Invalid for an unknown verb, Conflict where the state has no such move."""
    named = [move for move in TRANSITIONS if move.verb == verb and isinstance(move.to, type(state))]
    if not named:
        raise Invalid("没有这种流转，请从可选的操作中选择。", field="verb")
    for move in named:
        if _same(move, state):
            return move
    raise Conflict(f"当前状态是“{state.chinese}”，不能“{named[0].title}”，请刷新后再看。")


def move_between(start: State, to: State) -> Transition:
    """The undoable move that led from `start` to `to`; the table has at most one."""
    for move in TRANSITIONS:
        if _same(move, start) and move.to is to and move.undoable:
            return move
    raise Conflict("上一步不能撤销。")


def _same(move: Transition, state: State) -> bool:
    return any(start is state for start in move.starts)


def reference() -> str:
    """The table as a Markdown page, the content of docs/reference/transitions.md."""
    rows = [
        [
            "问题" if isinstance(move.to, IssueState) else "措施",
            f"{move.title} `{move.verb}`",
            "、".join(state.chinese for state in (*IssueState, *ActionState) if state in move.starts),
            move.to.chinese,
            "、".join(role.chinese for role in Role if role in move.roles),
            "✓" if move.undoable else "",
        ]
        for move in TRANSITIONS
    ]
    table = [["对象", "操作", "从", "到", "谁可以做", "可撤销"], ["---"] * 6, *rows]
    return "\n".join(
        [
            "# 问题与措施的流转",
            "",
            "本页由 `app/tracker/transitions.py` 生成，请改那里的表。状态只按此表改变，每一步都记入审计链。",
            "",
            "措施负责人只能流转自己负责的措施；问题关闭后，它的措施不再流转，除非重新打开问题。",
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            "",
            "标记已解决：措施都已完成或取消，且至少完成一条。关闭：未取消的措施都已验证，且至少一条。",
            "",
            "验证通过：可回访的受影响客户都已有回访结果（可只回访抽样名单）。有回访名单后不能撤销开始。",
            "",
        ]
    )
