"""The encoder against BERT-base (12 × 768, random weights, fp32) on the same texts of 64 characters in one run.

BERT-base reads one piece a character and two for its frame; ours cuts the texts with its own vocabulary, frame
included. Each mode and BERT-base take turns. `ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2
MKL_ENABLE_INSTRUCTIONS=AVX2` before the command shows what an older processor would give.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

import nlp
from nlp import artifact
from nlp.doc import Doc
from nlp.encoder import framed
from nlp.measure import HOPELESS, texts_per_second
from nlp.model import encoder_of

CHARACTERS, TEXTS, BATCH, ROUNDS = 64, 64, 32, 5
MODEL = Path("data/model") / nlp.SHIPPED
READING = """
import json, sys
from pathlib import Path
import nlp, psutil
from nlp.doc import Doc
pipeline = nlp.load(Path(sys.argv[1]), mode=sys.argv[2], threads=2)
rows = [json.loads(line) for line in Path("data/samples/corpus.jsonl").open(encoding="utf-8")]
texts = [row.get("text") or row["turns"][0]["text"] for row in rows[:500]]
assert all(doc.failure is None for doc in pipeline.run(Doc.of(str(n), text) for n, text in enumerate(texts)))
print(psutil.Process().memory_info().rss / 2**20)
"""

pytestmark = pytest.mark.bench


def texts() -> list[str]:
    """CHARACTERS of sample feedback each."""
    said = ""
    with Path("data/samples/corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            said += row.get("text") or "".join(turn["text"] for turn in row["turns"])
    said = "".join(said.split())
    return [said[at : at + CHARACTERS] for at in range(0, CHARACTERS * TEXTS, CHARACTERS)]


@functools.cache
def worth_timing() -> list[str]:
    """The modes that this processor computes at all fast: another one would take minutes."""
    speeds = texts_per_second(MODEL, threads=2)
    return [mode for mode, speed in speeds.items() if HOPELESS * speed >= max(speeds.values())]


def test_against_bert_base() -> None:
    torch.set_num_threads(2)
    encoders = {mode: encoder_of(MODEL, mode) for mode in worth_timing()}
    reader = next(iter(encoders.values()))
    prepared = list(nlp.load(MODEL).run(Doc.of(str(number), text) for number, text in enumerate(texts())))
    windows = [framed(reader.tokens(doc).ids) for doc in prepared]
    base = BertModel(BertConfig(vocab_size=21128), add_pooling_layer=False).train(mode=False)
    ids = torch.randint(1, 21128, (TEXTS, CHARACTERS + 2))

    def by_bert() -> None:
        with torch.inference_mode():
            for batch in ids.split(BATCH):  # type: ignore[no-untyped-call]  # untyped in torch
                base(batch)

    def by_ours(mode: str) -> None:
        for at in range(0, TEXTS, BATCH):
            encoders[mode].engine.states(windows[at : at + BATCH])

    took: dict[str, list[float]] = {name: [] for name in ("BERT-base", *encoders)}
    for _ in range(ROUNDS):
        for name, times in took.items():
            began = time.perf_counter()
            by_bert() if name == "BERT-base" else by_ours(name)
            times.append(time.perf_counter() - began)
    best = {name: min(times) for name, times in took.items()}
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    told = "AVX2 alone" if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2" else torch.backends.cpu.get_cpu_capability()
    layers = artifact.load_config(MODEL)["encoder"]["num_hidden_layers"]
    print(
        f"\n{told}, VNNI {'avx512_vnni' in flags}; {layers} layers; {sum(map(len, windows)) / TEXTS:.1f} pieces a text"
    )
    print("| encoder | texts/s | × BERT-base fp32 |\n|---|---|---|")
    for name, seconds in best.items():
        print(f"| {name} | {TEXTS / seconds:.1f} | {best['BERT-base'] / seconds:.1f} |")


def test_memory() -> None:
    size = sum(file.stat().st_size for file in MODEL.iterdir()) / 2**20
    print(f"\n{size:.1f} MiB on disk")
    for mode in worth_timing():
        told = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", READING, str(MODEL), mode],
            check=True,
            capture_output=True,
            text=True,
        )
        print(f"{mode}: {float(told.stdout):.0f} MiB resident after 500 texts")
