"""The wide part: what is learnt of one wording of distress holds for another, and of how a set was labelled nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from nlp.heads import RISK
from nlp.segment import Segmenter
from nlp.taxonomy import values
from nlp.wide import Wide
from training import wide
from training.__main__ import app
from training.corpus import Example, example_of

if TYPE_CHECKING:
    from pathlib import Path


def row(number: int, text: str, kind: str = "R", **labels: object) -> Example:
    return example_of({"id": f"{kind}{number:05d}", "text": text, "labels": labels})


def margin(fitted: Wide, text: str, head: str, label: str) -> float:
    doc = row(0, text).doc
    doc.words = Segmenter().predict([doc])[0]
    column = values(head).index(label)
    added = fitted.contributions(fitted.read(doc), head)[:, column].sum()
    return float(added + fitted.bias[fitted.columns[head]][column])


@pytest.fixture(scope="module")
def fitted() -> Wide:
    said = ("请尽快处理", "利息太高了", "客服不接电话", "额度降了")
    calm = [row(n, f"{said[n % 4]}，第{n}次", risk=[], sentiment=-1) for n in range(40)]
    distressed = [row(100 + n, f"{said[n % 4]}，我想轻生，第{n}次", risk=["extreme"], sentiment=-2) for n in range(8)]
    return wide.fit([*calm, *distressed])


def test_another_wording_of_the_same_signal_counts_as_much(fitted: Wide) -> None:
    assert margin(fitted, "利息太高了，真想寻死", RISK, "extreme") > margin(
        fitted, "利息太高了，真想退款", RISK, "extreme"
    )
    assert margin(fitted, "利息太高了，真想寻死", RISK, "extreme") > 0


def test_signals_speak_of_risk_alone(fitted: Wide) -> None:
    behind = fitted.weight[wide.BUCKETS :]
    assert behind[:, fitted.columns[RISK]].any()
    assert not np.delete(behind, np.r_[fitted.columns[RISK]], axis=1).any()


def test_how_a_set_of_rows_was_labelled_is_forgotten() -> None:
    """Rows of S bear -2 where the plain sample bears -1 for the same words."""
    texts = [f"利息太高了，第{n}次" for n in range(60)]
    plain = [row(n, text, sentiment=-1) for n, text in enumerate(texts[:10])]
    picked = [row(n, text, "S", sentiment=-2) for n, text in enumerate(texts[10:])]
    both = wide.fit([*plain, *picked])
    apart = margin(both, "利息太高了", "sentiment", "-1") - margin(both, "利息太高了", "sentiment", "-2")
    assert apart > 0.6, "with the set taken for nothing the two are 0.2 apart, by the numbers in the texts alone"


def test_what_was_kept_is_read_back(fitted: Wide, tmp_path: Path) -> None:
    wide.save(fitted, tmp_path)
    again = wide.load(tmp_path)
    assert margin(again, "真想寻死", RISK, "extreme") == margin(fitted, "真想寻死", RISK, "extreme")


def test_a_head_that_no_row_tells_is_named_before_anything_is_learnt(tmp_path: Path) -> None:
    rows = [{"id": f"R{n:05d}", "text": f"第{n}次排队", "labels": {"intent": "complaint"}} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    for command in (["wide"], ["export", "--version", "x", "--output", str(tmp_path / "x")]):
        asked = [*command, "--data", str(tmp_path / "rows.jsonl"), "--work", str(tmp_path)]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 2, command
        assert "touchpoint" in done.output
        assert list(tmp_path.iterdir()) == [tmp_path / "rows.jsonl"]
