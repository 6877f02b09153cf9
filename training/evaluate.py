"""Our model and its peers on the same labelled rows in the same run, each in a process of its own.

What a run is told in stands in one list, `report.SECTIONS`: each is a function from the judgement to a table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from training import measures
from training.peers.systems import BASE, OURS, SYSTEMS, Run
from training.peers.told import Job, Rows, Told
from training.rows import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.corpus import Example
    from training.measures import Measured

ROOT = Path(__file__).resolve().parent.parent


class EvaluationError(Exception):
    """Our own model could not be run; the message says why."""


@dataclass(frozen=True)
class Judgement:
    """The rows, what each system said of them, and the model folder for sections that ask it more."""

    examples: Sequence[Example]
    runs: dict[str, Run]
    model: Path

    @property
    def told(self) -> dict[str, Told]:
        """The answers of the systems that ran, ours first."""
        return {name: run.told for name, run in self.runs.items() if run.told}

    @cached_property
    def measured(self) -> list[Measured]:
        """Every figure of every head, with its resamples."""
        return measures.measure(self.examples, self.told)


def judge(
    examples: Sequence[Example], rows: Rows, model: Path, base: Path, names: Sequence[str] = tuple(SYSTEMS)
) -> Judgement:
    """Run our model and those peers of `names`, which learn from `rows`. Raises EvaluationError."""
    texts, docs = [words(example.doc) for example in examples], [_plain(example) for example in examples]
    folders = {OURS: str(model.resolve()), BASE: str(base.resolve())}
    runs = {}
    for name in track(names, "systems", console=Console(stderr=True)):
        # ours learns nothing here, so its memory should hold no training texts
        runs[name] = run_apart(name, Job(Rows() if name == OURS else rows, texts, docs, folders.get(name, "")))
    if not runs[OURS].told:
        raise EvaluationError(runs[OURS].why)
    return Judgement(examples, runs, model)


def _plain(example: Example) -> dict[str, Any]:
    doc = example.doc
    return {"id": doc.id, "subject": doc.subject, "turns": [[turn.role, turn.text] for turn in doc.turns]}


def run_apart(name: str, job: Job) -> Run:
    """A system that breaks is a line in the report, not the end of it."""
    command = [sys.executable, "-m", "training.peers", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(  # noqa: S603 - our own module, by a name of our own list
        command, input=json.dumps(asdict(job)), capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or str(done.returncode)).splitlines()[-1]
        return Run(None, f"failed: {last.partition(':')[0]}")  # the message may hold a text
    answer = json.loads(done.stdout.splitlines()[-1])
    return Run(**{**answer, "told": answer["told"] and Told(**answer["told"])})
