"""What the answers say of the readers and of the model: agreement of two readers, and how often the model was right."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, select

from app.feedback import corrections, display
from app.feedback.models import Analysis
from app.feedback.results import RISK
from app.review.agreement import Agreement, Metric, agreement, nominal, ordinal, share_interval
from app.review.models import ReviewAnswer

HEADS = ("intent", "touchpoint", "business", "cause", "sentiment")  # exactly one value each
ORDERED = "sentiment"
ENOUGH = 30  # texts below which nothing is said
MOST = 5000  # the latest answers that are counted


@dataclass(frozen=True, slots=True)
class HeadAgreement:
    """How far two readers agree in a head, or in one risk flag."""

    title: str
    found: Agreement


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `n` with the interval of the share; 0 to 1 where nothing was read."""

    right: int
    n: int
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class HeadAccuracy:
    """How often the model said what the first reader said: where it was sure, and where it abstained but leant."""

    title: str
    sure: Share
    leaning: Share


@dataclass(frozen=True, slots=True)
class Differing:
    """A text of which two readers said different things."""

    interaction_id: int
    heads: tuple[str, ...]


def between_readers(session: Session) -> tuple[list[HeadAgreement], list[Differing]]:
    """Alpha of each head and each risk flag over the texts that two persons have read, and where they differ."""
    texts = _read_twice(session)
    rows = [_of_head(head, texts) for head in HEADS]
    rows += [_of_flag(name, title, texts) for name, title in display.titles(RISK)]
    differing = [Differing(given[0].interaction_id, heads) for given in texts if (heads := _differ(given))]
    return rows, differing


def of_the_model(session: Session) -> list[HeadAccuracy]:
    """Each head's accuracy, as the newest version of the pipeline was when the first readers saw it."""
    newest = select(Analysis.pipeline_version).order_by(col(Analysis.id).desc()).limit(1)
    wanted = (
        select(ReviewAnswer, Analysis)
        .join(Analysis, col(Analysis.id) == col(ReviewAnswer.analysis_id))
        .where(
            col(Analysis.pipeline_version) == newest.scalar_subquery(),
            col(ReviewAnswer.skipped).is_(False),
            col(ReviewAnswer.second).is_(False),
        )
        .order_by(col(ReviewAnswer.id).desc())
        .limit(MOST)
    )
    right: Counter[tuple[str, bool]] = Counter()
    read: Counter[tuple[str, bool]] = Counter()
    for answer, analysis in session.exec(wanted):
        for head, names in corrections.said(analysis).items():
            if head in answer.labels:
                sure = head == RISK or not analysis.labels[head]["abstained"]
                read[head, sure] += 1
                right[head, sure] += names == answer.labels[head]
    return [
        HeadAccuracy(display.head_title(head), *(_share(right[head, sure], read[head, sure]) for sure in (True, False)))
        for head in (*HEADS, RISK)
    ]


def _read_twice(session: Session) -> list[list[ReviewAnswer]]:
    """The answers on each text that more than one person has read, the latest texts first."""
    other = aliased(ReviewAnswer)
    also = exists().where(
        col(other.interaction_id) == ReviewAnswer.interaction_id,
        col(other.content_hash) == ReviewAnswer.content_hash,
        col(other.user_id) != ReviewAnswer.user_id,
        col(other.skipped).is_(False),
    )
    wanted = (
        select(ReviewAnswer)
        .where(col(ReviewAnswer.skipped).is_(False), also)
        .order_by(col(ReviewAnswer.interaction_id).desc(), col(ReviewAnswer.content_hash), col(ReviewAnswer.id))
        .limit(MOST)
    )
    texts = groupby(session.exec(wanted), key=lambda one: (one.interaction_id, one.content_hash))
    return [list(given) for _, given in texts]


def _of_head(head: str, texts: Sequence[Sequence[ReviewAnswer]]) -> HeadAgreement:
    places = {name: place for place, (name, _) in enumerate(display.titles(head))}
    # a value that the taxonomy has dropped meanwhile compares with nothing
    units = [[places[name] for one in given for name in one.labels.get(head, ()) if name in places] for given in texts]
    metric: Metric = ordinal if head == ORDERED else nominal
    return HeadAgreement(display.head_title(head), agreement(units, values=len(places), metric=metric))


def _of_flag(name: str, title: str, texts: Sequence[Sequence[ReviewAnswer]]) -> HeadAgreement:
    units = [[int(name in one.labels[RISK]) for one in given if RISK in one.labels] for given in texts]
    return HeadAgreement(f"{display.head_title(RISK)}：{title}", agreement(units, values=2, metric=nominal))


def _differ(given: Sequence[ReviewAnswer]) -> tuple[str, ...]:
    said: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in given:
        for head, names in one.labels.items():
            said[head].add(tuple(names))
    return tuple(display.head_title(head) for head, answers in said.items() if len(answers) > 1)


def _share(right: int, n: int) -> Share:
    return Share(right, n, *share_interval(right, n)) if n else Share(0, 0)
