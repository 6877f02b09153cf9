"""Requests of persons 权利请求: a copy of their data, and its deletion; each registered, due, done or refused.

PIPL: article 45 (access and copy), 47 (deletion; where a legal period runs, all processing but storage stops), 15
(consent is withdrawn as easily as given), 50 (a refusal tells its reason).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, not_, update
from sqlmodel import Session, col, func, select

from app.compliance import holds, person
from app.compliance.bundle import bundle
from app.compliance.models import Hold, RequestState, Right, RightsRequest
from app.compliance.person import Fate
from app.customers import consents
from app.customers import service as customers
from app.customers.models import Consent, Customer, Purpose
from app.errors import Conflict, Invalid, NotFound
from app.feedback.erase import erase, restrict
from app.feedback.models import Interaction, InteractionState, Score
from app.people.models import User
from app.store.audit import AuditEntry, record
from app.topics.models import TopicAssignment, TopicPlace
from app.tracker.checks import NOTE_MAX_LENGTH, plain
from app.tracker.followups import heed_withdrawals
from app.tracker.models import FollowUp

DAYS = timedelta(days=30)  # GB/T 35273 names 30 days for an answer; from memory, the text was not read
VERIFIED = {
    "counter": "柜面核对证件",
    "app": "登录手机银行后提出",
    "callback": "回拨预留电话核实",
    "proxy": "代理人，已核对授权书",
}


def register(
    session: Session, *, actor: User, customer_id: int, right: str, verified: str, note: str, now: datetime
) -> RightsRequest:
    """A request to be dealt with. Raises NotFound; Invalid; Conflict where the same one is open."""
    if session.get(Customer, customer_id) is None:
        raise NotFound("没有这位客户。")
    if right not in set(Right):
        raise Invalid("请选客户要求什么。", field="right")
    if verified not in VERIFIED:
        raise Invalid("请选怎样核实了本人身份。", field="verified")
    same = select(RightsRequest.id).where(
        col(RightsRequest.customer_id) == customer_id,
        col(RightsRequest.right) == right,
        col(RightsRequest.state) == RequestState.OPEN,
    )
    if session.exec(same).first() is not None:
        raise Conflict("同样的请求已经登记，还没有办完。")
    request = RightsRequest(
        customer_id=customer_id,
        right=Right(right),
        verified=verified,
        note=plain(note, field="note", title="说明", longest=NOTE_MAX_LENGTH),
        opened_by=actor.id,
        opened_at=now,
        due_at=now + DAYS,
    )
    session.add(request)
    session.flush()
    _audit(
        session,
        request,
        f"user:{actor.login}",
        "rights.register",
        {"right": request.right.value, "verified": verified},
        at=now,
    )
    return request


def refuse(session: Session, *, actor: User, request_id: int, why: str, now: datetime) -> RightsRequest:
    """Decline a request with a reason that the person is told. Raises NotFound, Conflict, Invalid."""
    request = _open(session, request_id, None)
    request.refusal = plain(why, field="why", title="理由", longest=NOTE_MAX_LENGTH, required=True)
    request.state, request.ended_at = RequestState.REFUSED, now
    session.add(request)
    _audit(
        session,
        request,
        f"user:{actor.login}",
        "rights.refuse",
        {"right": request.right.value, "why": request.refusal},
        at=now,
    )
    return request


def export(session: Session, *, actor: User, request_id: int, now: datetime) -> tuple[RightsRequest, bytes]:
    """The bundle for the person, a ZIP; it is stored nowhere, and may be made again while the request is there.

    Raises NotFound, and Conflict for a request of another kind or one that was refused.
    """
    request = session.get(RightsRequest, request_id, with_for_update=True)
    if request is None or request.customer_id is None:
        raise NotFound("没有这项请求。")
    if request.right is not Right.ACCESS or request.state is RequestState.REFUSED:
        raise Conflict("这项请求不是查阅、复制，或者已经拒绝了。")
    found = person.get(session, request.customer_id, now=now)
    data, counts = bundle(session, found, now=now)
    if request.state is RequestState.OPEN:
        request.state, request.ended_at, request.outcome = RequestState.DONE, now, counts
        session.add(request)
    _audit(session, request, f"user:{actor.login}", "rights.export", counts, at=now)
    return request, data


def delete_person(session: Session, *, actor: User, request_id: int, now: datetime) -> RightsRequest:
    """Delete what nothing keeps, and stop processing the rest; of a person who is held nothing is deleted.

    Nobody asks a held person again either, and the request is due once more when the hold ends (`release`). Raises
    NotFound, Conflict.
    """
    request = _open(session, request_id, Right.DELETE)
    if request.customer_id is None:
        raise NotFound("没有这位客户，或者资料已经全部删除。")
    customer_id = request.customer_id
    found = list(person.records_of(session, customer_id, now=now))
    gone = [one.interaction.id for one in found if one.fate is Fate.ERASE and one.interaction.id is not None]
    kept = [one.interaction for one in found if one.fate is not Fate.ERASE]
    erase(session, gone, now=now)
    for interaction in kept:
        restrict(session, interaction)
    kept_ids = [interaction.id for interaction in kept]
    for table in (TopicAssignment, TopicPlace):
        session.execute(delete(table).where(col(table.interaction_id).in_(kept_ids)))
    held = holds.of_customer(session, customer_id) is not None
    answers = 0 if held else _forget_answers(session, customer_id)
    request.outcome = {"erased": len(gone), "restricted": len(kept), "answers": answers}
    request.state, request.ended_at = RequestState.DONE, now
    session.add(request)
    _audit(session, request, f"user:{actor.login}", "rights.delete", request.outcome, at=now)
    session.flush()
    if held:
        for purpose in Purpose:
            set_consent(session, actor=actor, customer_id=customer_id, purpose=purpose, given=False, now=now)
    else:
        _forget_customer(session, customer_id, whole=not kept)
    return request


def release(session: Session, *, actor: User, customer_id: int, now: datetime) -> tuple[Hold, int]:
    """End a customer's hold; deletions that it kept from being whole are due again, and counted. Raises Conflict."""
    hold = holds.release(session, actor=actor, customer_id=customer_id, now=now)
    unfinished = select(RightsRequest).where(
        col(RightsRequest.customer_id) == customer_id,
        col(RightsRequest.right) == Right.DELETE,
        col(RightsRequest.state) == RequestState.DONE,
        col(RightsRequest.ended_at) >= hold.placed_at,
    )
    requests = session.exec(unfinished).all()
    for request in requests:
        request.state, request.ended_at, request.due_at = RequestState.OPEN, None, now + DAYS
        session.add(request)
        _audit(session, request, f"user:{actor.login}", "rights.resume", {"hold": hold.id or 0}, at=now)
    return hold, len(requests)


