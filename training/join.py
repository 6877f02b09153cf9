"""Labels that were read for this project, joined with their texts.

The texts are other people's and not shipped; `data/labels/public.jsonl` holds a line for each: the hash of the
normalised text (`key`), the `length` of the text that was read in code points, and its `labels`, the demand as
[start, end) code points of it, null where there is none. A text of another length is another form of the same words,
in which the demand stands elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlp.model import DEMAND
from training import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POSTS = ("feedback_unlabelled.jsonl.xz", "bank_forum_comments.jsonl.xz")
_QUESTIONS, _PAIRS = "bank_questions.jsonl.xz", "question_pairs.jsonl.xz"


def join(labels: Path, public: Path) -> tuple[list[dict[str, Any]], int]:
    """Rows as `corpus.read` takes them (ids T…), and how many labels found no text that may be learnt from.

    Raises OSError for a set that is not there and ValueError, with file and line, for a line that is no JSON.
    """
    wanted = {(row["key"], row["length"]): row["labels"] for row in texts.rows(labels)}
    rows: list[dict[str, Any]] = []
    for text in _texts(public):
        told = wanted.pop((texts.key_of(text), len(text)), None)
        if told is not None:
            span = told[DEMAND]
            rows.append({"text": text, "labels": {**told, DEMAND: text[slice(*span)] if span else ""}})
    return [{"id": f"T{number:05d}", **row} for number, row in enumerate(rows)], len(wanted)


def _texts(public: Path) -> Iterator[str]:
    """Posts, and questions with what was added to them; not those that are kept for figures of the embedding."""
    for name in _POSTS:
        for row in texts.rows(public / name):
            yield row["text"]
    for row in texts.rows(public / _QUESTIONS):
        if "standard_question" not in row or texts.part_of(row["standard_question"], texts.KEPT_OUT):
            yield "。".join(filter(None, (row["question"], row.get("detail"))))
    for pair in texts.pairs(public / _PAIRS, frozenset()):
        if not pair.kept_out:
            yield from (pair.left, pair.right)
