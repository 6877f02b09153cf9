"""The shipped feedback as the topics read it, through the shipped model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import nlp
from app.feedback.results import demand_of
from nlp.doc import Doc, Turn
from nlp.mask import masked
from nlp.pipeline import Pipeline
from nlp.topics.corpus import Corpus, label_features


def rows(*, every: int = 1) -> list[dict[str, Any]]:
    """Each `every`th line; `scenario` is the theme, for scoring alone."""
    lines = Path("data/samples/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[::every]]


def pipeline(*, threads: int) -> Pipeline:
    """With the shipped model."""
    return nlp.load(Path("data/model") / nlp.SHIPPED, threads=threads)


def read(chosen: list[dict[str, Any]], reader: Pipeline) -> Corpus:
    """The pipeline's answers as a corpus."""
    return corpus_of(list(reader.run([doc_of(row) for row in chosen])), [row["channel"] for row in chosen])


def doc_of(row: dict[str, Any]) -> Doc:
    if "turns" in row:
        return Doc(row["id"], tuple(Turn(turn["role"], turn["text"]) for turn in row["turns"]))
    return Doc.of(row["id"], row["text"], row.get("subject", ""))


def words_of(doc: Doc) -> str:
    """The customer's side, masked."""
    parts = [part for part in doc.parts() if doc.judged(part)]
    return "\n".join(masked(doc.part(part), [pii for pii in doc.pii if pii.part == part]) for part in parts)


def corpus_of(docs: list[Doc], channels: list[str]) -> Corpus:
    vectors = [doc.encoding.embedding for doc in docs if doc.encoding is not None]
    best = [{head: (labels[0].name, labels[0].score) for head, labels in doc.labels.items() if labels} for doc in docs]
    return Corpus(
        [words_of(doc) for doc in docs],
        np.stack(vectors),
        channels,
        [demand_of(doc) for doc in docs],
        label_features(best),
        np.array([doc.sentiment_score for doc in docs], dtype=np.float32),
    )
