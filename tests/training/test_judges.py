"""The other judges: doubtful labels, hard texts, the embedding on kept-out questions, evidence, the card."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import nlp
from training import corpus, curve, deletion, drift, embedding, noise, report, reviews, texts
from training.__main__ import app
from training.evaluate import Judgement
from training.peers.systems import OURS, Run
from training.peers.told import Told
from training.sources import REVIEW_FIGURES

MODEL = Path("data/model") / nlp.SHIPPED
SAMPLES = Path("data/samples/corpus.jsonl")


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    with lzma.open(folder / name, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_a_planted_wrong_label_is_doubtful_and_right_ones_are_not() -> None:
    """Two classes with words of their own; one row bears the other class."""
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95], [0.4, 0.6]])
    given = np.array([0, 0, 1, 1, 0, 1])
    assert noise.doubtful(chances, given).tolist() == [-1, -1, -1, -1, 1, -1]


def test_noise_finds_rows_by_what_they_say(tmp_path: Path) -> None:
    said = ("非常满意，谢谢你们", "催收天天骚扰家人，太恶劣", "请问怎么查询余额")
    rows: list[dict[str, Any]] = [
        {"id": f"R{n}", "text": f"{said[n % 3]}{n}", "labels": {"intent": ("praise", "complaint", "inquiry")[n % 3]}}
        for n in range(60)
    ]
    rows[30]["labels"]["intent"] = "complaint"
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    asked = ["noise", "--data", str(tmp_path / "rows.jsonl"), "--output", str(tmp_path / "found.jsonl")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    (found,) = map(json.loads, (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines())
    assert (found["id"], found["given"], found["likely"]) == ("R30", "complaint", "praise")
    assert "complaint→praise 1" in done.output
    assert said[0] not in done.output


def test_a_border_that_readers_moved_is_told_with_the_rows_it_holds_for() -> None:
    """Of 1,000 rows that could be one class or the other the first 500 bear one of them, the others the other."""
    rows = [
        corpus.example_of({"id": f"R{n}", "text": "一样的话", "labels": {"intent": ("praise", "other")[n >= 500]}})
        for n in range(1000)
    ]
    given = np.array([row.gold["intent"] for row in rows])
    read = noise.Reading("intent", np.arange(1000), given, np.unique(given), np.full((1000, 2), 0.5))
    found = list(drift.drifts(rows, [read]))
    assert {(one.label, one.first, one.last, one.given, one.expected) for one in found} == {
        ("praise", "R0", "R499", 500, 250),
        ("other", "R0", "R499", 0, 250),
        ("praise", "R500", "R999", 0, 250),
        ("other", "R500", "R999", 500, 250),
    }
    even = noise.Reading("intent", read.rows, np.tile(read.names, 500), read.names, read.chances)
    assert not list(drift.drifts(rows, [even]))


def test_hard_texts_are_kept_from_training_and_told_by_kind() -> None:
    rows = list(corpus.read([SAMPLES]))
    names = {row.doc.id for row in rows}
    assert corpus.hard_ids() <= names
    assert len(corpus.hard_ids()) == sum(map(len, corpus.hard().values())), "each stands under one kind"
    training, development = corpus.split(rows)
    assert corpus.hard_ids().isdisjoint(row.doc.id for row in training)
    right = Told(choice={"intent": [row.gold["intent"] for row in development]})
    told = report.hard(Judgement(development, {OURS: Run(right, "", 1.0, 1.0)}, MODEL))
    assert [row[:4] for row in told.rows] == [(kind, len(ids), OURS, 1.0) for kind, ids in corpus.hard().items()]


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """Question sets of a form like the public ones."""
    things = ("信用卡", "借记卡", "存款", "贷款", "理财", "基金", "外汇", "短信", "密码", "额度", "账单", "积分")
    asks = ("怎么办理", "怎么取消", "要收费吗", "在哪里查")
    pairs = [
        {"set": "bq_dev", "a": f"{thing}{ask}", "b": f"请问{thing}{other}", "label": int(ask == other)}
        for thing in things
        for ask in asks
        for other in asks[:2]
    ]
    written(tmp_path, "question_pairs.jsonl.xz", pairs)
    questions = [
        {"set": "faq", "category": thing, "standard_question": f"{thing}{ask}", "question": f"{before}{thing}{ask}"}
        for thing in things
        for ask in asks
        for before in ("", "请问")
    ]
    written(tmp_path, "bank_questions.jsonl.xz", questions)
    said = (("房间干净，很舒服，下次还来", 1), ("太差了，再也不来", 0))
    written(tmp_path, "sentiment_reviews.jsonl.xz", [{"set": REVIEW_FIGURES, "text": t, "label": y} for t, y in said])
    return tmp_path


def test_the_embedding_is_judged_on_questions_kept_out_of_training(public: Path) -> None:
    kept = embedding.KeptOut.read(public, frozenset())
    assert kept.pairs
    assert all(pair.kept_out for pair in kept.pairs)
    assert not any(pair.kept_out for pair in kept.taught)
    seen = {text for pair in kept.taught for text in (pair.left, pair.right)}
    assert seen.isdisjoint(text for pair in kept.pairs for text in (pair.left, pair.right))
    labelled = frozenset(map(texts.words_key_of, (kept.pairs[0].left, kept.questions[0][1])))
    fewer = embedding.KeptOut.read(public, frozenset(), labelled)
    assert kept.pairs[0] not in fewer.pairs
    assert fewer.questions == kept.questions[1:]
    systems = embedding.systems(MODEL, public / "no base", kept.said())
    told = embedding.questions_table(kept, systems)
    ours = next(row for row in told.rows if row[1] == "Huisheng")
    assert ours[0] == sum(
        texts.kept_out(names) for names in texts.standard_questions(public / "bank_questions.jsonl.xz", frozenset())
    )
    assert {row[2] for row in embedding.pairs_table(kept, systems).rows} >= {"Huisheng", "TF-IDF"}


def test_reviews_are_read_by_their_sign(public: Path) -> None:
    table = reviews.table(public, MODEL)
    assert dict(zip(table.columns, table.rows[0], strict=True))["accuracy"] == 1


def test_reviews_whose_words_training_may_have_read_are_not_judged(tmp_path: Path) -> None:
    """The judged set stays whole: training leaves its words out in whatever row they stand."""
    said = [f"送来都冷了，第{number}次！" for number in range(200)]
    first, second = [text for text in said if texts.part_of(text, texts.KEPT_OUT) == 0][:2]
    known = [next(one for n in range(99) if texts.part_of(one := text + "。" * n, 10)) for text in (first, "太差")]
    sets = [("waimai", first), ("waimai", second), (REVIEW_FIGURES, "太差"), *(("books", text) for text in known)]
    written(tmp_path, "sentiment_reviews.jsonl.xz", [{"set": name, "text": text, "label": 0} for name, text in sets])
    assert [row[:2] for row in reviews.table(tmp_path, MODEL).rows] == [(REVIEW_FIGURES, 1), ("waimai", 1)]


def test_without_its_evidence_a_label_loses_more_than_without_other_words() -> None:
    docs = [row.doc for row in corpus.read([SAMPLES]) if row.doc.id in corpus.hard()["question"]][:30]
    table = deletion.table(nlp.load(MODEL), docs)
    assert {row[0] for row in table.rows} >= {"intent", "business", "cause", "sentiment"}
    for row in table.rows:
        told: dict[str, Any] = dict(zip(table.columns, row, strict=True))
        assert told["fall without evidence"] > told["without random words"], told["head"]


def test_the_curve_holds_every_system_that_reads_all_heads_once(tmp_path: Path) -> None:
    def report(model: str, value: float, *peers: str) -> Path:
        heads = [{"head": head, "system": OURS, "value": value} for head in curve.HEADS]
        heads += [{"head": head, "system": name, "value": 0.5} for name in peers for head in curve.HEADS]
        heads.append({"head": "sentiment", "system": "SnowNLP", "value": 0.4})
        costs = [{"system": name, "texts per second": 10.0} for name in (OURS, *peers, "SnowNLP")]
        told = {"model": model, "tables": [{"title": "Heads", "rows": heads}, {"title": "Systems", "rows": costs}]}
        (tmp_path / f"{model}.json").write_text(json.dumps(told), encoding="utf-8")
        return tmp_path / f"{model}.json"

    asked = ["curve", "--report", str(report("big", 0.9, "TF-IDF")), "--report", str(report("small", 0.8, "TF-IDF"))]
    done = CliRunner().invoke(app, [*asked, "--output", str(tmp_path / "curve.png")])
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.output.splitlines()] == ["big", "TF-IDF", "small"]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_tells_our_figures_and_no_peer(tmp_path: Path) -> None:
    rows = [{"head": "intent", "system": name, "value": value} for name, value in ((OURS, 0.875), ("SnowNLP", 0.125))]
    told = {"tables": [{"title": "Heads", "note": "n", "rows": rows}, {"title": "Systems", "note": "", "rows": rows}]}
    (tmp_path / "figures.json").write_text(json.dumps(told), encoding="utf-8")
    asked = ["card", "--report", str(tmp_path / "figures.json"), "--output", str(tmp_path / "card.md")]
    assert CliRunner().invoke(app, asked).exit_code == 0
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "0.875" in text
    assert "0.125" not in text
    assert "must not be used for" in text
    assert text.count("### Heads") == 1
