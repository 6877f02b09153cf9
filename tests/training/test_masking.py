"""Masking is judged on rows that are marked and need no labels; what cannot be judged is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from training import masking
from training.__main__ import app

if TYPE_CHECKING:
    from pathlib import Path


def marked(path: Path, count: int) -> Path:
    """Rows with their marks alone, as the command asks for them."""
    rows = [
        {"id": f"A{number:05}", "text": f"手机13800138000，第{number}次", "text_pii": [[2, 13, "MOBILE"]]}
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_without_labels_are_judged_and_a_tenth_of_them_is_the_fold(tmp_path: Path) -> None:
    path = marked(tmp_path / "rows.jsonl", 60)
    assert len(list(masking.read(path, fold=False))) == 60
    assert 0 < len(list(masking.read(path, fold=True))) < 20
    done = CliRunner().invoke(app, ["masking", "--data", str(path), "--fold"])
    assert done.exit_code == 0, done.output
    assert "MOBILE" in done.output


@pytest.mark.parametrize("fold", [[], ["--fold"]])
def test_no_rows_are_told_as_such(tmp_path: Path, fold: list[str]) -> None:
    done = CliRunner().invoke(app, ["masking", "--data", str(marked(tmp_path / "rows.jsonl", 0)), *fold])
    assert (done.exit_code, done.output) == (2, "no row to judge\n")


def test_a_row_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    path = marked(tmp_path / "rows.jsonl", 1)
    path.write_bytes(path.read_bytes() + '{"id": "A1", "turns": [{"role": "客户", "text": "手续费"}]}'.encode())
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2: .*role"):
        list(masking.read(path, fold=False))
