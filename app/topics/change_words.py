"""The words by which a topic's texts of two periods differ: said by a larger or a smaller share of them.

The words are those of the search's index, so that nothing is parted into words while a page waits, and a search for a
word finds just the texts that were counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from sqlmodel import Session, col, select

from app.feedback.models import Interaction, SearchText
from app.feedback.query import FeedbackFilter, conditions
from app.topics.differences import Estimate, found, share_differences
from app.topics.periods import Periods, Stretch
from app.topics.query import members
from nlp.lookup import finds, words_among

MOST_READ = 1_000  # texts of a period, evenly spread over it: what a page has the time for
FEWEST = 5  # texts of both periods that say a word
SHOWN = 10  # words that are said more, and that are said less


@dataclass(frozen=True, slots=True)
class Word:
    """Said by `later` and `earlier` of the texts that were read; `shift` is the change of its share of them."""

    term: str
    later: int
    earlier: int
    shift: Estimate


@dataclass(frozen=True, slots=True)
class Words:
    """Words whose change is more than chance, surest first; `read` and `of` texts of the (later, earlier) period."""

    more: list[Word]
    less: list[Word]
    read: tuple[int, int]
    of: tuple[int, int]

    @property
    def cut(self) -> bool:
        """True where not all texts were read."""
        return self.read != self.of


def words_of(session: Session, *, topic_id: int, periods: Periods) -> Words:
    """Of the topic's feedback that the search knows, in masked words."""
    ids = [_ids(session, topic_id, one) for one in (periods.later, periods.earlier)]
    read = [_spread(one) for one in ids]
    later, earlier = (_keys(session, one) for one in read)
    more, less = differing(later, earlier)
    return Words(more, less, (len(later), len(earlier)), (len(ids[0]), len(ids[1])))


def differing(later: Sequence[str], earlier: Sequence[str]) -> tuple[list[Word], list[Word]]:
    """Words that more of the later texts say, and that fewer do.

    Each text is its `SearchText.keys`, and counts once however often it says a word.
    """
    if not later or not earlier:
        return [], []
    ours, theirs = (Counter(key for keys in side for key in set(keys.split())) for side in (later, earlier))
    said = words_among(sorted(key for key in {*ours, *theirs} if ours[key] + theirs[key] >= FEWEST))
    counts = [np.array([side[word] for word in said], dtype=np.float64) for side in (ours, theirs)]
    shifts = share_differences(counts[0], len(later), counts[1], len(earlier))
    marked = np.flatnonzero(found(shifts.p))
    surest = marked[np.argsort(shifts.p[marked], kind="stable")].tolist()
    words = [Word(said[row], ours[said[row]], theirs[said[row]], shifts[row]) for row in surest]
    return _first([one for one in words if one.shift.value > 0]), _first([one for one in words if one.shift.value < 0])


def _first(words: Sequence[Word]) -> list[Word]:
    """SHOWN of those that a search finds, without those that only ever stand within a longer one: 信用 in 信用卡."""
    alike: dict[int, list[Word]] = {}
    for one in words:
        alike.setdefault(one.later + one.earlier, []).append(one)

    def within(one: Word, other: Word) -> bool:
        return one.term != other.term and one.term in other.term and finds(other.term)

    kept = (
        one
        for one in words
        if finds(one.term) and not any(within(one, other) for other in alike[one.later + one.earlier])
    )
    return list(islice(kept, SHOWN))


def _ids(session: Session, topic_id: int, stretch: Stretch) -> list[int]:
    """The topic's feedback of a period that can be searched, oldest first."""
    mine = FeedbackFilter(interaction_ids=members(topic_id), since=stretch.since, until=stretch.until)
    wanted = (
        select(SearchText.interaction_id)
        .join(Interaction, col(Interaction.id) == col(SearchText.interaction_id))
        .where(*conditions(mine))
        .order_by(col(Interaction.occurred_at), col(Interaction.id))
    )
    return list(session.exec(wanted))


def _spread(ids: Sequence[int]) -> list[int]:
    """At most MOST_READ of them at even distances."""
    if len(ids) <= MOST_READ:
        return list(ids)
    return [ids[place] for place in np.linspace(0, len(ids) - 1, MOST_READ).astype(int).tolist()]


def _keys(session: Session, ids: Sequence[int]) -> list[str]:
    return list(session.exec(select(SearchText.keys).where(col(SearchText.interaction_id).in_(ids))))
