"""Reviews that only say whether the writer was satisfied: the sentiment head asked for its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import nlp
from nlp.doc import Doc
from training import texts
from training.figures import Figure, draws, mean
from training.sources import REVIEW_FIGURES, kept_out
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST = 100  # reviews of a set that is told for information


def table(folder: Path, model: Path) -> Table:
    """Accuracy of the sign per set: the judged set whole, of the others some that training did not read."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for name, text, satisfied in _unread(folder):
        if name == REVIEW_FIGURES or len(found.get(name, ())) < MOST:
            found.setdefault(name, []).append((text, satisfied))
    pipeline = nlp.load(model)
    rows: list[tuple[object, ...]] = []
    for name, said in sorted(found.items()):
        docs = pipeline.run([Doc.of(str(number), text) for number, (text, _) in enumerate(said)])
        told = [
            doc.failure is None and (doc.sentiment_score > 0) == good for doc, (_, good) in zip(docs, said, strict=True)
        ]
        figure = Figure.of(mean(draws(len(told)), np.array(told)))
        rows.append((name, len(told), figure.value, figure.low, figure.high))
    return Table(
        "Reviews, satisfied or not", ("set", "n", "accuracy", "low", "high"), rows, "Score above 0 against the rest."
    )


def _unread(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Set, text and answer of the reviews that are kept out and whose words no row of training holds."""
    found = [(texts.words_key_of(row["text"]), row) for row in texts.rows(folder / "sentiment_reviews.jsonl.xz")]
    judged = {words for words, row in found if row["set"] == REVIEW_FIGURES}  # left out of training, in any row
    learnt = {words for words, row in found if not kept_out(row)} - judged
    for words, row in found:
        if kept_out(row) and words not in learnt:
            yield row["set"], row["text"], bool(row["label"])
