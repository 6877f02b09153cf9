"""Corrections 改正: a person's labels in place of the model's, undoable, and the file that a model learns from.

The columns of an `Analysis` hold what counts: the model's answer, overlaid by the corrections in force. Its `labels`
keep what the model said. A correction holds for the words it was made on: it survives a new model's reading of the
same words, and ends when the customer says more.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Analysis, AnalysisRisk, Correction, Interaction, Message
from app.feedback.results import RISK
from app.people.models import User
from app.store.audit import record
from nlp import taxonomy

Labels = dict[str, list[str]]
"""Head to its values; exactly one for every head but risk, which may have any number."""


def correct(
    session: Session,
    *,
    actor: User,
    interaction_id: int,
    analysis_id: int,
    after: int,
    labels: Mapping[str, str | Sequence[str]],
    now: datetime,
) -> Correction | None:
    """Record what differs from what counts; None where nothing does.

    A label that the model was unsure of is recorded even if it stays, since a person has now said so. Raises
    NotFound, Invalid for a head or value that is not in the taxonomy, and Conflict where the person has not seen what
    counts now: `analysis_id` is the analysis they saw, `after` the newest correction (0 for none).
    """
    wanted = {head: checked(head, told) for head, told in labels.items()}
    analysis = _current(session, interaction_id)
    if analysis.id != analysis_id:
        raise Conflict("这条反馈刚有了新的内容或新的分析，请看过再改。")
    if after != newest(session, analysis):
        raise Conflict("这条反馈的判断刚被别人改过，请看过再改。")
    before, unsure = said(analysis) | _overlay(session, analysis), _unsure(analysis) - set(analysis.corrected)
    changed = {head: names for head, names in wanted.items() if names != before.get(head) or head in unsure}
    if not changed:
        return None
    correction = Correction(
        interaction_id=interaction_id,
        content_hash=analysis.content_hash,
        labels=changed,
        user_id=actor.id,
        created_at=now,
    )
    session.add(correction)
    session.flush()
    settle(session, analysis)
    _audit(session, actor, "feedback.correct", correction, now)
    return correction


def undo(session: Session, *, actor: User, interaction_id: int, correction_id: int, now: datetime) -> Correction:
    """Take a correction back; what counted before it counts again. Raises NotFound, and Conflict if it is undone."""
    correction = session.get(Correction, correction_id, with_for_update=True)
    if correction is None or correction.interaction_id != interaction_id:
        raise NotFound("没有这次改正。")
    if correction.undone_at is not None:
        raise Conflict("这次改正已经撤销了。")
    correction.undone_at = now
    session.add(correction)
    session.flush()
    settle(session, _current(session, interaction_id))
    _audit(session, actor, "feedback.correct_undo", correction, now)
    return correction


def in_force(session: Session, analysis: Analysis) -> list[Correction]:
    """The corrections that hold for the analysed words, oldest first."""
    wanted = select(Correction).where(
        col(Correction.interaction_id) == analysis.interaction_id,
        col(Correction.content_hash) == analysis.content_hash,
        col(Correction.undone_at).is_(None),
    )
    return list(session.exec(wanted.order_by(col(Correction.id))))


def newest(session: Session, analysis: Analysis) -> int:
    """Id of the last correction in force; 0 for none."""
    return max((one.id or 0 for one in in_force(session, analysis)), default=0)


def settle(session: Session, analysis: Analysis) -> None:
    """Write what counts into the columns that lists, filters and counts read."""
    overlay = _overlay(session, analysis)
    for head, names in (said(analysis) | overlay).items():
        if head == RISK:
            _settle_risks(session, analysis, names)
        else:
            setattr(analysis, head, int(names[0]) if head == "sentiment" else names[0])
    analysis.corrected = sorted(overlay)
    session.add(analysis)


def export(session: Session) -> Iterator[dict[str, Any]]:
    """Every corrected feedback as a training row: masked words, and the labels that a person gave.

    A head that nobody corrected is left out, which training reads as unknown. Feedback whose words have changed
    since is left out too: its corrections were about other words.
    """
    holding = (
        select(Interaction, Analysis)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(col(Interaction.content_hash) == col(Analysis.content_hash))
        .where(col(Interaction.id).in_(select(Correction.interaction_id).where(col(Correction.undone_at).is_(None))))
        .order_by(col(Interaction.id))
    )
    for interaction, analysis in session.exec(holding).all():
        labels = _overlay(session, analysis)
        if not labels:
            continue
        messages = select(Message).where(col(Message.interaction_id) == interaction.id).order_by(col(Message.seq))
        turns = [{"role": str(one.role), "text": one.masked_text or ""} for one in session.exec(messages)]
        told = {head: names if head == RISK else names[0] for head, names in labels.items()}
        yield {"id": f"C{interaction.id}", "subject": interaction.subject_masked or "", "turns": turns, "labels": told}


def checked(head: str, told: str | Sequence[str]) -> list[str]:
    """The values that a person chose for a head. Raises Invalid for what the taxonomy does not hold."""
    if head not in taxonomy.heads():
        raise Invalid(f"没有“{head}”这一项判断。", field="labels")
    names = [told] if isinstance(told, str) else sorted(set(told))
    title = taxonomy.head_title(head)
    if unknown := [name for name in names if name not in taxonomy.values(head)]:
        raise Invalid(f"{title}没有“{unknown[0][:40]}”这个取值，请从列表中选。", field=head)
    if head != RISK and len(names) != 1:
        raise Invalid(f"{title}要选一个取值。", field=head)
    return names


def said(analysis: Analysis) -> Labels:
    """What the model said."""
    return {
        head: sorted(str(label["name"]) for label in told) if head == RISK else [str(told["name"])]
        for head, told in analysis.labels.items()
    }


def _current(session: Session, interaction_id: int) -> Analysis:
    """The analysis that counts, of an interaction that is locked until the transaction ends."""
    wanted = select(Interaction).where(col(Interaction.id) == interaction_id)
    interaction = session.exec(wanted.with_for_update()).one_or_none()
    if interaction is None:
        raise NotFound("没有这条反馈。")
    if interaction.analysis_id is None:
        raise Conflict("这条反馈还没有分析，分析完成后才能改正。")
    return session.get_one(Analysis, interaction.analysis_id)


def _unsure(analysis: Analysis) -> set[str]:
    return {head for head, told in analysis.labels.items() if head != RISK and told["abstained"]}


def _overlay(session: Session, analysis: Analysis) -> Labels:
    """Of each corrected head the last word."""
    overlay: Labels = {}
    for correction in in_force(session, analysis):
        overlay |= correction.labels
    return overlay


def _settle_risks(session: Session, analysis: Analysis, names: Sequence[str]) -> None:
    risks = select(AnalysisRisk).where(col(AnalysisRisk.analysis_id) == analysis.id)
    stored = {risk.name: risk for risk in session.exec(risks)}
    for name in stored.keys() - set(names):
        session.delete(stored[name])
    for name in set(names) - stored.keys():
        session.add(AnalysisRisk(analysis_id=analysis.id or 0, name=name))  # flushed, so that it has its id


def _audit(session: Session, actor: User, action: str, correction: Correction, now: datetime) -> None:
    subject = f"feedback:{correction.interaction_id}"
    detail = {"correction": correction.id, "heads": sorted(correction.labels)}
    record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