def set_consent(
    session: Session, *, actor: User, customer_id: int, purpose: Purpose, given: bool, now: datetime
) -> bool:
    """Give or withdraw a consent for the person; who withdraws the survey's leaves the lists of follow-ups."""
    if session.get(Customer, customer_id) is None:
        raise NotFound("没有这位客户。")
    actor_name = f"user:{actor.login}"
    changed = consents.tell(session, customer_id=customer_id, purpose=purpose, given=given, told_by=actor_name, now=now)
    if changed:
        session.flush()
        left = heed_withdrawals(session)
        action = "consent.give" if given else "consent.withdraw"
        detail = {"purpose": purpose.value, "left_lists": left}
        record(session, at=now, actor=actor_name, action=action, subject=f"customer:{customer_id}", detail=detail)
    return changed


def claim(session: Session, *, actor: User, customer_id: int, interaction_id: int, now: datetime) -> None:
    """Say that a feedback without a customer is this person's. Raises NotFound, Conflict."""
    interaction = session.get(Interaction, interaction_id, with_for_update=True)
    if interaction is None or session.get(Customer, customer_id) is None:
        raise NotFound("没有这条反馈或这位客户。")
    if interaction.customer_id is not None:
        raise Conflict("这条反馈已经有客户了。")
    interaction.customer_id = customer_id
    session.add(interaction)
    session.execute(update(Score).where(col(Score.interaction_id) == interaction_id).values(customer_id=customer_id))
    subject = f"customer:{customer_id}"
    detail = {"feedback": interaction_id}
    record(session, at=now, actor=f"user:{actor.login}", action="rights.claim", subject=subject, detail=detail)


