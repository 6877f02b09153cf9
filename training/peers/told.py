"""What goes to a system and what comes back: plain values, so that each may run in a process of its own.

Tasks are the label heads and two readings of sentiment as libraries give it: SIGN (negative, neutral, positive) and
POLE (negative or positive, asked only where it is one of them).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from nlp.doc import Doc, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_T = TypeVar("_T")
UNKNOWN = -1  # no gold label; as an answer: none was given
SIGN, POLE = "sentiment 3-way", "sentiment binary"


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled texts to learn from.

    texts: the customer's words, normalised and masked. gold: an index per text and task (UNKNOWN where nobody
    said). risks: 0/1 per risk, or None.
    """

    texts: list[str] = field(default_factory=list)
    gold: dict[str, list[int]] = field(default_factory=dict)
    risks: list[list[int] | None] = field(default_factory=list)

    def known(self, task: str) -> list[int]:
        """Numbers of the rows whose answer is known."""
        return [at for at, answer in enumerate(self.gold.get(task, [])) if answer != UNKNOWN]

    def first(self, most: int) -> Rows:
        """At most so many rows from the beginning."""
        gold = {task: answers[:most] for task, answers in self.gold.items()}
        return Rows(self.texts[:most], gold, self.risks[:most])


@dataclass(frozen=True, slots=True)
class Job:
    """What a system is asked: to learn from `rows` and to read N feedback.

    texts: as in `Rows`; what a system sees that takes plain text. docs: the same feedback whole, as
    {"id", "subject", "turns": [[role, text], …]}. folder: what the system loads, "" for nothing.
    """

    rows: Rows
    texts: list[str]
    docs: list[dict[str, Any]]
    folder: str = ""

    def whole(self) -> list[Doc]:
        """The feedback as the pipeline takes it."""
        return [Doc(doc["id"], tuple(Turn(*turn) for turn in doc["turns"]), doc["subject"]) for doc in self.docs]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Job:
        """From what `dataclasses.asdict` made of one."""
        return cls(**{**told, "rows": Rows(**told["rows"])})


@dataclass(slots=True)
class Told:
    """A system's answers on N feedback; what it does not answer stays empty.

    choice: an index per task and text. accepted: per task, whether the system stands by it. risks: 0/1 (N, C).
    demand: a `Span` as [part, start, end], or None. score: sentiment in [-1, 1]. note: what a reader should know.
    """

    choice: dict[str, list[int]] = field(default_factory=dict)
    accepted: dict[str, list[bool]] = field(default_factory=dict)
    risks: list[list[int]] = field(default_factory=list)
    demand: list[tuple[int, int, int] | None] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    note: str = ""

    @classmethod
    def joined(cls, parts: Sequence[Told]) -> Told:
        """The answers on all feedback of `parts`, one after the other, to the tasks that the first of them answers."""
        first = parts[0]
        return cls(
            {task: _chained(part.choice[task] for part in parts) for task in first.choice},
            {task: _chained(part.accepted[task] for part in parts) for task in first.accepted},
            _chained(part.risks for part in parts),
            _chained(part.demand for part in parts),
            _chained(part.score for part in parts),
            f"{len(parts)} models, each on its own part",
        )


def _chained(lists: Iterable[list[_T]]) -> list[_T]:
    return list(chain.from_iterable(lists))


class CannotRunError(Exception):
    """The system is not there or has nothing to learn from; the message says which."""


if TYPE_CHECKING:
    Reader = Callable[[], Told]
    System = Callable[[Job], Reader]  # loads and learns; what comes back reads the job's feedback


def sign(sentiment: int) -> int:
    """The index of a sentiment (0 … 4 for -2 … 2) as an index of SIGN: 0, 1, 2."""
    return (sentiment > 2) - (sentiment < 2) + 1  # noqa: PLR2004 - 2 is the middle of five


def pole(sentiment: int) -> int:
    """The index of a sentiment as an index of POLE: 0, 1, or UNKNOWN for a neutral one."""
    return {0: 0, 1: UNKNOWN, 2: 1}[sign(sentiment)]
