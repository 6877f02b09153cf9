"""Actions, their follow-ups with customers, and what changed."""

from __future__ import annotations

from dataclasses import asdict
from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from app.api.deliveries import Refusal
from app.api.tracker import Editor, PathId, Viewer, verbs
from app.api.tracker_in import ActionChange, ActionMove, Answer, Plan, Undo
from app.api.tracker_out import ActionOut, BeforeAfterOut, FollowUpOut, FollowUpPage, ImportOut, PlanOut, StepOut
from app.clock import local_day
from app.deps import ReadSession, RuntimeDep, WriteSession, require
from app.people.models import User
from app.people.roles import Permission
from app.tracker import actions, effect, followups, history
from app.tracker.answers import import_answers
from app.tracker.models import Outcome

Worker = Annotated[User, Depends(require(Permission.ACTIONS_EDIT))]
CsvFile = Annotated[bytes, Body(media_type="text/csv", description="columns: customer_ref, score, answered_at, note")]

router = APIRouter(
    prefix="/v1", tags=["actions"], responses={code: {"model": Refusal} for code in (401, 403, 404, 409)}
)
seen_by_viewers = [Depends(require(Permission.ISSUES_VIEW))]


@router.get("/actions/{action_id}", summary="One action")
def one(user: Viewer, session: ReadSession, action_id: PathId) -> ActionOut:
    """As it is now."""
    action = actions.get_action(session, action_id=action_id)
    return ActionOut.of(action, moves=verbs(action.state, user))


@router.patch("/actions/{action_id}", summary="Change an action")
def change(
    runtime: RuntimeDep, user: Editor, session: WriteSession, action_id: PathId, wanted: ActionChange
) -> ActionOut:
    """Title, target, owner or due date; its state changes by moves alone."""
    now = runtime.clock.now()
    action = actions.edit_action(session, actor=user, action_id=action_id, now=now, **wanted.model_dump())
    return ActionOut.of(action, moves=verbs(action.state, user))


@router.post("/actions/{action_id}/moves", summary="Move an action")
def move(runtime: RuntimeDep, user: Worker, session: WriteSession, action_id: PathId, wanted: ActionMove) -> ActionOut:
    """One move of the transition table."""
    now = runtime.clock.now()
    action = actions.move_action(session, actor=user, action_id=action_id, now=now, **wanted.model_dump())
    return ActionOut.of(action, moves=verbs(action.state, user))


@router.post("/actions/{action_id}/undo", summary="Take the last move back")
def undo(runtime: RuntimeDep, user: Worker, session: WriteSession, action_id: PathId, wanted: Undo) -> ActionOut:
    """Where the table allows it."""
    now = runtime.clock.now()
    action = actions.undo_action(session, actor=user, action_id=action_id, now=now, version=wanted.version)
    return ActionOut.of(action, moves=verbs(action.state, user))


@router.get("/actions/{action_id}/history", summary="What happened", dependencies=seen_by_viewers)
def steps(session: ReadSession, action_id: PathId) -> list[StepOut]:
    """Entries of the audit chain about the action and its follow-ups, newest first."""
    return [StepOut(**asdict(step)) for step in history.action_history(session, action_id=action_id)]


@router.get("/actions/{action_id}/before-after", summary="What changed", dependencies=seen_by_viewers)
def before_after(runtime: RuntimeDep, session: ReadSession, action_id: PathId) -> BeforeAfterOut:
    """The same customers' CSAT before the start and after, with interval, and the linked topics' weekly counts."""
    return BeforeAfterOut.of(effect.before_after(session, action_id=action_id, now=runtime.clock.now()))


@router.get("/actions/{action_id}/followups", summary="List follow-ups", dependencies=seen_by_viewers)
def list_followups(
    session: ReadSession,
    action_id: PathId,
    outcome: Outcome | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> FollowUpPage:
    """By customer reference."""
    rows, total = followups.list_followups(session, action_id=action_id, outcome=outcome, page=page, size=size)
    return FollowUpPage(total=total, page=page, size=size, items=[FollowUpOut.of(row) for row in rows])


@router.post("/actions/{action_id}/followups", summary="Draw up the follow-up list")
def plan(runtime: RuntimeDep, user: Worker, session: WriteSession, action_id: PathId, wanted: Plan) -> PlanOut:
    """Affected customers who agreed to surveys and are not on the list yet."""
    now = runtime.clock.now()
    planned = followups.plan_followups(session, actor=user, action_id=action_id, now=now, limit=wanted.limit)
    return PlanOut.of(planned.added, planned.reach)


@router.post("/actions/{action_id}/followups/import", summary="Import answers", responses={413: {"model": Refusal}})
def import_file(
    runtime: RuntimeDep, user: Worker, session: WriteSession, action_id: PathId, file: CsvFile
) -> ImportOut:
    """A CSV file as the body, UTF-8 or GB18030, at most 2 MiB. Bad lines are told, the others taken."""
    now = runtime.clock.now()
    report = import_answers(session, actor=user, action_id=action_id, source=BytesIO(file), now=now)
    return ImportOut.model_validate(asdict(report))


@router.put("/followups/{follow_up_id}", summary="Note what became of a follow-up", status_code=204)
def answer(runtime: RuntimeDep, user: Worker, session: WriteSession, follow_up_id: PathId, wanted: Answer) -> None:
    """A CSAT answer from 1 to 5; without a score, that the customer gave no answer."""
    now = runtime.clock.now()
    at = wanted.answered_at or now
    if wanted.score is not None:
        followups.record_answer(
            session,
            actor=user,
            follow_up_id=follow_up_id,
            score=wanted.score,
            answered_at=at,
            note=wanted.note,
            now=now,
        )
    else:
        followups.record_no_answer(
            session, actor=user, follow_up_id=follow_up_id, asked_on=local_day(at), note=wanted.note, now=now
        )


@router.delete("/followups/{follow_up_id}", summary="Withdraw a noted outcome", status_code=204)
def withdraw(runtime: RuntimeDep, user: Worker, session: WriteSession, follow_up_id: PathId) -> None:
    """The follow-up waits again; the score of an answer is removed."""
    followups.withdraw(session, actor=user, follow_up_id=follow_up_id, now=runtime.clock.now())
