"""How feedback spreads over two labels at once: causes by touchpoints, or topics by one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select

from app.feedback import stats
from app.feedback.models import Analysis, Interaction
from app.feedback.query import FeedbackFilter, conditions
from app.topics.models import Topic, TopicAssignment


class View(StrEnum):
    """What the rows and the columns of a heat map are."""

    CAUSE_TOUCHPOINT = "cause-touchpoint"
    TOPIC_CAUSE = "topic-cause"
    TOPIC_TOUCHPOINT = "topic-touchpoint"

    @property
    def sides(self) -> tuple[str, str]:
        """(rows, columns): names of labels, or topic."""
        row, column = self.value.split("-")
        return row, column


@dataclass(frozen=True, slots=True)
class Heat:
    """`cells` maps (row, column) to a count above 0; `rows` and `columns` to their sums, the largest first."""

    cells: Mapping[tuple[str, str], int]
    rows: dict[str, int]
    columns: dict[str, int]

    @property
    def total(self) -> int:
        """All texts counted."""
        return sum(self.rows.values())


def heat(session: Session, *, view: View, filter: FeedbackFilter) -> Heat:
    """Counts of the feedback that has both; rows of topics are the listed ones, by id as text."""
    row, column = (_column(side) for side in view.sides)
    count = func.count(col(Interaction.id))
    wanted = (
        select(row, column, count)
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id), isouter=True)
        .where(*conditions(filter), row.is_not(None), column.is_not(None))
        .group_by(row, column)
        .order_by(count.desc(), row, column)
    )
    if "topic" in view.sides:
        wanted = wanted.join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id)).join(
            Topic, col(Topic.id) == col(TopicAssignment.topic_id)
        )
        wanted = wanted.where(col(Topic.listed))
    cells = {(str(one), str(other)): number for one, other, number in session.exec(wanted)}
    return Heat(cells, _sums(cells, 0), _sums(cells, 1))


def _column(side: str) -> Any:  # noqa: ANN401 - a column
    return col(TopicAssignment.topic_id) if side == "topic" else col(stats.LABELS[side])


def _sums(cells: Mapping[tuple[str, str], int], place: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, count in cells.items():
        sums[key[place]] = sums.get(key[place], 0) + count
    return dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))
