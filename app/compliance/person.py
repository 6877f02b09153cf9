"""One person's records: what the store holds of a customer, and what may be deleted of it when he asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dateutil.relativedelta import relativedelta
from sqlmodel import Session, col, select

from app.compliance import holds
from app.compliance.models import Hold, RightsRequest
from app.compliance.records import RecordClass, classes
from app.customers import consents
from app.customers.models import Consent, Customer, Purpose
from app.errors import NotFound
from app.feedback import links
from app.feedback.models import Interaction, Score
from app.tracker.models import FollowUp, Issue, IssueLink


class Fate(StrEnum):
    """What a deletion does with a feedback."""

    ERASE = "erase"
    HELD = "held"
    PERIOD = "period"
    OPEN = "open"

    @property
    def chinese(self) -> str:
        """What happens, and why."""
        return FATE_TITLES[self]


FATE_TITLES = {
    Fate.ERASE: "删除",
    Fate.HELD: "保全中：停止处理，只保存",
    Fate.PERIOD: "法定期限未到：停止处理，只保存",
    Fate.OPEN: "问题还没有关闭：停止处理，只保存",
}


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One feedback of the person. until: when the legal period ends, None where none runs or it has no end yet."""

    interaction: Interaction
    title: str
    fate: Fate
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """All there is of one customer. unclaimed: feedback without a customer that gives one of this person's numbers."""

    customer: Customer
    consents: dict[Purpose, Consent | None]
    records: list[PersonRecord]
    follow_ups: int
    scores: int
    hold: Hold | None
    requests: list[RightsRequest]
    unclaimed: list[Interaction]


def get(session: Session, customer_id: int, *, now: datetime) -> Person:
    """Raises NotFound."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("没有这位客户，或者资料已经全部删除。")
    follow_ups = session.exec(select(FollowUp.id).where(FollowUp.customer_id == customer_id)).all()
    scores = session.exec(select(Score.id).where(Score.customer_id == customer_id)).all()
    requests = select(RightsRequest).where(RightsRequest.customer_id == customer_id)
    return Person(
        customer=customer,
        consents=consents.of(session, customer_id),
        records=list(records_of(session, customer_id, now=now)),
        follow_ups=len(follow_ups),
        scores=len(scores),
        hold=holds.of_customer(session, customer_id),
        requests=list(session.exec(requests.order_by(col(RightsRequest.id).desc()))),
        unclaimed=links.unclaimed(session, customer_id),
    )


def records_of(session: Session, customer_id: int, *, now: datetime) -> Iterator[PersonRecord]:
    """The person's feedback, newest first, each with what a deletion would do."""
    kinds = {one.name: one for one in classes(session)}
    closed = _closings(session, customer_id)
    held = holds.of_customer(session, customer_id) is not None
    wanted = select(Interaction).where(col(Interaction.customer_id) == customer_id)
    for interaction in session.exec(wanted.order_by(col(Interaction.occurred_at).desc())).all():
        of = kinds["complaint" if interaction.id in closed else "feedback"]
        fate, until = _fate(of, closed.get(interaction.id), now) if interaction.id in closed else (Fate.ERASE, None)
        yield PersonRecord(interaction, of.title, Fate.HELD if held else fate, until)


def _closings(session: Session, customer_id: int) -> dict[int | None, datetime | None]:
    """Linked feedback to the day its last issue was closed; None while one is open."""
    wanted = (
        select(IssueLink.interaction_id, Issue.closed_at)
        .join(Issue, col(Issue.id) == col(IssueLink.issue_id))
        .join(Interaction, col(Interaction.id) == col(IssueLink.interaction_id))
        .where(col(Interaction.customer_id) == customer_id)
    )
    found: dict[int | None, datetime | None] = {}
    for interaction_id, closed_at in session.exec(wanted):
        before = found.get(interaction_id, closed_at)
        found[interaction_id] = max(before, closed_at) if before and closed_at else None
    return found


def _fate(of: RecordClass, closed_at: datetime | None, now: datetime) -> tuple[Fate, datetime | None]:
    if closed_at is None:
        return Fate.OPEN, None
    until = closed_at + relativedelta(months=of.least)
    return (Fate.PERIOD, until) if until > now else (Fate.ERASE, None)
