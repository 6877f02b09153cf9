"""How long a fit takes on many real short texts, and how much memory, beside plain BERTopic in the same run.

HUISHENG_BENCH_TEXTS names JSON-lines files (.xz too) with `text`, separated by colons; without it the samples are read.
Encoding is timed apart and kept in var/ for the next run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import nlp
from app.feedback.results import labels_of
from app.topics.reading import features_of
from nlp.doc import Doc
from nlp.topics.corpus import Corpus
from nlp.topics.fit import fit
from training.texts import rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNT, TIMES = 40_000, 5
SEED = 7
KEPT = Path("var/bench-topics.npz")

pytestmark = [pytest.mark.bench]


def texts() -> list[str]:
    """The first COUNT texts of at least six characters."""
    named = os.environ.get("HUISHENG_BENCH_TEXTS", "data/samples/corpus.jsonl")
    found = [str(row.get("text", ""))[:500] for path in named.split(":") for row in rows(Path(path))]
    found = [text for text in found if len(text) >= 6]
    order = np.random.default_rng(SEED).permutation(len(found))[:COUNT]
    return [found[at] for at in order]


def corpus(said: list[str]) -> Corpus:
    """Encoded once; the labels are features as in the service."""
    if not KEPT.exists():
        began = time.perf_counter()
        docs = list(nlp.load(Path("data/model") / nlp.SHIPPED, mode="int8").run(Doc.of("", text) for text in said))
        good = [doc for doc in docs if doc.encoding is not None]
        print(f"encoding and labels: {len(good)} texts in {time.perf_counter() - began:.0f} s")
        KEPT.parent.mkdir(exist_ok=True)
        np.savez(
            KEPT,
            embeddings=np.stack([doc.encoding.embedding for doc in good if doc.encoding]),
            features=features_of([labels_of(doc) for doc in good]),
            texts=np.array([doc.part(0) for doc in good]),
            demands=np.array([doc.part(0)[doc.demand.start : doc.demand.end] if doc.demand else "" for doc in good]),
        )
    kept = np.load(KEPT)
    said = kept["texts"].tolist()
    return Corpus(said, kept["embeddings"], ["app"] * len(said), kept["demands"].tolist(), kept["features"])


def repeated(one: Corpus, times: int) -> Corpus:
    """The same texts again and again, their vectors shaken."""
    random = np.random.default_rng(SEED)
    noise = random.normal(scale=0.02, size=(times * len(one), one.embeddings.shape[1])).astype(np.float32)
    vectors = np.tile(one.embeddings, (times, 1)) + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = None if one.features is None else np.tile(one.features, (times, 1))
    return Corpus(list(one.texts) * times, vectors, list(one.channels) * times, list(one.demands) * times, features)


def tell(name: str, began: float, assigned: NDArray[np.int64]) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    groups = len(set(assigned.tolist()) - {-1})
    covered = float((assigned >= 0).mean())
    seconds = time.perf_counter() - began
    print(
        f"{name}: {len(assigned)} texts, {seconds:.0f} s, peak {peak:.1f} GiB, {groups} topics, {covered:.0%} covered"
    )


def ours(times: int) -> None:
    whole = corpus([])
    many = repeated(whole, times) if times > 1 else whole
    began = time.perf_counter()
    tell("ours", began, fit(many, seed=SEED).assigned)


def plain() -> None:
    from tests.bench.bench_topics import plain_bertopic

    whole = corpus([])
    began = time.perf_counter()
    tell("plain BERTopic", began, plain_bertopic(whole))


def test_figures() -> None:
    """Each in a process of its own, so that the peaks of memory are its own."""
    corpus(texts())
    for what in ("ours(1)", f"ours({TIMES})", "plain()"):
        code = f"import warnings; warnings.simplefilter('ignore'); from tests.bench.bench_topics_scale import *; {what}"
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        print(done.stdout.strip() or done.stderr[-500:])
