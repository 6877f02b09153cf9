"""What carries the change of a topic between two periods: its channels, products, segments …, value by value.

Two questions are asked of each value: whether its own count changed and how much of the difference that is, and
whether its share of the topic changed, so that it did not just go along with the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from app.clock import local_day
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
from app.topics.periods import Periods, Stretch
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
    later, earlier = (_read(session, topic_id, one) for one in (periods.later, periods.earlier))
    return judged(
        {label: _counts(later, earlier, place) for place, label in enumerate(DIMENSIONS, start=1)},
        later=len(later),
        earlier=len(earlier),
        periods=periods,
        scatter=scatter_of(_daily(later, periods.later), _daily(earlier, periods.earlier)),
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


def _read(session: Session, topic_id: int, stretch: Stretch) -> Sequence[Row[Any]]:
    """The topic's feedback in a period: its time and its DIMENSIONS.

    It is read once and counted here: to count each dimension in the database takes as many readings.
    """
    mine = FeedbackFilter(interaction_ids=members(topic_id), since=stretch.since, until=stretch.until)
    wanted = (
        sql_select(col(Interaction.occurred_at), *(col(COLUMNS[label]) for label in DIMENSIONS))
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .join(Customer, col(Customer.id) == col(Interaction.customer_id), isouter=True)
        .where(*conditions(mine))
    )
    return session.execute(wanted).all()


def _daily(rows: Sequence[Row[Any]], stretch: Stretch) -> list[int]:
    """How many on each day, days without any included."""
    counts = Counter(local_day(row[0]) for row in rows)
    return [counts[stretch.first + timedelta(days=number)] for number in range(stretch.days)]


def _counts(later: Sequence[Row[Any]], earlier: Sequence[Row[Any]], place: int) -> Counts:
    """The values of one of the columns in the two periods, in an order that does not depend on the database."""
    ours, theirs = (Counter(row[place] for row in rows) for rows in (later, earlier))
    return [(value, ours[value], theirs[value]) for value in sorted({*ours, *theirs}, key=str)]
