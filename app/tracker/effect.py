"""Before and after an action: the same customers' satisfaction, and how often its topics came up.

Both compare a before with an after and have no group to compare with, which `CAVEAT` says beside every figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlmodel import Session, case, col, func, select

from app.channels.kinds import ScoreKind
from app.clock import day_start
from app.feedback.models import Interaction, Score
from app.topics import records
from app.tracker.actions import get_action
from app.tracker.affected import in_linked_topics
from app.tracker.estimate import PairedChange, Rate, paired_change, rate
from app.tracker.followups import SCALE
from app.tracker.models import Action, FollowUp, Outcome

WEEK = timedelta(days=7)
MAX_WEEKS = 12  # on either side of the start
CAVEAT = (
    "这是同一批客户的前后对比，没有对照组：刚遇到问题时打的分本来就容易回升，愿意答复的客户也可能与未答复的不同，"
    "因此不能说变化都是这项措施带来的。"
)


@dataclass(frozen=True, slots=True)
class WeekCount:
    """Feedback in the linked topics in seven days from `first_day`; week 0 begins with the start of the action.

    `complete` is False for a week that is still running or that began before the records do.
    """

    week: int
    first_day: date
    count: int
    complete: bool


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """What can be said about an action. Before its start there is nothing to compare: n is 0 and `weeks` empty.

    `response`: answered of all on the follow-up list. `without_before`: answered, but with no earlier score.
    """

    action_id: int
    started_on: date | None
    change: PairedChange
    response: Rate
    no_answer: int
    pending: int
    without_before: int
    weeks: tuple[WeekCount, ...]
    caveat: str = CAVEAT

    @property
    def counts_wording(self) -> str:
        """Feedback a week before and after, over complete weeks; counts alone, without a claim."""
        before = [week.count for week in self.weeks if week.complete and week.week < 0]
        after = [week.count for week in self.weeks if week.complete and week.week >= 0]
        if not before or not after:
            return "开始前后没有都满一周的数据，还不能比较每周的反馈数。"
        return (
            f"关联主题的反馈：开始前 {len(before)} 周共 {sum(before)} 条，每周 {sum(before) / len(before):.1f} 条；"
            f"开始后 {len(after)} 周共 {sum(after)} 条，每周 {sum(after) / len(after):.1f} 条。这里只列数量，未作推断。"
        )


def before_after(session: Session, *, action_id: int, now: datetime) -> BeforeAfter:
    """Compare, for the customers who answered a follow-up, their last CSAT before the start with that answer."""
    action = get_action(session, action_id=action_id)
    outcomes = list(session.exec(select(FollowUp.outcome).where(FollowUp.action_id == action_id)))
    pairs, without_before = _pairs(session, action)
    return BeforeAfter(
        action_id=action_id,
        started_on=action.started_on,
        change=paired_change([before for before, _ in pairs], [after for _, after in pairs]),
        response=rate(outcomes.count(Outcome.ANSWERED), len(outcomes)),
        no_answer=outcomes.count(Outcome.NO_ANSWER),
        pending=outcomes.count(Outcome.PENDING),
        without_before=without_before,
        weeks=_weeks(session, action, now=now),
    )


def _pairs(session: Session, action: Action) -> tuple[list[tuple[float, float]], int]:
    """(before, after) of each customer who has both, and how many who answered have no score from before."""
    if action.started_on is None:
        return [], 0
    after_query = (
        select(FollowUp.customer_id, Score.value)
        .join(Score, col(Score.id) == col(FollowUp.score_id))
        .where(FollowUp.action_id == action.id)
        .order_by(col(FollowUp.customer_id))
    )
    latest_first = (col(Score.answered_at).desc(), col(Score.id).desc())
    place = func.row_number().over(partition_by=col(Score.customer_id), order_by=latest_first).label("place")
    earlier = (
        select(Score.customer_id, Score.value, place)
        .join(FollowUp, col(FollowUp.customer_id) == col(Score.customer_id))
        .where(
            FollowUp.action_id == action.id,
            Score.kind == ScoreKind.CSAT,
            Score.scale_min == SCALE[0],
            Score.scale_max == SCALE[1],
            Score.answered_at < day_start(action.started_on),
        )
        .subquery()
    )
    before = dict(session.exec(select(earlier.c.customer_id, earlier.c.value).where(earlier.c.place == 1)).all())
    after = session.exec(after_query).all()
    pairs = [(before[customer_id], value) for customer_id, value in after if customer_id in before]
    return pairs, len(after) - len(pairs)


def _usual(weeks: Sequence[int]) -> float:
    """What a week that holds anything usually holds: the burst that an action answers is no measure for the rest."""
    filled = [texts for texts in weeks if texts]
    return median(filled) if filled else 0.0


def _weeks(session: Session, action: Action, *, now: datetime) -> tuple[WeekCount, ...]:
    """Counts of the weeks around the start that have data: from where the records begin until now."""
    if action.started_on is None:
        return ()
    start = day_start(action.started_on)
    after = (start, start + MAX_WEEKS * WEEK)
    # one week more than is shown, so that the first of these may be complete
    first = records.begin(session, until=start, back=MAX_WEEKS + 1, later=after, full=_usual)
    if first is None:
        return ()
    starts = [(week, action.started_on + week * WEEK) for week in range(-MAX_WEEKS, MAX_WEEKS)]
    shown = [(week, day) for week, day in starts if day_start(day + WEEK) > first and day_start(day) <= now]
    counts = _counts(session, action, shown)
    return tuple(
        WeekCount(week, day, counts.get(week, 0), complete=first <= day_start(day) and day_start(day + WEEK) <= now)
        for week, day in shown
    )


def _counts(session: Session, action: Action, weeks: Sequence[tuple[int, date]]) -> dict[int, int]:
    """Feedback in the linked topics by week."""
    if not weeks:
        return {}
    at = col(Interaction.occurred_at)
    number = case(*((at < day_start(day + WEEK), week) for week, day in weeks))
    since, until = day_start(weeks[0][1]), day_start(weeks[-1][1] + WEEK)
    query = select(number, func.count()).where(in_linked_topics(action.issue_id), at >= since, at < until)
    return dict(session.exec(query.group_by(number)).all())
