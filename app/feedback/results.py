"""From the pipeline's `Doc` to what is stored, and to what `analyse` writes out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from app.feedback.models import Analysis, PiiSpan
from nlp.doc import Doc, Label, Pii, Span
from nlp.mask import masked, to_masked

RISK = "risk"  # the head with any number of labels; every other has exactly one
HIGH_RISKS = ("regulator", "media", "legal", "extreme", "fraud", "group")


def pii_of(spans: Iterable[Pii]) -> list[tuple[int, int, str]]:
    """[[start, end, kind]] in original offsets."""
    return [(one.start, one.end, one.kind) for one in spans]


def stored_pii(spans: Iterable[Pii]) -> list[PiiSpan]:
    """[[start, end, kind, score]], two digits of the score."""
    return [(one.start, one.end, one.kind, None if one.score is None else round(one.score, 2)) for one in spans]


def pii_from(part: int, stored: Iterable[Sequence[Any]]) -> list[Pii]:
    """What `stored_pii` wrote."""
    return [Pii(part, *span) for span in stored]


def labels_of(doc: Doc, *, with_part: bool = True) -> dict[str, Any]:
    """Head to {name, score, abstained, evidence}; a list of them for risk. Evidence is [part, start, end].

    Without `with_part` (a plain text) it is [start, end] of the text, and what lies in the subject is left out.
    """
    return {
        head: [_label(label, with_part) for label in labels] if head == RISK else _label(labels[0], with_part)
        for head, labels in doc.labels.items()
    }


def demand_of(doc: Doc) -> str:
    """The customer's demand in masked words, or ""."""
    if doc.demand is None:
        return ""
    pii = [one for one in doc.pii if one.part == doc.demand.part]
    shown = to_masked(doc.demand, pii)
    return masked(doc.part(doc.demand.part), pii)[shown.start : shown.end]


def analysis_of(doc: Doc, *, interaction_id: int, content_hash: str, version: str, at: datetime) -> Analysis:
    """The row of a doc that the whole pipeline has read."""
    best = {head: labels[0].name for head, labels in doc.labels.items() if labels}
    assert doc.encoding is not None  # noqa: S101 - a doc without failure has passed the encoder
    return Analysis(
        interaction_id=interaction_id,
        content_hash=content_hash,
        pipeline_version=version,
        intent=best["intent"],
        touchpoint=best["touchpoint"],
        business=best["business"],
        cause=best["cause"],
        sentiment=int(best["sentiment"]),
        sentiment_score=doc.sentiment_score,
        demand=demand_of(doc),
        demand_span=_span(doc.demand) if doc.demand else None,
        labels=labels_of(doc),
        embedding=doc.encoding.embedding.astype("<f4").tobytes(),
        created_at=at,
    )


def _label(label: Label, with_part: bool) -> dict[str, Any]:  # noqa: FBT001 - private, one meaning
    evidence: list[tuple[int, ...]] = [
        _span(span) if with_part else (span.start, span.end) for span in label.evidence if with_part or span.part == 0
    ]
    return {"name": label.name, "score": round(label.score, 4), "abstained": label.abstained, "evidence": evidence}


def _span(span: Span) -> tuple[int, int, int]:
    return (span.part, span.start, span.end)
