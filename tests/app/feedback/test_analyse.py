"""`analyse` without a store: one object a line, offsets into the input, bad lines told by their number."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.feedback.analyse import Analysed, BadLine, analyse_file, analyse_lines
from nlp.pipeline import Pipeline
from tests.app.feedback.conftest import Words


def lines(*values: Any) -> list[bytes]:  # noqa: ANN401 - any JSON
    return [(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode() for value in values]


def test_a_text(pipeline: Pipeline) -> None:
    (answer,) = analyse_lines(lines({"id": 7, "text": "排队太久，请打13800138000", "labels": {"x": 1}}), pipeline)

    assert isinstance(answer, Analysed)
    evidence = [[2, 4]]
    one = {"score": 0.9, "abstained": False, "evidence": evidence}
    assert json.loads(json.dumps(answer.output)) == {
        "id": 7,
        "masked_text": "排队太久，请打[手机号]",
        "pii": [[7, 18, "MOBILE"]],
        "intent": "complaint",
        "touchpoint": "branch",
        "business": "savings",
        "cause": "service",
        "sentiment": {"label": -1, "score": -0.5},
        "risk": [],
        "demand": "请打[手机号]",
        "labels": {
            "intent": {"name": "complaint"} | one,
            "touchpoint": {"name": "branch"} | one,
            "business": {"name": "savings"} | one,
            "cause": {"name": "service"} | one,
            "sentiment": {"name": "-1"} | one,
            "risk": [],
        },
    }


def test_turns_and_a_subject(pipeline: Pipeline) -> None:
    turns = [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "排队太久，打13800138000"}]

    (answer,) = analyse_lines(lines({"id": "a", "turns": turns, "subject": "等太久13800138000"}), pipeline)

    assert isinstance(answer, Analysed)
    output = json.loads(json.dumps(answer.output))
    assert output["turns"] == [
        {"role": "agent", "masked_text": "您好", "pii": []},
        {"role": "customer", "masked_text": "排队太久，打[手机号]", "pii": [[6, 17, "MOBILE"]]},
    ]
    assert output["subject_pii"] == [[3, 14, "MOBILE"]]
    assert output["labels"]["cause"]["evidence"] == [[-1, 1, 3], [1, 2, 4]]
    assert "masked_text" not in output


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "JSON"),
        ("[]", "须是对象"),
        ({"text": "无编号"}, "id"),
        ({"id": "a"}, "有且只有一个"),
        ({"id": "a", "text": "x", "turns": []}, "有且只有一个"),
        ({"id": "a", "text": "  "}, "内容为空"),
        ({"id": "a", "text": 5}, "text: 须是文字"),
        ({"id": "a", "turns": [{"role": "boss", "text": "x"}]}, "turns.0.role"),
        ({"id": "a", "text": "字" * 50_001}, "最多 50000"),
        ('{"id": "a", "text": "\\ud800"}', "JSON"),
        ({"id": "a", "text": "坏的⚡"}, "encoding: ValueError"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_goes_on(pipeline: Pipeline, line: Any, told: str) -> None:  # noqa: ANN401 - any JSON
    good = {"id": "good", "text": "排队太久"}

    answers = list(analyse_lines(lines(good, "", line, good), pipeline))

    assert [answer.line for answer in answers] == [1, 3, 4]
    assert isinstance(answers[1], BadLine)
    assert told in answers[1].message
    assert isinstance(answers[2], Analysed)


def test_a_file_and_its_embeddings(pipeline: Pipeline, tmp_path: Path) -> None:
    source = io.BytesIO(
        b"\xef\xbb\xbf" + b"\n".join(lines({"id": 1, "text": "一"}, "x" * 1_100_000, {"id": 2, "text": "二"}))
    )
    output = io.StringIO()
    told: list[BadLine] = []
    done: list[int] = []

    counts = analyse_file(
        source, output, pipeline, embeddings=tmp_path / "e.npy", tell=told.append, progress=done.append
    )

    assert counts == (2, 1)
    assert [json.loads(line)["id"] for line in output.getvalue().splitlines()] == [1, 2]
    assert [(one.line, "1024 KB" in one.message) for one in told] == [(2, True)]
    assert sum(done) == 3
    array = np.load(tmp_path / "e.npy")
    assert (array.shape, array.dtype) == ((2, 384), np.float32)


def test_an_empty_file_gives_an_empty_array(pipeline: Pipeline, tmp_path: Path, encoder: Words) -> None:
    analyse_file(io.BytesIO(), io.StringIO(), pipeline, embeddings=tmp_path / "e.npy", tell=print)

    assert np.load(tmp_path / "e.npy").shape == (0, 384)
    assert encoder.seen == []