def unclaim(session: Session, *, actor: User, customer_id: int, interaction_id: int, now: datetime) -> None:
    """Take a claim back: the feedback names nobody again.

    Raises Conflict where nobody claimed it for the person, and where a hold or a law keeps the records as they are.
    """
    subject = f"customer:{customer_id}"
    claims = select(AuditEntry.detail).where(AuditEntry.subject == subject, AuditEntry.action == "rights.claim")
    detail = {"feedback": interaction_id}
    interaction = session.get(Interaction, interaction_id, with_for_update=True)
    if interaction is None or interaction.customer_id != customer_id or detail not in session.exec(claims).all():
        raise Conflict("这条反馈不是由人归到这位客户名下的，不能移出。")
    if holds.of_customer(session, customer_id) is not None:
        raise Conflict("这位客户在保全中，反馈不能移出；请先解除保全。")
    if interaction.state is InteractionState.RESTRICTED:
        raise Conflict("这条反馈只作为依据保存，不能移出。")
    interaction.customer_id = None
    session.add(interaction)
    session.execute(update(Score).where(col(Score.interaction_id) == interaction_id).values(customer_id=None))
    record(session, at=now, actor=f"user:{actor.login}", action="rights.unclaim", subject=subject, detail=detail)


def person_of(session: Session, *, actor: User, interaction_id: int, now: datetime) -> tuple[int, bool]:
    """The customer of a feedback; for one that names nobody a pseudonym, and True. Raises NotFound."""
    interaction = session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("没有这条反馈。")
    if interaction.customer_id is not None:
        return interaction.customer_id, False
    customer = customers.get_or_create(session, ref=f"feedback-{interaction_id}", now=now)
    session.flush()
    assert customer.id is not None  # noqa: S101 - flushed
    claim(session, actor=actor, customer_id=customer.id, interaction_id=interaction_id, now=now)
    return customer.id, True


def get(session: Session, request_id: int) -> RightsRequest:
    """Raises NotFound."""
    request = session.get(RightsRequest, request_id)
    if request is None:
        raise NotFound("没有这项请求。")
    return request


def requests(session: Session, *, ended: int = 100) -> tuple[list[tuple[RightsRequest, str | None]], int]:
    """Requests with the customer's reference, all open ones by due date, then the last `ended`; and the total."""
    wanted = select(RightsRequest, Customer.ref).join(
        Customer, col(Customer.id) == col(RightsRequest.customer_id), isouter=True
    )
    open_ = col(RightsRequest.state) == RequestState.OPEN
    waiting = session.exec(wanted.where(open_).order_by(col(RightsRequest.due_at), col(RightsRequest.id))).all()
    over = session.exec(wanted.where(not_(open_)).order_by(col(RightsRequest.ended_at).desc()).limit(ended)).all()
    return [*waiting, *over], session.exec(select(func.count(col(RightsRequest.id)))).one()


def _open(session: Session, request_id: int, right: Right | None) -> RightsRequest:
    request = session.get(RightsRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound("没有这项请求。")
    if request.state is not RequestState.OPEN:
        raise Conflict(f"这项请求{request.state.chinese}，不能再办。")
    if right and request.right is not right:
        raise Conflict(f"客户要求的是{request.right.chinese}。")
    return request


def _forget_answers(session: Session, customer_id: int) -> int:
    """Follow-ups with their answers, and scores that hang on no feedback: no law keeps them."""
    mine = session.exec(select(FollowUp.score_id).where(FollowUp.customer_id == customer_id)).all()
    session.execute(delete(FollowUp).where(col(FollowUp.customer_id) == customer_id))
    scores = col(Score.id).in_([one for one in mine if one is not None])
    loose = (col(Score.customer_id) == customer_id) & col(Score.interaction_id).is_(None)
    session.execute(delete(Score).where(scores | loose))
    return len(mine)


def _forget_customer(session: Session, customer_id: int, *, whole: bool) -> None:
    """The customer's row, or, where records must stay, its facts and consents; what was withdrawn stays withdrawn."""
    if whole:
        session.execute(delete(Customer).where(col(Customer.id) == customer_id))
        return
    session.execute(delete(Consent).where(col(Consent.customer_id) == customer_id, col(Consent.given)))
    customer = session.get_one(Customer, customer_id)
    for name in ("birth_year", "region", "branch", "customer_since", "segment"):
        setattr(customer, name, None)
    customer.holds = []
    session.add(customer)


def _audit(
    session: Session, request: RightsRequest, actor: str, action: str, detail: Mapping[str, str | int], *, at: datetime
) -> None:
    subject = f"customer:{request.customer_id}"
    told = {"request": request.id, **detail}
    record(session, at=at, actor=actor, action=action, subject=subject, detail=told)
