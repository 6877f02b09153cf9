"""`topics cluster` on a file, with the shipped model: one line a text, ids that continue, bad lines told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli import app

LINES = Path("data/samples/corpus.jsonl").read_text(encoding="utf-8").splitlines()[:400]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def cluster(folder: Path, lines: list[str], name: str, *options: str) -> tuple[Result, list[dict[str, Any]]]:
    source, output = folder / f"{name}.in.jsonl", folder / f"{name}.jsonl"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["topics", "cluster", str(source), "--output", str(output), *options])
    told = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    return done, [json.loads(line) for line in told]


@pytest.fixture(scope="module")
def first(folder: Path) -> list[dict[str, Any]]:
    done, rows = cluster(folder, LINES, "first")
    assert done.exit_code == 0, done.output
    return rows


def test_every_line_gets_a_topic_with_a_name_or_none(first: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in first] == [json.loads(line)["id"] for line in LINES]
    assert all(row.keys() == {"id", "topic", "name", "score"} for row in first)
    assert {row["name"] for row in first if row["topic"] == -1} <= {"未归类"}
    names = {row["topic"]: row["name"] for row in first}
    assert len(set(names.values())) == len(names)
    assert all(-1 <= row["score"] <= 1 for row in first)


def test_ids_continue_in_a_file_that_grew(folder: Path, first: list[dict[str, Any]]) -> None:
    more = Path("data/samples/corpus.jsonl").read_text(encoding="utf-8").splitlines()[400:420]
    done, rows = cluster(folder, [*LINES, *more], "second", "--previous", str(folder / "first.jsonl"), "--seed", "3")
    assert done.exit_code == 0, done.output
    kept = sum(before["topic"] == after["topic"] for before, after in zip(first, rows, strict=False))
    assert kept >= 0.95 * len(first)


def test_a_bad_line_is_told_and_the_rest_is_grouped(folder: Path) -> None:
    done, rows = cluster(folder, [*LINES[:30], "{", json.dumps({"id": 1})], "bad")
    assert done.exit_code == 1
    assert len(rows) == 30
    assert "2 条有问题" in done.output


def test_too_little_to_group_and_a_foreign_previous_are_refused(folder: Path) -> None:
    done, rows = cluster(folder, LINES[:1], "one")
    assert done.exit_code != 0
    assert rows == []
    foreign = folder / "foreign.jsonl"
    foreign.write_text('{"a": 1}\n', encoding="utf-8")
    done, rows = cluster(folder, LINES[:10], "foreign-previous", "--previous", str(foreign))
    assert done.exit_code != 0
    assert rows == []
