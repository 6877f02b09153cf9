"""What carries the change of a topic between two periods: its channels, products, segments …, value by value.

Two questions are asked of each value: whether its own count changed and how much of the difference that is, and
whether its share of the topic changed, so that it did not just go along with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import and_, case, func, or_
from sqlmodel import Session, col, select

from app.customers.models import Customer
from app.feedback import stats
from app.feedback.models import Analysis, Interaction
from app.feedback.query import FeedbackFilter, conditions
from app.topics.differences import (
    Bools,
    Differences,
    Estimate,
    count_differences,
    found,
    scatter_of,
    share_differences,
)
from app.topics.periods import Periods
from app.topics.query import members
from app.topics.records import cover

DIMENSIONS = ("channel", "touchpoint", "cause", "business", "product", "segment", "region", "branch")
COLUMNS: dict[str, Any] = {**stats.LABELS, "segment": Customer.segment}
FEWEST = 5  # texts of both periods, below which a value is not judged

Counts = Sequence[tuple[Any, int, int]]
"""(value, later, earlier), None for what is not told."""


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a dimension, None for what is not told.

    `change` is in texts per later period and `of_difference` its share of the whole difference, None where that one is
    not sure. `shift` is the change of its share of the topic, None where the topic has no text in a period. `changed`
    and `shifted` say that the one or the other is more than chance.
    """

    name: str | None
    later: int
    earlier: int
    change: Estimate
    of_difference: float | None
    shift: Estimate | None
    changed: bool
    shifted: bool


@dataclass(frozen=True, slots=True)
class TopicChange:
    """The whole difference in texts per later period, and DIMENSIONS to their parts, the largest change first.

    `scatter` is the variance over the mean of the topic's days. Where the records do not cover the earlier period,
    `comparable` is False and no part is marked.
    """

    periods: Periods
    later: int
    earlier: int
    change: Estimate
    scatter: float
    comparable: bool
    parts: dict[str, list[Part]]

    @property
    def sure(self) -> bool:
        """True where the difference is more than chance."""
        return self.comparable and self.change.sure


def change_of(session: Session, *, topic_id: int, periods: Periods) -> TopicChange:
    """Over all feedback that the topic has now, whenever it was assigned."""
    mine = FeedbackFilter(interaction_ids=members(topic_id))
    days = [
        [day.total for day in stats.daily(session, filter=mine, since=one.first, until=one.end)]
        for one in (periods.later, periods.earlier)
    ]
    return judged(
        {label: _counts(session, label, mine, periods) for label in DIMENSIONS},
        later=sum(days[0]),
        earlier=sum(days[1]),
        periods=periods,
        scatter=scatter_of(*days),
        comparable=cover(
            session,
            earlier=(periods.earlier.since, periods.earlier.until),
            later=(periods.later.since, periods.later.until),
        ),
    )


def judged(
    counted: Mapping[str, Counts], *, later: int, earlier: int, periods: Periods, scatter: float, comparable: bool
) -> TopicChange:
    """From the topic's texts in all and the counts of each dimension, which sum up to them."""
    whole = count_differences(np.array([later]), np.array([earlier]), ratio=periods.ratio, scatter=scatter)[0]
    rows = [(label, *row) for label, values in counted.items() for row in values]
    ours, theirs = (np.array([row[place] for row in rows], dtype=np.float64) for place in (2, 3))
    own = 1 + (scatter - 1) * (ours + theirs) / max(later + earlier, 1)  # a part of a count scatters less than it
    changes = count_differences(ours, theirs, ratio=periods.ratio, scatter=own)
    shifts = share_differences(ours, later, theirs, earlier) if later and earlier else None
    # a dimension of one value is the topic itself
    tested = np.array([len(counted[row[0]]) > 1 and row[2] + row[3] >= FEWEST for row in rows], dtype=np.bool_)
    changed, shifted = (_marked(one, tested & comparable) for one in (changes, shifts))
    parts: dict[str, list[Part]] = {label: [] for label in counted}
    for place, (label, name, now, before) in enumerate(rows):
        change = changes[place]
        parts[label].append(
            Part(
                name=None if name is None else str(name),
                later=now,
                earlier=before,
                change=change,
                of_difference=change.value / whole.value if whole.sure and comparable else None,
                shift=shifts[place] if shifts else None,
                changed=bool(changed[place]),
                shifted=bool(shifted[place]),
            )
        )
    for values in parts.values():
        values.sort(key=lambda part: -abs(part.change.value))
    return TopicChange(periods, later, earlier, whole, scatter, comparable, parts)


def _marked(differences: Differences | None, tested: Bools) -> Bools:
    """The tested rows that are more than chance, all dimensions judged together."""
    marks = np.zeros(len(tested), dtype=np.bool_)
    if differences is not None:
        marks[tested] = found(differences.p[tested])
    return marks


def _counts(session: Session, label: str, mine: FeedbackFilter, periods: Periods) -> Counts:
    """The values of a dimension in the two periods."""
    column, at = col(COLUMNS[label]), col(Interaction.occurred_at)
    later, earlier = (and_(at >= one.since, at < one.until) for one in (periods.later, periods.earlier))
    wanted = (
        select(column, func.sum(case((later, 1), else_=0)), func.sum(case((earlier, 1), else_=0)))
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .join(Customer, col(Customer.id) == col(Interaction.customer_id), isouter=True)
        .where(*conditions(mine), or_(later, earlier))
        .group_by(column)
        .order_by(column)
    )
    return [(value, int(now), int(before)) for value, now, before in session.exec(wanted)]
