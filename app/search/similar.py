"""Feedback similar to one: the cosine of all sentence embeddings, computed exactly on a matrix in memory.

One matrix holds the vectors of the newest version of the pipeline (those of two versions cannot be compared), 1.5 KB
each; docs/adr/0011 tells why no vector index. The encoder's vectors all point nearly one way, so their mean is taken
off first: what remains of two unrelated feedback is near 0.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session, col, func, select

from app.feedback.models import Analysis, Interaction, InteractionState
from app.feedback.query import FeedbackRow, rows_by_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST = 20  # feedback from which the mean says anything
CLOSE = 0.35  # below this people see no likeness
SPARE = 20  # candidates beyond those wanted: some are superseded or may not be shown
READ_AT_ONCE = 2_000
READ_AGAIN_S = 600  # what was erased is not shown meanwhile, and what another worker committed late is shown later


@dataclass(frozen=True, slots=True)
class Similar:
    """A feedback with its likeness, 0 to 1."""

    row: FeedbackRow
    likeness: float


class Neighbours:
    """The vectors of one store, read when first asked for and kept in step; one object serves all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._version, self._size, self._measured, self._total = "", 0, 0, 0
        self._ids = np.zeros(0, dtype=np.int64)
        self._vectors = np.empty((0, 0), dtype=np.float32)
        self._lengths = np.zeros(0, dtype=np.float32)
        self._mean = np.zeros(0, dtype=np.float32)

    def similar(self, session: Session, *, interaction_id: int, most: int = 10) -> list[Similar]:
        """Up to `most` other analysed feedback, the most similar first; none for feedback without a vector."""
        interaction = session.get(Interaction, interaction_id)
        analysis = session.get(Analysis, interaction.analysis_id) if interaction and interaction.analysis_id else None
        if analysis is None:
            return []
        with self._lock:
            self._refresh(session)
            if analysis.pipeline_version != self._version or self._size < FEWEST:
                return []
            likeness = self._likeness(np.frombuffer(analysis.embedding, dtype="<f4"))
            ids = self._ids[: self._size]
            wanted = min(most + SPARE, len(ids))
            best = np.argpartition(-likeness, wanted - 1)[:wanted]
            near = {int(ids[row]): float(likeness[row]) for row in best if likeness[row] >= CLOSE}
        return _shown(session, near, apart_from=interaction_id)[:most]

    def warm(self, session: Session) -> None:
        """Read what there is, so that the first question need not wait for it."""
        with self._lock:
            self._refresh(session)

    def _likeness(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of every vector with this one, both less the mean."""
        if self._size >= 2 * self._measured:  # true of the first time
            self._measure()
        turned: NDArray[np.float32] = vector - self._mean
        rows: NDArray[np.float32] = self._vectors[: self._size] @ turned
        rows -= np.float32(self._mean @ turned)
        rows /= self._norms() * np.float32(max(float(np.linalg.norm(turned)), 1e-6))
        return rows

    def _measure(self) -> None:
        self._mean = np.asarray(self._vectors[: self._size].mean(axis=0), dtype=np.float32)
        self._measured, self._lengths = self._size, np.zeros(0, dtype=np.float32)

    def _norms(self) -> NDArray[np.float32]:
        """The lengths of the vectors less the mean; those that came since are measured."""
        known = len(self._lengths)
        fresh = self._vectors[known : self._size]
        squared = 1 - 2 * (fresh @ self._mean) + float(self._mean @ self._mean)  # each is of length 1
        self._lengths = np.concatenate([self._lengths, np.sqrt(np.maximum(squared, 1e-12))])
        return self._lengths

    def _refresh(self, session: Session) -> None:
        """Take in what is new; where something went, or came late, read all again, but not at every question."""
        newest = select(Analysis.pipeline_version).order_by(col(Analysis.id).desc()).limit(1)
        version = session.exec(newest).first() or ""
        counted = select(func.count(col(Analysis.id)))
        total, last = session.exec(counted).one(), int(self._ids[: self._size].max(initial=0))
        fresh = session.exec(counted.where(col(Analysis.id) > last)).one()
        differs = total != self._total + fresh and time.monotonic() > self._read_at + READ_AGAIN_S
        if version != self._version or differs:
            self._forget(version)
            last, fresh = 0, total
        if fresh:
            self._take(session, after=last)
            self._total += fresh  # what was missed stays missed, and differs, until all is read again

    def _take(self, session: Session, *, after: int) -> None:
        of_version = (col(Analysis.id) > after, col(Analysis.pipeline_version) == self._version)
        wanted = select(Analysis.id, Analysis.embedding).where(*of_version).order_by(col(Analysis.id))
        first = session.exec(wanted.limit(1)).first()
        if first is None:
            return
        if not self._size:  # models differ in the length of their vectors
            self._ids, self._vectors = self._ids[:0], np.empty((0, len(first[1]) // 4), dtype=np.float32)
        self._make_room(session.exec(select(func.count(col(Analysis.id))).where(*of_version)).one())
        for analysis_id, embedding in session.exec(wanted.execution_options(yield_per=READ_AT_ONCE)):
            if self._size == len(self._ids):  # more came meanwhile
                self._make_room(READ_AT_ONCE)
            self._ids[self._size] = analysis_id or 0
            self._vectors[self._size] = np.frombuffer(embedding, dtype="<f4")
            self._size += 1

    def _make_room(self, more: int) -> None:
        """For `more` rows; by halves again, so that growing row by row costs little."""
        if self._size + more > len(self._ids):
            room = max(self._size + more, self._size * 3 // 2)
            self._ids = np.concatenate([self._ids[: self._size], np.zeros(room - self._size, dtype=np.int64)])
            vectors = np.empty((room, self._vectors.shape[1]), dtype=np.float32)
            vectors[: self._size] = self._vectors[: self._size]
            self._vectors = vectors

    def _forget(self, version: str) -> None:
        self._read_at = time.monotonic()
        self._version, self._size, self._measured, self._total = version, 0, 0, 0


def _shown(session: Session, near: dict[int, float], *, apart_from: int) -> list[Similar]:
    """Those that are a feedback's present analysis and may be shown, best first."""
    wanted = select(Interaction.id, Interaction.analysis_id).where(
        col(Interaction.analysis_id).in_(near),
        col(Interaction.state) == InteractionState.ANALYSED,
        col(Interaction.id) != apart_from,
    )
    found = sorted(((near[analysis_id or 0], id_ or 0) for id_, analysis_id in session.exec(wanted)), reverse=True)
    likeness = {id_: value for value, id_ in found}
    rows: Sequence[FeedbackRow] = rows_by_id(session, list(likeness))
    return [Similar(row, likeness[row.interaction.id or 0]) for row in rows]
