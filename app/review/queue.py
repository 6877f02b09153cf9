"""The queue: which texts are worth a person's look, why, and in what order.

A text comes in for a reason that is told to the reader. Texts with a high risk come first; among them, and among the
rest, one of each topic comes before a second of any, so that no topic fills the queue.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.feedback import display
from app.feedback.results import RISK
from app.review.candidates import DOUBTED, Candidate, new_topics, second_looks, unread
from app.review.models import ReviewAnswer

LOW = 0.7  # a probability below which the model's word weighs little
FEWEST = 5  # texts from which there is a majority, or "many"
MAJORITY = 0.6  # share of a topic that has to agree
RECENT = timedelta(days=3)
PRESENT = timedelta(minutes=30)  # who answered within this is at work
SPOT_CHECK = "抽查"  # why a second look is there whose own reason has passed

Reason = tuple[str, float]
"""In Chinese, and how much it weighs."""
Reasons = list[Reason]
Why = Callable[[Candidate], Reason | None]
"""The reason where it holds for a candidate."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text in the queue with the reasons why it is there."""

    interaction_id: int
    reasons: tuple[str, ...]


def waiting(session: Session, *, user_id: int, now: datetime) -> list[Waiting]:
    """The queue of one person, second looks first; he is not told which those are."""
    fresh = unread(session, user_id=user_id)
    whys = _whys(fresh, new_topics(session), now=now)
    reasons = {one.interaction_id: found for one in fresh if (found := _reasons(one, whys))}
    ordered = _in_turn([one for one in fresh if one.interaction_id in reasons], reasons)
    dealt = _dealt(ordered, *_desk(session, user_id=user_id, now=now))
    again = second_looks(session, user_id=user_id)
    reasons |= {one.interaction_id: _reasons(one, whys) or [(SPOT_CHECK, 0.0)] for one in again}
    return [
        Waiting(one.interaction_id, tuple(told for told, _ in reasons[one.interaction_id])) for one in [*again, *dealt]
    ]


def _whys(among: Sequence[Candidate], born: dict[int, tuple[int, ...]], *, now: datetime) -> list[Why]:
    """The reasons in the order in which they are told."""
    return [_unsure, _risky, _differs(among), _unassigned(among, now), _first_of_new(born)]


def _reasons(one: Candidate, whys: Sequence[Why]) -> Reasons:
    return [told for why in whys if (told := why(one)) is not None]


def _unsure(one: Candidate) -> Reason | None:
    """Each head in doubt counts 1, and the doubt of the worst of them up to 1 more."""
    if not one.unsure:
        return None
    return f"模型拿不准：{_titles(one.unsure)}", len(one.unsure) + 1 - min(one.sure(head) for head in one.unsure)


def _risky(one: Candidate) -> Reason | None:
    doubtful = [name for name, score in one.high_risks if score < LOW]
    return (f"风险高而把握低：{'、'.join(display.title(RISK, name) for name in doubtful)}", 2.0) if doubtful else None


def _differs(among: Sequence[Candidate]) -> Why:
    """The label is not the one that most of the topic have, and the model is not sure of it."""
    usual = {
        (topic_id, head): name
        for topic_id, members in _by_topic(among).items()
        for head in DOUBTED
        if (name := _majority([one.counts[head] for one in members]))
    }

    def why(one: Candidate) -> Reason | None:
        said = [
            f"{display.head_title(head)}（多数是“{display.title(head, most)}”）"
            for head in DOUBTED
            if (most := usual.get((one.topic_id or 0, head))) and most != one.counts[head] and one.sure(head) < LOW
        ]
        return (f"与同一主题的反馈判断不一致：{'、'.join(said)}", float(len(said))) if said else None

    return why


def _unassigned(among: Sequence[Candidate], now: datetime) -> Why:
    """Many without a topic were judged alike within the last days: perhaps a matter that no fit knows yet."""

    def kind(one: Candidate) -> tuple[str, str]:
        return one.counts["business"], one.counts["cause"]

    def counts(one: Candidate) -> bool:
        return one.unassigned and one.occurred_at > now - RECENT

    alike = Counter(kind(one) for one in among if counts(one))

    def why(one: Candidate) -> Reason | None:
        many = alike[kind(one)]
        if not counts(one) or many < FEWEST:
            return None
        return f"未归类，且近三天类似的多（业务类别和原因相同的 {many} 条）", 1.0

    return why


def _first_of_new(born: dict[int, tuple[int, ...]]) -> Why:
    """The texts that tell most of a topic which the newest fit was the first to find, where they are in it still."""
    return lambda one: ("新主题里的第一批", 1.0) if one.interaction_id in born.get(one.topic_id or 0, ()) else None


def _in_turn(chosen: Sequence[Candidate], reasons: dict[int, Reasons]) -> list[Candidate]:
    """High risks before the rest; in each the topics take turns; each topic's weightiest first, then the newest."""
    weights = {one.interaction_id: sum(weight for _, weight in reasons[one.interaction_id]) for one in chosen}
    best = sorted(chosen, key=lambda one: (-weights[one.interaction_id], -one.occurred_at.timestamp()))
    seen: Counter[tuple[bool, object]] = Counter()
    turns = {}
    for one in best:
        # what has no topic is parted by business, else it would be one topic among many
        pile = (not one.high_risks, one.topic_id or one.counts["business"])
        turns[one.interaction_id] = seen[pile]
        seen[pile] += 1
    return sorted(best, key=lambda one: (not one.high_risks, turns[one.interaction_id]))


def _desk(session: Session, *, user_id: int, now: datetime) -> tuple[int, int]:
    """This person's place among those at work, and how many they are."""
    recent = select(ReviewAnswer.user_id).where(col(ReviewAnswer.answered_at) > now - PRESENT).distinct()
    at_work = sorted({user_id, *session.exec(recent)})
    return at_work.index(user_id), len(at_work)


def _dealt(ordered: Sequence[Candidate], place: int, people: int) -> list[Candidate]:
    """One's own share first, so that people at work at the same time do not read the same text by accident."""
    return sorted(ordered, key=lambda one: one.interaction_id % people != place)


def _by_topic(among: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    topics: dict[int, list[Candidate]] = defaultdict(list)
    for one in among:
        if one.topic_id is not None:
            topics[one.topic_id].append(one)
    return topics


def _majority(names: Sequence[str]) -> str | None:
    name, count = Counter(names).most_common(1)[0]
    return name if len(names) >= FEWEST and count >= MAJORITY * len(names) else None


def _titles(heads: Sequence[str]) -> str:
    return "、".join(display.head_title(head) for head in heads)
