"""接入源: who sends feedback, and what became of every delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session, col, func, select

from app.deps import require
from app.feedback.models import Delivery, DeliveryState, Interaction, Source
from app.people.models import User
from app.people.roles import Permission
from app.web.forms import store_of
from app.web.labels import CHANNELS, DELIVERIES
from app.web.paging import PageNumber, pager
from app.web.render import link_to, page

router = APIRouter()

SIZE = 50
KINDS = {DeliveryState.PROCESSED: "good", DeliveryState.REJECTED: "bad", DeliveryState.CONFLICT: "bad"}


@router.get("/sources")
def sources_page(
    request: Request,
    user: Annotated[User, Depends(require(Permission.SOURCES_VIEW))],
    state: DeliveryState | None = None,
    page_number: PageNumber = 1,
) -> Response:
    """Sources with what they brought, and the ledger of deliveries, newest first."""
    with store_of(request).read() as session:
        sources = _sources(session)
        counts = dict(session.exec(select(Delivery.state, func.count()).group_by(col(Delivery.state))).all())
        deliveries = _ledger(session, state, page_number)
    total = counts.get(state, 0) if state else sum(counts.values())
    return page(
        request,
        "sources.html",
        user,
        sources=sources,
        states=[
            {"title": title, "count": count, "link": link_to("/sources", state=key), "current": key == state}
            for key, title, count in [
                (None, "全部", sum(counts.values())),
                *((one, DELIVERIES[one], counts.get(one, 0)) for one in DeliveryState),
            ]
        ],
        deliveries=deliveries,
        total=total,
        **pager(request, page_number, total, SIZE),
    )


def _sources(session: Session) -> list[dict[str, Any]]:
    counted = select(Interaction.source_id, func.count(), func.max(Interaction.received_at))
    found = {id_: (count, last) for id_, count, last in session.exec(counted.group_by(col(Interaction.source_id)))}
    return [
        {
            "name": source.name,
            "title": source.title,
            "channel": CHANNELS[source.channel],
            "format": source.format,
            "active": source.active,
            "count": found.get(source.id or 0, (0, None))[0],
            "last": found.get(source.id or 0, (0, None))[1],
        }
        for source in session.exec(select(Source).order_by(Source.title))
    ]


def _ledger(session: Session, state: DeliveryState | None, number: int) -> Sequence[dict[str, Any]]:
    chosen = select(Delivery, Source.title).join(Source, col(Source.id) == col(Delivery.source_id))
    if state is not None:
        chosen = chosen.where(col(Delivery.state) == state)
    chosen = chosen.order_by(col(Delivery.received_at).desc(), col(Delivery.id).desc())
    return [
        {
            "at": delivery.received_at,
            "source": title,
            "delivery_id": delivery.delivery_id,
            "state": DELIVERIES[delivery.state],
            "kind": KINDS.get(delivery.state, ""),
            "count": delivery.interaction_count,
            "error": "：".join(part for part in (delivery.error_field, delivery.error) if part),
        }
        for delivery, title in session.exec(chosen.offset((number - 1) * SIZE).limit(SIZE))
    ]
