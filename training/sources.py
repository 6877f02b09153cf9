"""Public sets that teach single heads: reviews the sign of sentiment, news and addresses the token head.

They are texts of another kind than feedback, so their items say so.
"""

from __future__ import annotations

import random as plain_random
import re
from typing import TYPE_CHECKING, Any

from nlp.doc import Doc, Pii
from nlp.encoder import FRAME, WINDOW, NothingToJudgeError
from training import texts
from training.corpus import Example
from training.items import Item, items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from nlp.encoder import Reader

REVIEW_FIGURES = "chnsenticorp_dev"  # the set that reviews are judged on
OWN_SHARE = 0.6
_CLAUSE = re.compile(r"(?<=[,，。;；!！?？])")
_OWN_SET = "chnsenticorp"


def kept_out(review: dict[str, Any]) -> bool:
    """True for a review that is kept for the figures: of the judged set each, of the other sets a tenth."""
    own = review["set"].startswith(_OWN_SET)
    return review["set"] == REVIEW_FIGURES or (not own and texts.part_of(review["text"], texts.KEPT_OUT) == 0)


def reviews(folder: Path, reader: Reader, held: frozenset[str], count: int, seed: int) -> list[Item]:
    """`count` reviews, OWN_SHARE of them from ChnSentiCorp's training part, less those with held or kept-out words."""
    random = plain_random.Random(seed)  # noqa: S311 - a sample, not a secret
    found = list(texts.rows(folder / "sentiment_reviews.jsonl.xz"))
    judged = frozenset(texts.words_key_of(row["text"]) for row in found if kept_out(row)) | held
    own = [row for row in found if row["set"] == _OWN_SET]
    others = [row for row in found if not row["set"].startswith(_OWN_SET) and not kept_out(row)]
    shares = ((own, OWN_SHARE), (others, 1 - OWN_SHARE))
    rows = [row for pool, share in shares for row in random.sample(pool, min(len(pool), round(share * count)))]
    return [
        Item(text.ids, _inside(text.ids), satisfied=bool(row["label"]), feedback=False)
        for row in rows
        if (text := texts.read_one(row["text"], reader, judged, WINDOW - FRAME))  # a verdict often comes late
    ]


def unlabelled(rows: Iterable[list[int]]) -> list[Item]:
    """Framed texts that only a teacher knows something about."""
    return [Item(ids, _inside(ids)) for ids in rows if len(ids) > FRAME]


def _inside(ids: list[int]) -> list[bool]:
    return [False, *[True] * (len(ids) - FRAME), False]


def names(folder: Path, reader: Reader, count: int, seed: int) -> list[Item]:
    """News with persons marked (CLUENER). Its places are cities as well as addresses: texts with one are left out."""
    rows = [row for row in texts.rows(folder / "ner_cluener.jsonl.xz") if "address" not in row["label"]]
    answer = []
    for row in plain_random.Random(seed).sample(rows, min(count, len(rows))):  # noqa: S311 - a sample, not a secret
        marked = [(start, end + 1) for spans in row["label"].get("name", {}).values() for start, end in spans]
        answer += _marked(row["text"], [Pii(0, start, end, "NAME") for start, end in marked], reader)
    return answer


def addresses(folder: Path, reader: Reader, feedback: Sequence[str], count: int, seed: int) -> list[Item]:
    """Parsed addresses, each set between two clauses of a customer's text: none stands alone there."""
    random = plain_random.Random(seed)  # noqa: S311 - a sample, not a secret
    rows = list(texts.rows(folder / "addresses.jsonl.xz"))
    answer = []
    for row in random.sample(rows, min(count, len(rows))):
        clauses = [clause for clause in _CLAUSE.split(random.choice(feedback)[:200]) if clause]
        cut = random.randint(0, len(clauses))
        before, after = "".join(clauses[:cut][-2:]), "".join(clauses[cut:][:2])
        end = len(before) + len(row["chars"])
        answer += _marked(before + row["chars"] + after, [Pii(0, len(before), end, "ADDRESS")], reader)
    return answer


def _marked(text: str, personal: Sequence[Pii], reader: Reader) -> list[Item]:
    doc = texts.prepared(Doc.of("", text))
    try:
        read = items([Example(doc, {}, None, None, demand_known=False, personal=tuple(personal))], reader)
    except NothingToJudgeError:
        return []
    return [Item(item.ids, item.judged, tags=item.tags, feedback=False) for item in read]
