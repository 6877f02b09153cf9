"""Full text and similarity on a million feedback: what a page waits for, beside the LIKE that it replaces.

The texts are sentences of the shipped corpus, put together anew; vectors are directions with noise.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from sqlalchemy import func, insert, text
from sqlmodel import col, select

from app.channels.kinds import ChannelKind, Role
from app.feedback.models import Analysis, Interaction, InteractionState, Message, SearchText, Source
from app.feedback.query import FeedbackFilter, search
from app.search.question import understand
from app.search.service import excerpts, relevance, saying
from app.search.similar import Neighbours
from app.search.tasks import wipe
from app.settings import ROOT
from app.store.base import SEAL_MARK
from nlp.lookup import keys_of, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlmodel import Session

    from app.store.engine import Store

ROWS = 1_000_000
BATCH = 10_000
AGAIN = 5  # times each is asked; the median is told
QUESTIONS = (
    "信用卡",
    "信用卡 年费",
    "年费 -信用卡",
    "短信费",
    '"银行卡被吞"',
    '"卡年费"',
    "闪付",
    "e",
    "的",
    "量子计算",
)
NOW = datetime(2026, 10, 20, tzinfo=UTC)
LABELS = {head: {"name": "x", "score": 0.9, "abstained": False, "evidence": [[0, 0, 9]]} for head in "abcdef"}

pytestmark = pytest.mark.bench


def sentences() -> list[tuple[str, str, frozenset[str]]]:
    """(as it is, plain, keys) of the corpus's sentences."""
    with (ROOT / "data" / "samples" / "corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    said = [
        turn["text"] for row in rows for turn in row.get("turns") or [row] if turn.get("role", "customer") == "customer"
    ]
    pieces = {piece for one in said for piece in re.findall(r"[^\n。！？!?]{4,40}[。！？!?]?", one)}
    return [(piece, (low := plain(piece)), frozenset(keys_of(low))) for piece in sorted(pieces)]


def batches() -> Iterator[list[tuple[int, str, str, str]]]:
    """(id, text, plain, keys), a batch at a time."""
    known, chance = sentences(), random.Random(7)
    for first in range(1, ROWS + 1, BATCH):
        made = []
        for number in range(first, first + BATCH):
            chosen = chance.sample(known, chance.randint(2, 6))
            keys = set().union(*(one[2] for one in chosen))
            keys -= {key for key in keys if key[0] == "p" and key[1:] in keys}
            made.append(
                (
                    number,
                    "\n".join(one[0] for one in chosen),
                    "\n".join(one[1] for one in chosen),
                    " ".join(sorted(keys)),
                )
            )
        yield made


def fill(store: Store) -> None:
    """A million analysed feedback."""
    random_ = np.random.default_rng(7)
    centres = random_.normal(size=(500, 384)).astype(np.float32)
    with store.write() as session:
        session.add(
            Source(
                name="bench",
                title="b",
                channel=ChannelKind.CHAT,
                format="standard",
                digest_key=SEAL_MARK,
                created_at=NOW,
            )
        )
    for made in batches():
        vectors = (
            centres[random_.integers(0, 500, len(made))]
            + 0.7 * random_.normal(size=(len(made), 384)).astype(np.float32)
            + 3
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with store.write() as session:
            session.execute(insert(Interaction), [_interaction(row[0]) for row in made])
            session.execute(insert(Message), [_message(row[0], row[1]) for row in made])
            session.execute(insert(Analysis), [_analysis(row[0], vectors[i].tobytes()) for i, row in enumerate(made)])
            session.execute(
                insert(SearchText), [{"interaction_id": i, "text": low, "keys": keys} for i, _, low, keys in made]
            )


def _interaction(number: int) -> dict[str, Any]:
    return {
        "id": number, "source_id": 1, "external_id": str(number), "revision": 0, "channel": ChannelKind.CHAT,
        "subject_pii": [], "occurred_at": NOW - timedelta(minutes=number * 7919 % ROWS), "received_at": NOW,
        "content_hash": "", "state": InteractionState.ANALYSED, "analysis_id": number,
    }  # fmt: skip


def _message(number: int, said: str) -> dict[str, Any]:
    return {
        "id": number, "interaction_id": number, "seq": 0, "external_id": "0", "role": Role.CUSTOMER,
        "original": SEAL_MARK, "masked_text": said, "pii": [],
    }  # fmt: skip


def _analysis(number: int, embedding: bytes) -> dict[str, Any]:
    return {
        "id": number, "interaction_id": number, "content_hash": "", "pipeline_version": "1", "intent": "complaint",
        "touchpoint": "app", "business": "card", "cause": "fee", "sentiment": -1, "sentiment_score": -0.5, "demand": "",
        "labels": LABELS, "corrected": [], "embedding": embedding, "created_at": NOW,
    }  # fmt: skip


def median_ms(ask: Callable[[], Any], times: int = AGAIN) -> float:
    """Of several."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2] * 1000


def like(session: Session, words: Sequence[str]) -> int:
    """What the list counted before there was an index."""
    speaking = [select(Message.interaction_id).where(col(Message.masked_text).contains(word)) for word in words]
    wanted = select(func.count(col(Interaction.id))).where(*(col(Interaction.id).in_(one) for one in speaking))
    return session.exec(wanted).one()


def page(session: Session, typed: str, *, best: bool) -> int:
    """What the list of the console asks for: the total, a page of rows, their excerpts."""
    question = understand(typed)
    first = relevance(question) if best and question.wanted else None
    rows, total = search(session, filter=FeedbackFilter(saying=saying(question)), size=20, best=first)
    excerpts(session, question=question, interaction_ids=[row.interaction.id or 0 for row in rows])
    return total


def test_figures(store: Store) -> None:
    began = time.perf_counter()
    fill(store)
    print(f"\n{store.url.get_backend_name()}, {ROWS} feedback, filled in {time.perf_counter() - began:.0f} s")
    with store.write() as session:
        session.execute(text("ANALYZE"))
    began = time.perf_counter()
    wipe(store)
    print(f"index merged in {time.perf_counter() - began:.1f} s")
    with store.read() as session:
        print(f"LIKE 年费, count alone: {median_ms(lambda: like(session, ['年费']), 2):.0f} ms")
        for typed, best in itertools.product(QUESTIONS, (False, True)):
            total = page(session, typed, best=best)
            took = median_ms(partial(page, session, typed, best=best))
            print(f"{typed} {'best' if best else 'newest'}: {total} found, page in {took:.0f} ms", flush=True)
        neighbours, before = Neighbours(), psutil.Process().memory_info().rss
        first = median_ms(lambda: neighbours.similar(session, interaction_id=1), 1)
        held = (psutil.Process().memory_info().rss - before) / 2**20
        print(f"similar, first question {first / 1000:.1f} s, {held:.0f} MiB held")
        numbers = itertools.count(2)
        took = median_ms(lambda: neighbours.similar(session, interaction_id=next(numbers)), 20)
        print(f"similar, later ones {took:.0f} ms")
