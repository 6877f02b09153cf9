"""Full text search: from a question to a condition on feedback, to the best first, and to marked excerpts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Float, and_, func, literal, not_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from app.feedback import wording
from app.feedback.models import Interaction, InteractionState, SearchText
from app.feedback.query import EXCERPT
from app.search.question import Question
from app.store.engine import Store
from nlp.lookup import Sought, places

BATCH = 200  # feedback indexed in one transaction
USUAL = 100.0  # characters of a feedback
BEFORE = 20  # characters shown in front of the first hit: it must stand in the first line of a phone's screen


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt; `hit` where it is what was looked for."""

    text: str
    hit: bool


class _Holds(FunctionElement[Any]):
    """True of an interaction id whose keys match; clauses: the id, the match for FTS5, the one for a tsvector."""

    type = NullType()  # of a Boolean SQLite would be asked whether it is = 1, past its index
    inherit_cache = True
    name = "holds"


@compiles(_Holds, "sqlite")
def _holds_sqlite(element: _Holds, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    interaction_id, match, _ = element.clauses
    found = f"SELECT rowid FROM search_index WHERE search_index MATCH {compiler.process(match, **kw)}"  # noqa: S608 - a bound value
    return f"{compiler.process(interaction_id, **kw)} IN ({found})"


@compiles(_Holds, "postgresql")
def _holds_postgresql(element: _Holds, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    interaction_id, _, match = element.clauses
    query = f"CAST({compiler.process(match, **kw)} AS tsquery)"
    found = f"SELECT interaction_id FROM search_text WHERE document @@ {query}"  # noqa: S608 - a bound value
    return f"{compiler.process(interaction_id, **kw)} IN ({found})"


def saying(question: Question) -> ColumnElement[bool]:
    """A condition on Interaction: analysed feedback in which the customer says what was asked for."""
    conditions = [_all_of(question.wanted)] if question.wanted else [col(Interaction.id).in_(_indexed())]
    return and_(*conditions, *(not_(_all_of(group)) for group in question.unwanted))


def relevance(question: Question) -> ColumnElement[float]:
    """How much of a feedback is what was asked for: BM25's share of each word, every hit having all of them.

    BM25 would also weigh rare words more; this way both databases give one order, and no counts of texts are kept.
    """
    text = col(SearchText.text)
    long = func.length(text) / USUAL
    shares: list[ColumnElement[Any]] = []
    for one in question.wanted:
        times = (func.length(text) - func.length(func.replace(text, one.literal, ""))) / float(len(one.literal))
        shares.append(times * 2.2 / (times + 0.3 + 0.9 * long))
    total: ColumnElement[Any] = sum(shares[1:], shares[0]) if shares else literal(0.0)
    scored = select(total).where(col(SearchText.interaction_id) == col(Interaction.id)).correlate(Interaction)
    return cast("ColumnElement[float]", scored.scalar_subquery().cast(Float))


def excerpts(session: Session, *, question: Question, interaction_ids: Collection[int]) -> dict[int, list[Piece]]:
    """Interaction id to the customer's masked words around the first hit, cut where hits begin and end."""
    said = wording.said(session, interaction_ids)
    return {interaction_id: excerpt(text, question.wanted) for interaction_id, text in said.items()}


def excerpt(text: str, wanted: Sequence[Sought]) -> list[Piece]:
    """EXCERPT characters of a masked text from shortly before the first hit."""
    hits = places(text, wanted)
    start = max(0, hits[0][0] - BEFORE) if hits else 0
    start = 0 if start < BEFORE else start
    end, at = min(len(text), start + EXCERPT), start
    pieces = [Piece("…", hit=False)] if start else []
    for left, right in hits:
        if left < end:
            pieces += [Piece(text[at:left], hit=False), Piece(text[left : min(right, end)], hit=True)]
            at = min(right, end)
    pieces += [Piece(text[at:end], hit=False), Piece("…" if end < len(text) else "", hit=False)]
    return [piece for piece in pieces if piece.text]


def missing(session: Session) -> int:
    """Analysed feedback that is not in the index though it has words: that of before an upgrade."""
    counted: int = session.exec(_missing(func.count(col(Interaction.id)))).one()
    return counted


def catch_up(store: Store, *, most: int) -> int:
    """Index up to `most` of the missing feedback; returns how many there were."""
    with store.read() as session:
        found = [
            one or 0 for one in session.exec(_missing(col(Interaction.id)).order_by(col(Interaction.id)).limit(most))
        ]
    _index(store, found)
    return len(found)


def reindex(store: Store, *, progress: Callable[[int], None] = lambda _: None) -> int:
    """Write the index anew, for a release that takes words apart in another way; returns how many it holds."""
    with store.read() as session:
        wanted = select(Interaction.id).where(col(Interaction.state) == InteractionState.ANALYSED)
        found = [one or 0 for one in session.exec(wanted.order_by(col(Interaction.id)))]
    with store.write() as session:
        session.execute(delete(SearchText).where(col(SearchText.interaction_id).not_in(wanted)))
    _index(store, found, progress=progress)
    with store.read() as session:
        return session.exec(select(func.count(col(SearchText.interaction_id)))).one()


def _index(store: Store, interaction_ids: Sequence[int], *, progress: Callable[[int], None] = lambda _: None) -> None:
    """Feedback that was restricted, or got other words, meanwhile is passed over: its own job will settle it."""
    for start in range(0, len(interaction_ids), BATCH):
        batch = interaction_ids[start : start + BATCH]
        with store.write() as session:
            wanted = select(Interaction).where(col(Interaction.id).in_(batch)).with_for_update()
            for interaction in session.exec(wanted).all():
                if interaction.state is InteractionState.ANALYSED:
                    wording.settle(session, interaction)
        progress(len(batch))


def _missing(chosen: Any) -> SelectOfScalar[Any]:  # noqa: ANN401 - a column or a count of it
    return select(chosen).where(
        col(Interaction.state) == InteractionState.ANALYSED,
        col(Interaction.analysis_id).is_not(None),
        col(Interaction.id).not_in(_indexed()),
    )


def _indexed() -> SelectOfScalar[int]:
    return select(SearchText.interaction_id)


def _all_of(group: Sequence[Sought]) -> ColumnElement[bool]:
    """By the keys where there are some, and by the text itself where these do not prove it."""
    keys = [alternatives for one in group for alternatives in one.keys]
    written = [one.literal for one in group if not one.word]
    narrowed = [_holding(col(SearchText.interaction_id), keys)] if keys else []
    if keys and not written:
        return _holding(col(Interaction.id), keys)
    standing = [col(SearchText.text).contains(literal_, autoescape=True) for literal_ in written]
    return col(Interaction.id).in_(_indexed().where(*narrowed, *standing))


def _holding(interaction_id: Any, keys: Sequence[Sequence[str]]) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    fts = " AND ".join("(" + " OR ".join(f'"{key}"' for key in group) + ")" for group in keys)
    tsquery = " & ".join("(" + " | ".join(f"'{key}'" for key in group) + ")" for group in keys)
    return cast("ColumnElement[bool]", _Holds(interaction_id, literal(fts), literal(tsquery)))
