"""The bundle 个人信息副本: all that the store holds of one person, to read (HTML) and to take along (JSON).

His own words are there as he said them; the bank's side is masked, since it may name others. Judgements of the model
are there and called that. The bundle is made in memory and stored nowhere.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, select_autoescape
from sqlmodel import Session, col, select

from app.channels.kinds import Role
from app.clock import ZONE
from app.compliance.person import Person
from app.customers.models import Purpose
from app.feedback import contents
from app.feedback.models import Analysis, AnalysisRisk, Interaction, Score
from app.tracker.models import FollowUp
from nlp import taxonomy

HEADS = ("intent", "touchpoint", "business", "cause", "sentiment")
PAGE = Path(__file__).parent / "bundle.html"
WITHHELD = "（银行一方的话，已停止处理，未附）"


def bundle(session: Session, person: Person, *, now: datetime) -> tuple[bytes, dict[str, int]]:
    """The ZIP's bytes, and what is in it in counts."""
    told = _content(session, person, now)
    page = Environment(autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True)
    template = page.from_string(PAGE.read_text(encoding="utf-8"))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("个人信息副本.html", template.render(told=told))
        archive.writestr("个人信息副本.json", json.dumps(told, ensure_ascii=False, indent=1))
    counts = {"feedback": len(told["feedback"]), "scores": len(told["scores"]), "follow_ups": len(told["follow_ups"])}
    return held.getvalue(), counts


def _content(session: Session, person: Person, now: datetime) -> dict[str, Any]:
    customer = person.customer
    return {
        "made_at": _time(now),
        "customer": {
            "ref": customer.ref,
            "birth_year": customer.birth_year,
            "region": customer.region,
            "branch": customer.branch,
            "customer_since": customer.customer_since,
            "segment": customer.segment,
            "products": customer.holds,
        },
        "consents": [_consent(person, purpose) for purpose in Purpose],
        "feedback": [_feedback(session, one.interaction, one.title) for one in person.records],
        "scores": list(_scores(session, customer.id)),
        "follow_ups": list(_follow_ups(session, customer.id)),
    }


def _consent(person: Person, purpose: Purpose) -> dict[str, Any]:
    said = person.consents[purpose]
    return {
        "purpose": purpose.chinese,
        "given": bool(said and said.given),
        "changed_at": _time(said.changed_at) if said else None,
    }


def _feedback(session: Session, interaction: Interaction, kept_as: str) -> dict[str, Any]:
    analysis = session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None
    return {
        "id": interaction.id,
        "at": _time(interaction.occurred_at),
        "channel": interaction.channel.value,
        "product": interaction.product,
        "branch": interaction.branch,
        "region": interaction.region,
        "kept_as": kept_as,
        "subject": contents.original_subject(session, interaction),
        "messages": list(_messages(session, interaction)),
        "judged": _judged(session, analysis) if analysis else None,
    }


def _messages(session: Session, interaction: Interaction) -> Iterator[dict[str, Any]]:
    for message in contents.messages_of(session, interaction):
        own = message.role is Role.CUSTOMER
        text = contents.original(session, message) if own else message.masked_text or WITHHELD
        yield {"from": "您" if own else "银行", "at": _time(message.sent_at) if message.sent_at else None, "text": text}


def _judged(session: Session, analysis: Analysis) -> dict[str, Any]:
    risks = session.exec(select(AnalysisRisk.name).where(AnalysisRisk.analysis_id == analysis.id)).all()
    told: dict[str, Any] = {taxonomy.head_title(head): taxonomy.title(head, getattr(analysis, head)) for head in HEADS}
    return told | {
        taxonomy.head_title("risk"): [taxonomy.title("risk", name) for name in risks],
        "诉求": analysis.demand,
    }


def _scores(session: Session, customer_id: int | None) -> Iterator[dict[str, Any]]:
    wanted = select(Score).where(col(Score.customer_id) == customer_id).order_by(col(Score.answered_at))
    for score in session.exec(wanted):
        yield {
            "at": _time(score.answered_at),
            "kind": score.kind.value,
            "value": score.value,
            "scale": [score.scale_min, score.scale_max],
        }


def _follow_ups(session: Session, customer_id: int | None) -> Iterator[dict[str, Any]]:
    for one in session.exec(select(FollowUp).where(col(FollowUp.customer_id) == customer_id)):
        yield {
            "asked_on": str(one.asked_on) if one.asked_on else None,
            "outcome": one.outcome.chinese,
            "note": one.note,
        }


def _time(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="minutes")
