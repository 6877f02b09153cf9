"""The picture of what a system costs and how well it reads, from files that `training evaluate --json` wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from training.peers.systems import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEADS = ("intent", "touchpoint", "business", "cause")


@dataclass(frozen=True, slots=True)
class Point:
    """One system. speed: texts a second; value: mean macro-F1 of HEADS."""

    name: str
    speed: float
    value: float


def points(reports: Sequence[Path]) -> list[Point]:
    """Every system that answers all of HEADS; ours bears its model's version, a peer is told once."""
    found: dict[str, Point] = {}
    for path in reports:
        for point in _points(json.loads(path.read_text(encoding="utf-8"))):
            found.setdefault(point.name, point)
    return list(found.values())


def draw(shown: Sequence[Point], path: Path) -> None:
    """Write the picture; the upper right corner is where a system should be."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.scatter([point.speed for point in shown], [point.value for point in shown])
    for point in shown:
        axes.annotate(point.name, (point.speed, point.value), xytext=(6, 4), textcoords="offset points")
    axes.set_xscale("log")
    axes.margins(x=0.25, y=0.15)
    axes.set_xlabel("texts per second, whole pipeline, log scale")
    axes.set_ylabel(f"mean macro-F1 of {', '.join(HEADS)}")
    figure.savefig(path, dpi=110)


def _points(report: dict[str, Any]) -> Iterator[Point]:
    tables = {table["title"]: table["rows"] for table in report["tables"]}
    for system in tables["Systems"]:
        name, speed = system["system"], system["texts per second"]
        values = {row["head"]: row["value"] for row in tables["Heads"] if row["system"] == name}
        if speed and all(head in values for head in HEADS):
            yield Point(report["model"] if name == OURS else name, speed, mean(values[head] for head in HEADS))
