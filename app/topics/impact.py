"""Satisfaction beside a topic: its CSAT answers against all others, in its own mix of channels. Never a cause.

A channel that is scored low by everybody must not be taken for the topic, so each answer is compared within its
channel; the differences are weighed by the topic's answers there (direct standardisation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt

import numpy as np
from scipy.special import stdtr, stdtrit
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from app.channels.kinds import ScoreKind
from app.feedback.models import Interaction, Score
from app.feedback.query import FeedbackFilter, conditions
from app.topics.differences import Estimate, found
from app.topics.models import Topic, TopicAssignment
from app.topics.rates import CONFIDENCE

FEWEST = 30  # answers of the topic, and of others: with fewer, skewed answers break the interval's promise
FEWEST_BESIDE = 2  # answers of others in a channel, for it to be compared


@dataclass(frozen=True, slots=True)
class Answers:
    """`n` CSAT answers on the scale 1 to 5 with their sum and sum of squares."""

    n: int = 0
    sum: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.n + other.n, self.sum + other.sum, self.squares + other.squares)

    def __sub__(self, other: Answers) -> Answers:
        return Answers(self.n - other.n, self.sum - other.sum, self.squares - other.squares)

    @property
    def mean(self) -> float | None:
        """None without any."""
        return self.sum / self.n if self.n else None

    @property
    def apart(self) -> float:
        """The sum of squared distances from the mean."""
        return max(0.0, self.squares - self.sum**2 / self.n) if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Impact:
    """One topic: its answers, all answers with and without them, and what its mean differs by.

    `difference` is the topic's mean − the others' in the same channels, from `compared` of its answers; None where
    fewer than FEWEST of either kind can be compared. `p` is the chance of such a difference, or a rarer one, if there
    were none; `found` says that it is more than chance among all topics that are compared.
    """

    topic_id: int
    answers: Answers
    everybody: Answers
    difference: Estimate | None
    compared: int
    p: float = 1.0
    found: bool = False

    @property
    def without(self) -> float | None:
        """The mean of all other answers: arithmetic, not a forecast."""
        return (self.everybody - self.answers).mean

    @property
    def drag(self) -> float:
        """The mean of all minus the one without the topic: below 0 where it pulls the mean down."""
        mean, without = self.everybody.mean, self.without
        return mean - without if mean is not None and without is not None else 0.0


def impacts(session: Session, *, since: datetime, until: datetime) -> list[Impact]:
    """The listed topics with answers in these days: those that are compared, then the others.

    Either begins with what pulls the mean down most. All topics are read even for the sake of one: which are more than
    chance is decided among them all.
    """
    by_topic = _answers(session, FeedbackFilter(since=since, until=until))
    listed = set(session.exec(select(Topic.id).where(col(Topic.listed))))
    everybody: dict[str, Answers] = {}
    for channels in by_topic.values():
        for channel, answers in channels.items():
            everybody[channel] = everybody.get(channel, Answers()) + answers
    rows = [impact(id_, channels, everybody) for id_, channels in by_topic.items() if id_ is not None and id_ in listed]
    compared = [row for row in rows if row.difference is not None]
    marks = dict(zip((row.topic_id for row in compared), found(np.array([row.p for row in compared])), strict=True))
    told = [replace(row, found=bool(marks.get(row.topic_id))) for row in rows]
    return sorted(told, key=lambda row: (row.difference is None, row.drag, row.topic_id))


def impact(topic_id: int, mine: Mapping[str, Answers], everybody: Mapping[str, Answers]) -> Impact:
    """From the answers by channel; `everybody` has the topic's own among them.

    Interval: Welch's, Satterthwaite's degrees of freedom over the pooled variance of the topic within its channels and
    the others' in each channel (Welch, Biometrika 34, 1947).
    """
    own, all_ = sum(mine.values(), Answers()), sum(everybody.values(), Answers())
    pairs = [(answers, everybody[channel] - answers) for channel, answers in mine.items()]
    pairs = [(ours, others) for ours, others in pairs if ours.n and others.n >= FEWEST_BESIDE]
    n, beside = sum(ours.n for ours, _ in pairs), sum(others.n for _, others in pairs)
    if min(n, beside) < FEWEST:
        return Impact(topic_id, own, all_, None, n)
    estimate, p = _welch(pairs, n)
    return Impact(topic_id, own, all_, estimate, n, p)


def _welch(pairs: Sequence[tuple[Answers, Answers]], n: int) -> tuple[Estimate | None, float]:
    value = sum(ours.sum - ours.n * others.sum / others.n for ours, others in pairs) / n
    terms = [(sum(ours.apart for ours, _ in pairs) / (n - len(pairs)) / n, n - len(pairs))]
    terms += [((ours.n / n) ** 2 * others.apart / (others.n - 1) / others.n, others.n - 1) for ours, others in pairs]
    variance = sum(term for term, _ in terms)
    if variance <= 0:  # everybody gave the same score: nothing says how sure that is
        return None, 1.0
    freedom = variance**2 / sum(term**2 / free for term, free in terms)
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(variance)
    return Estimate(value, value - half, value + half), 2 * float(stdtr(freedom, -abs(value) / sqrt(variance)))


def _answers(session: Session, filter: FeedbackFilter) -> dict[int | None, dict[str, Answers]]:
    """Topic id (None: 未归类, or not assigned yet) to channel to its answers, whatever the scale they were asked on."""
    low, high = col(Score.scale_min), col(Score.scale_max)
    value = 1 + 4 * (col(Score.value) - low) / (high - low)
    topic, channel = col(TopicAssignment.topic_id), col(Interaction.channel)
    wanted = (
        sql_select(topic, channel, func.count(col(Score.id)), func.sum(value), func.sum(value * value))
        .select_from(Interaction)
        .join(Score, col(Score.interaction_id) == col(Interaction.id))
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id), isouter=True)
        .where(*conditions(filter), col(Score.kind) == ScoreKind.CSAT, high > low)
        .group_by(topic, channel)
    )
    answers: dict[int | None, dict[str, Answers]] = {}
    for topic_id, name, n, total, squares in session.execute(wanted):
        answers.setdefault(topic_id, {})[str(name)] = Answers(n, float(total), float(squares))
    return answers
