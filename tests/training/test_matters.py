"""Matters: which texts are learnt from, what counts of each, how the judge tells that the nearest is about the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

import nlp
from nlp.taxonomy import DATA
from training import adapt, contrast, corpus, matters, mixture, sources, stored

MODEL = Path("data/model") / nlp.SHIPPED
LEARNT = [f"CC{n:02d}" for n in range(40) if not matters.kept_out(f"CC{n:02d}")]
NEW = next(f"CC{n:02d}" for n in range(40) if matters.kept_out(f"CC{n:02d}"))


def example(number: int, **said: object) -> corpus.Example:
    return corpus.example_of({"id": f"S{number:05d}", "labels": {}, **said})


def test_two_texts_of_a_matter_are_learnt_from_and_no_single_or_kept_out_one() -> None:
    told = [LEARNT[0], LEARNT[0], LEARNT[1], NEW, NEW]
    rows = [example(number, text=f"年费第{number}次被扣") for number in range(len(told))]
    found = matters.learnt(rows, {f"S{n:05d}": matter for n, matter in enumerate(told)}, stored.reader_of(MODEL))
    assert [[len(sides) for sides in field] for field in found] == [[2]]


def test_a_row_that_is_given_twice_is_no_pair_with_itself() -> None:
    rows = [example(number, text=f"年费第{number}次被扣") for number in range(2)]
    found = matters.learnt([*rows, *rows], {f"S{n:05d}": LEARNT[0] for n in range(2)}, stored.reader_of(MODEL))
    assert [[len(sides) for sides in field] for field in found] == [[2]]


def test_only_what_the_customer_says_counts_beside_what_the_agent_says() -> None:
    turns = [{"role": "agent", "text": "您好，请讲"}, {"role": "customer", "text": "年费被扣"}]
    rows = [example(number, turns=turns) for number in range(2)]
    reader = stored.reader_of(MODEL)
    ((sides,),) = matters.learnt(rows, {f"S{n:05d}": LEARNT[0] for n in range(2)}, reader)
    counted = [piece for piece, judged in zip(sides[0].ids, sides[0].judged, strict=True) if judged]
    assert reader.tokenizer.decode(counted) == "年费被扣"
    assert len(sides[0].ids) > len(counted)


def test_what_does_not_count_moves_the_vector_by_attention_alone() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    ids = [[0, 5, 6, 7, 2], [0, 8, 9, 2]]
    judged = [[False, False, True, True, False], [False, True, True, False]]
    with torch.no_grad():
        states = model(torch.tensor([ids[0]])).last_hidden_state[0]
        expected = torch.nn.functional.normalize(states[2:4].mean(0), dim=0)
        torch.testing.assert_close(contrast.embed(model, ids, judged)[0], expected, atol=1e-3, rtol=0)
        questions = contrast.Questions(
            ids, [[[0, 1]]], [(0, 1, True)] * contrast.PAIRS, [ids[0]] * contrast.HALVES,
            [[[contrast.Side(*side) for side in zip(ids, judged, strict=True)]] * 2],
        )  # fmt: skip
        losses = contrast.Comparison(questions).loss(model, contrast.SameOrNot(), np.random.default_rng(0))
    assert losses["matter"] > 0


def test_the_judge_counts_texts_whose_nearest_is_about_the_same_for_new_matters_apart() -> None:
    told = [("甲", LEARNT[0]), ("乙", LEARNT[0]), ("丙", LEARNT[1]), ("丁", LEARNT[1]), ("戊", NEW), ("己", NEW)]
    angles = np.array([0.0, 0.1, 0.15, 1.0, 2.0, 2.1])  # 乙 is nearer to 丙 than to 甲, 丙 to 乙
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    table = matters.table(told, {"ours": lambda said: vectors[: len(said)]})
    assert [(row[0], row[2], row[4]) for row in table.rows] == [
        ("compared in training", 4, pytest.approx(0.5)),
        ("compared nowhere", 2, pytest.approx(1.0)),
    ]


def test_the_judge_takes_each_text_once_by_the_customers_words_and_no_single_one() -> None:
    turns = [{"role": "agent", "text": "您好，请讲"}, {"role": "customer", "text": "年费被扣"}]
    said: list[dict[str, object]] = [{"turns": turns}, {"text": "年费太高"}, {"text": "积分清零"}, {"text": "  "}]
    rows = [example(number, **one) for number, one in enumerate(said)]
    codes = (LEARNT[0], LEARNT[0], LEARNT[1], LEARNT[0])
    told = matters.judged([*rows, *rows], {f"S{n:05d}": code for n, code in enumerate(codes)})
    assert told == [("年费被扣", LEARNT[0]), ("年费太高", LEARNT[0])]


def test_no_text_of_the_development_fold_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [corpus.example_of({"id": f"R{n:05d}", "text": f"年费第{n}次被扣", "labels": {}}) for n in range(40)]
    assert 0 < sum(row.development for row in rows) < 40
    monkeypatch.setattr(matters, "read", lambda: {row.doc.id: LEARNT[0] for row in rows})
    monkeypatch.setattr(adapt, "feedback", lambda *_: [])
    monkeypatch.setattr(adapt, "questions", lambda *_, **__: contrast.Questions([], [], [], []))
    for name in ("reviews", "names", "addresses"):
        monkeypatch.setattr(sources, name, lambda *_: [])
    reader = stored.reader_of(MODEL)
    found = mixture.mixture(rows, Path(), reader, mixture.Amounts(), distil=False, seed=1)
    assert found.comparison is not None
    ((sides,),) = found.comparison.questions.matters
    learnt = matters.learnt([row for row in rows if not row.development], matters.read(), reader)
    assert [[sides]] == learnt
    assert len(sides) == sum(not row.development for row in rows)


def test_a_row_without_a_matter_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "matters.json").write_text('{"CC01": "年费", "CC02": "额度", "ZZ1": "闲聊"}', encoding="utf-8")
    path = tmp_path / "matters.jsonl"
    path.write_text('{"id": "S00001", "matter": "ZZ1"}\n{"id": "S00002", "matter": "CC01"}\n', encoding="utf-8")
    assert matters.read(path) == {"S00002": "CC01"}
    path.write_text('{"id": "S00001", "matter": "CC01"}\n{"id": "S00002"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"matters\.jsonl, line 2: KeyError 'matter'"):
        matters.read(path)
    for second, told in (('"S00003", "matter": "XX99"', "no code"), ('"S00001", "matter": "CC02"', "another matter")):
        path.write_text(f'{{"id": "S00001", "matter": "CC01"}}\n{{"id": {second}}}\n', encoding="utf-8")
        with pytest.raises(ValueError, match=rf"line 2: .*{told}"):
            matters.read(path)


def test_which_matters_are_compared_nowhere_does_not_change() -> None:
    """The shipped model compared the others: a figure of new matters holds for these alone."""
    names = json.loads((DATA / "labels" / "matters.json").read_text(encoding="utf-8"))
    assert " ".join(sorted(filter(matters.kept_out, names))) == (
        "AC08 AP01 AP05 BR06 CM02 DE01 DE04 FX02 IN01 LN04 TB01 TB02 WM03"
    )


def test_every_shipped_matter_has_a_name_and_every_row_one_matter() -> None:
    names = json.loads((DATA / "labels" / "matters.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (DATA / "labels" / "matters.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["matter"] for row in rows} <= names.keys()
    assert len({row["id"] for row in rows}) == len(rows) > 1000
    assert all(row.keys() == {"id", "matter"} for row in rows), "no text is shipped"
