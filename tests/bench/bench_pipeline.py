"""How fast feedback is read, beside the encoder alone: both in one run, since machines are noisy."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

import nlp
from app.channels.kinds import Role
from nlp.doc import Doc, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = 300
THREADS = 2
ROUNDS = 3
MODEL = Path("data/model") / nlp.SHIPPED
LOADING = """
import sys, time
import torch, transformers, tokenizers, safetensors, sklearn.svm, jieba
import nlp.model
began = time.perf_counter()
nlp.load(__import__("pathlib").Path(sys.argv[1]), threads=2)
print(time.perf_counter() - began)
"""

pytestmark = pytest.mark.bench


def samples() -> list[Doc]:
    """The first sample feedback, agents' turns included."""
    docs = []
    with Path("data/samples/corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            turns = row.get("turns") or [{"role": Role.CUSTOMER, "text": row["text"]}]
            docs.append(
                Doc(row["id"], tuple(Turn(turn["role"], turn["text"]) for turn in turns), row.get("subject", ""))
            )
    return docs[:TEXTS]


def seconds(run: Callable[[], object]) -> float:
    """The quickest of ROUNDS."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        rounds.append(time.perf_counter() - began)
    return min(rounds)


def test_feedback_per_second() -> None:
    pipeline = nlp.load(MODEL, threads=THREADS)
    docs = samples()
    length = sum(len(doc.part(part)) for doc in docs for part in doc.parts()) / len(docs)
    read = list(pipeline.run(docs[:32]))
    assert all(doc.failure is None for doc in read)
    encoder = next(stage for stage in pipeline.stages if stage.fills == "encoding")
    prepared = list(pipeline.run(docs))
    whole, alone = seconds(lambda: list(pipeline.run(docs))), seconds(lambda: encoder.predict(prepared))
    print(
        f"\n| {TEXTS} texts, {length:.0f} characters on average, {torch.get_num_threads()} threads | texts/s | ratio |"
    )
    print("|---|---|---|")
    print(f"| whole pipeline | {TEXTS / whole:.1f} | {alone / whole:.2f} |")
    print(f"| encoder alone | {TEXTS / alone:.1f} | 1 |")


def test_loading_the_model() -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADING, str(MODEL)], check=True, capture_output=True, text=True
    )
    print(f"\nmodel loaded in {float(told.stdout):.2f} s after imports")
