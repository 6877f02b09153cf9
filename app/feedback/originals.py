"""Unmasking 查看原文: the sealed words of one feedback, for one person with a reason.

Originals are opened one by one, and never without an entry in the audit chain: what is opened is answered in the same
transaction that records who opened it and why. One piece of words can be shown in many feedback at once, by a review
that releases it everywhere (`remask`, `spread`): the chain has who ordered that and in how many feedback it was done.
One-time codes, passwords and security codes are not there: they were cut out before anything was stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app.errors import Conflict, Invalid, NotFound
from app.feedback import contents
from app.feedback.models import Interaction, InteractionState, PiiSpan
from app.feedback.personal import personal_in
from app.feedback.results import pii_from
from app.people.models import User
from app.store.audit import record
from nlp import taxonomy
from nlp.doc import SUBJECT
from nlp.proof import Proof, proof

AUTHORITY = "authority"
REASONS = {
    "complaint": "办理投诉",
    "contact": "联系客户核实",
    "dispute": "核对争议的金额或事实",
    AUTHORITY: "配合监管或司法查询",
    "masking": "检查遮盖是否正确",
}
VIEW = "original.view"  # in the audit chain
PROOFS = {
    Proof.CHECK: "校验相符",
    Proof.SHAPE: "形式相符",
    Proof.CONTEXT: "看前后文",
    Proof.MODEL: "模型和前后文",
}
LEAST, MOST = 4, 200  # characters of the note


@dataclass(frozen=True, slots=True)
class OpenPiece:
    """A stretch of an original; `kind` is the kind of what is masked elsewhere, "" for other words."""

    text: str
    kind: str
    score: float | None = field(default=None, compare=False)

    @property
    def title(self) -> str:
        """The kind in Chinese."""
        return taxonomy.pii_title(self.kind)

    @property
    def why(self) -> str:
        """What it was recognised by, and how sure the model was where it had a say."""
        told = PROOFS[proof(self.kind, self.text)]
        return told if self.score is None else f"{told}，把握 {self.score:.2f}"


def kinds() -> list[tuple[str, str]]:
    """(kind, Chinese name) for a choice, one kind for each name."""
    titles = {taxonomy.pii_title(kind): kind for kind in reversed(taxonomy.pii_kinds())}
    return [(kind, title) for title, kind in reversed(titles.items())]


def unmask(
    session: Session, *, actor: User, interaction_id: int, reason: str, note: str, now: datetime
) -> dict[int, list[OpenPiece]]:
    """Part (SUBJECT or a message's place) to its pieces, with an entry in the audit chain.

    Raises NotFound; Conflict for restricted feedback, unless an authority asks; Invalid for a reason that is not one
    of REASONS, a note that is too short or too long, and a note that holds a number, an address or what is masked in
    this feedback: it would stand readable in the audit chain.
    """
    interaction = session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("没有这条反馈。")
    if interaction.state is InteractionState.RESTRICTED and reason != AUTHORITY:
        raise Conflict("客户要求删除，这条反馈已停止处理，只有配合监管或司法查询才能查看原文。")
    messages = contents.messages_of(session, interaction)
    parts = {part: list(_cut(contents.original(session, one), one.pii)) for part, one in enumerate(messages)}
    subject = contents.original_subject(session, interaction)
    if subject:
        parts = {SUBJECT: list(_cut(subject, interaction.subject_pii if interaction.subject_masked else [])), **parts}
    detail = {"reason": _reason(reason), "note": _note(note, parts)}
    record(session, at=now, actor=f"user:{actor.login}", action=VIEW, subject=name(interaction_id), detail=detail)
    return parts


def name(interaction_id: int) -> str:
    """What the audit chain calls a feedback."""
    return f"feedback:{interaction_id}"


def _reason(told: str) -> str:
    if told not in REASONS:
        raise Invalid("请选一个查看原文的理由。", field="reason")
    return told


def _note(told: str, parts: Mapping[int, Sequence[OpenPiece]]) -> str:
    note = told.strip()
    if not LEAST <= len(note) <= MOST:
        raise Invalid(f"请用 {LEAST} 到 {MOST} 个字说明为什么要看，例如投诉单号和要核对的事。", field="note")
    hidden = {piece.text for pieces in parts.values() for piece in pieces if piece.kind}
    repeated = any(text in note for text in hidden if len(text) > 1)
    if repeated or personal_in(note):
        raise Invalid("说明里有个人信息，它会留在审计记录里。请去掉，写投诉单号即可。", field="note")
    return note


def _cut(text: str, pii: Sequence[PiiSpan]) -> Iterator[OpenPiece]:
    at = 0
    for one in sorted(pii_from(0, pii)):
        if at < one.start:
            yield OpenPiece(text[at : one.start], "")
        yield OpenPiece(text[one.start : one.end], one.kind, one.score)
        at = one.end
    if at < len(text):
        yield OpenPiece(text[at:], "")
