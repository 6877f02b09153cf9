"""How fast personal data is found on one core: by rules alone, and by the forms of names and addresses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jieba
import numpy as np
import pytest

from nlp import addresses, persons
from nlp.doc import Doc
from nlp.mask import Masker
from nlp.normalize import Normalizer, normalize

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = 64  # characters
ROUNDS = 3
LONG = 1_000_000  # bytes of UTF-8

pytestmark = pytest.mark.bench


def texts() -> list[str]:
    """All parts of the sample feedback of at most SHORT characters."""
    with Path("data/samples/corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    said = [turn["text"] for row in rows for turn in row.get("turns") or [row]]
    return [text for text in said if 0 < len(text) <= SHORT]


def seconds(run: Callable[[], object]) -> float:
    """The quickest of ROUNDS."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


def by_rules(said: list[str]) -> None:
    docs = [Doc.of("", text) for text in said]
    for doc, normal in zip(docs, Normalizer().predict(docs), strict=True):
        doc.normal = normal
    Masker().predict(docs)


def by_forms(said: list[str]) -> None:
    """Names and addresses without the encoder: what its pass costs is in bench_pipeline."""
    for text in said:
        plain = normalize(text).text
        likely = np.full(len(plain), 0.3, np.float32)
        list(addresses.find(plain, likely))
        list(persons.find(plain, likely, []))


def test_short_texts(capsys: pytest.CaptureFixture[str]) -> None:
    said = texts()
    jieba.initialize()
    words = seconds(lambda: [jieba.lcut(text) for text in said])
    rules, forms = seconds(lambda: by_rules(said)), seconds(lambda: by_forms(said))
    with capsys.disabled():
        print(f"\n{len(said)} texts of {sum(map(len, said)) / len(said):.0f} characters, one core")
        for name, took in (("jieba, for comparison", words), ("rules", rules), ("names and addresses", forms)):
            print(f"{name:24} {len(said) / took:8.0f} texts/s")


def test_a_long_transcript(capsys: pytest.CaptureFixture[str]) -> None:
    said = "\n".join(texts())
    while len(said.encode()) < LONG:
        said += said
    said = said.encode()[:LONG].decode(errors="ignore")
    rules, forms = seconds(lambda: by_rules([said])), seconds(lambda: by_forms([said]))
    with capsys.disabled():
        print(f"\n1 MB transcript: rules {rules:.2f} s, names and addresses {forms:.2f} s")
