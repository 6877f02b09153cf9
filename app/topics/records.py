"""How far back the records reach: a stray text of long ago is none.

A bank that connects a channel late, or imports a few old texts, has no feedback of the time before; to compare with
that time would find that everything rose.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from app.feedback.models import Interaction

SPARSE = 0.1  # of the fullest week's texts: with fewer, the records do not reach back so far
DAY, WEEK = timedelta(days=1), timedelta(days=7)

Times = tuple[datetime, datetime]
"""[since, until): what app.topics.periods builds of whole days, which knows the topics and cannot be known here."""


def reach(weeks: Sequence[float], *, fullest: float) -> int:
    """How many of the weeks the records hold, going back from the newest, which comes first; `fullest` has the most."""
    return next((n for n, texts in enumerate(weeks) if texts <= SPARSE * fullest), len(weeks))


def cover(session: Session, *, earlier: Times, later: Times) -> bool:
    """True where the records hold all of the earlier stretch; its first day may begin late.

    One week more than the earlier stretch has is looked at, so that a quiet first day is none.
    """
    since, until = earlier
    first = begin(session, until=until, back=ceil((until - since) / WEEK) + 1, later=later)
    return first is not None and first < since + DAY


def begin(
    session: Session, *, until: datetime, back: int, later: Times, full: Callable[[list[int]], float] = max
) -> datetime | None:
    """The first time in the records, looked for in the `back` weeks before `until`; a later one where these hold none.

    Whole weeks back from `until` and from the end of the later stretch are measured by what `full` makes of them all,
    so that the time between makes no difference. None where nothing came since.
    """
    counts = _weekly(session, [until - n * WEEK for n in range(1, back + 1)])
    counts_later = _weekly(session, [later[1] - n * WEEK for n in range(1, ceil((later[1] - later[0]) / WEEK) + 1)])
    kept = reach(counts, fullest=full([*counts, *counts_later]))
    at = col(Interaction.occurred_at)
    first: datetime | None = session.exec(select(func.min(at)).where(at >= until - kept * WEEK)).one()
    return first


def _weekly(session: Session, starts: Sequence[datetime]) -> list[int]:
    """All feedback in the weeks that begin there; each is counted in the index of times alone."""
    at = col(Interaction.occurred_at)
    counts = [
        sql_select(func.count()).where(at >= start, at < start + WEEK).scalar_subquery().label(f"week{number}")
        for number, start in enumerate(starts)
    ]
    return list(session.execute(sql_select(*counts)).one())
