"""Conditions of the transition table: each answers why a move may not be made yet, or None where it may."""

from __future__ import annotations

from collections import Counter

from sqlmodel import Session, select

from app.tracker.affected import reach
from app.tracker.models import Action, ActionState, FollowUp, Outcome

FINISHED = frozenset({ActionState.DONE, ActionState.VERIFIED})


def actions_finished(session: Session, issue_id: int) -> str | None:
    """An issue is resolved by at least one action that is done, with none still to do."""
    states = _states(session, issue_id)
    running = states[ActionState.PLANNED] + states[ActionState.STARTED]
    if running:
        return f"还有 {running} 条措施没有完成，请先完成或取消它们。"
    if not any(states[state] for state in FINISHED):
        return "还没有完成的措施，请先添加措施并完成它。"
    return None


def actions_verified(session: Session, issue_id: int) -> str | None:
    """An issue is closed when every action that was not dropped has been verified, and one has."""
    states = _states(session, issue_id)
    open_ones = sum(n for state, n in states.items() if state not in {ActionState.VERIFIED, ActionState.DROPPED})
    if open_ones:
        return f"还有 {open_ones} 条措施没有验证，请先回访客户并验证措施。"
    if not states[ActionState.VERIFIED]:
        return "还没有经过验证的措施，不能关闭问题。"
    return None


def followed_up(session: Session, action_id: int) -> str | None:
    """An action is verified when the affected customers who may be asked were asked, with every outcome noted."""
    outcomes = list(session.exec(select(FollowUp.outcome).where(FollowUp.action_id == action_id)))
    pending = outcomes.count(Outcome.PENDING)
    if pending:
        return f"还有 {pending} 位客户没有回访结果，请先记录答复或未答复。"
    if not outcomes and (may_ask := len(reach(session, action=session.get_one(Action, action_id)).may_ask)):
        return f"还没有回访受影响的客户（可回访 {may_ask} 位），请先生成回访名单。"
    return None


def not_followed_up(session: Session, action_id: int) -> str | None:
    """The start of an action stays once customers are on its follow-up list, since the list was drawn up by it."""
    if session.exec(select(FollowUp.id).where(FollowUp.action_id == action_id).limit(1)).first() is not None:
        return "已有回访名单，不能再撤销开始；如不再执行请取消措施。"
    return None


def _states(session: Session, issue_id: int) -> Counter[ActionState]:
    rows = session.exec(select(Action.id, Action.state).where(Action.issue_id == issue_id))
    return Counter(ActionState(state) for _, state in rows)
