"""Peers answer what they are asked, and what cannot run says why."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

import nlp
from nlp.doc import Doc, Failure, Label, Span
from nlp.heads import CHOICE_HEADS, RISK
from nlp.taxonomy import DATA, heads, read, values
from training.evaluate import run_apart
from training.peers import encoder, keywords, libraries, linear, ours
from training.peers.told import POLE, SIGN, UNKNOWN, CannotRunError, Job, Rows

GOOD, BAD, PLAIN = "服务很好很满意", "垃圾软件太差了", "明天去一趟银行"


def job(*texts: str, rows: Rows | None = None, folder: str = "") -> Job:
    docs = [{"id": str(at), "subject": "", "turns": [["customer", text]]} for at, text in enumerate(texts)]
    return Job(rows or Rows(), list(texts), docs, folder)


def labelled(times: int = 10) -> Rows:
    """Bad, plain and good texts; the bad ones carry the first risk."""
    texts = [BAD, PLAIN, GOOD] * times
    none = [0] * len(values(RISK))
    return Rows(texts, {SIGN: [0, 1, 2] * times, POLE: [0, -1, 1] * times}, [[1, *none[1:]], none, none] * times)


def test_borders_are_chosen_in_favour_of_the_library() -> None:
    """A library that leans to the good side: its own borders would call everything positive."""
    numbers = np.array([0.70, 0.72, 0.80, 0.82, 0.90, 0.95] * 4)
    gold = np.array([0, 0, 1, 1, 2, 2] * 4)
    borders = libraries.choose(numbers, gold)
    assert libraries.signs(numbers, borders.low, borders.high).tolist() == gold.tolist()
    assert ((numbers > borders.middle)[gold != 1] == (gold == 2)[gold != 1]).all()


def test_a_library_that_breaks_on_a_text_is_neutral_there() -> None:
    def scorer(text: str) -> float:
        return 1 / len(text)

    assert libraries.score(scorer, ["", "好"]).tolist() == [0, 1]


def test_a_library_that_is_not_there_is_no_error_of_the_run() -> None:
    def load() -> libraries.Scorer:
        raise ModuleNotFoundError

    with pytest.raises(CannotRunError, match="not installed"):
        libraries.system(libraries.Library(load, libraries.Borders(0, 0, 0)))(job(GOOD))


@pytest.mark.slow
@pytest.mark.parametrize("name", libraries.LIBRARIES)
def test_each_library_runs_apart_where_it_is_installed(name: str) -> None:
    run = run_apart(name, job(GOOD, BAD, "", rows=labelled(2)))
    if find_spec(name.lower()):
        assert run.told
        assert [run.told.choice[task][:2] for task in (SIGN, POLE)] == [[2, 0], [1, 0]]
        assert len(run.told.choice[SIGN]) == 3
        assert run.memory > 10
        assert run.seconds > 0
    else:
        assert (run.told, run.why) == (None, "not installed")


def test_the_linear_baseline_learns_every_task_and_every_risk() -> None:
    told = linear.learn(job(GOOD, BAD, PLAIN, rows=labelled()))()
    assert told.choice[SIGN] == [2, 0, 1]
    assert told.choice[POLE][:2] == [1, 0]
    assert [risks[0] for risks in told.risks] == [0, 1, 0]
    assert {flag for risks in told.risks for flag in risks[1:]} == {0}, "a risk that no row carries is never given"
    assert "30 rows" in told.note


def test_trained_peers_say_so_when_there_is_nothing_to_learn_from(base: Path) -> None:
    for learn, folder in ((linear.learn, ""), (encoder.learn, str(base))):
        with pytest.raises(CannotRunError, match="no labelled rows"):
            learn(job(GOOD, folder=folder))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small random encoder with the shipped vocabulary, in the layout of `training base`."""
    torch.manual_seed(0)
    Tokenizer.from_file(str(DATA / "model" / nlp.SHIPPED / "tokenizer.json")).save(str(tmp_path / "tokenizer.json"))
    vocabulary = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).get_vocab_size()
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=encoder.LONGEST,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    return tmp_path


def test_the_bare_encoder_gets_a_head_for_every_task(base: Path) -> None:
    told = encoder.learn(job(GOOD, BAD, PLAIN, rows=labelled(), folder=str(base)))()
    assert told.choice[SIGN] == [2, 0, 1]
    assert [risks[0] for risks in told.risks] == [0, 1, 0]


def test_the_bare_encoder_reads_a_text_the_same_alone_and_in_company(base: Path) -> None:
    reader = encoder.Base(base)
    texts = [GOOD, "好", "很长的话" * 200]
    together = reader.read(texts)
    for at, text in enumerate(texts):
        np.testing.assert_allclose(reader.read([text])[0], together[at], atol=1e-5)


def test_without_a_base_encoder_its_peer_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="training base"):
        encoder.learn(job(GOOD, rows=labelled(), folder=str(tmp_path)))


def test_the_rules_name_labels_of_the_list_only() -> None:
    rules = read(keywords.RULES)
    for head in heads():
        words = rules[head] if head == RISK else rules[head]["words"]
        assert set(words) <= set(values(head))
        assert all(words.values()), "a value without words can never be told"
        assert head == RISK or rules[head]["default"] in values(head)


def test_rules_tell_by_the_most_words_and_find_the_clause_that_asks() -> None:
    texts = ["信用卡年费乱扣，投诉无门，我要求退还年费。再不处理就找律师", "天气"]
    told = keywords.learn(job(*texts))()
    assert [values("business")[told.choice["business"][at]] for at in range(2)] == ["credit_card", "other"]
    assert values("intent")[told.choice["intent"][0]] == "complaint"
    assert told.choice[SIGN] == [0, 1]
    assert [name for name, given in zip(values(RISK), told.risks[0], strict=True) if given] == ["legal"]
    part, start, end = told.demand[0] or (0, 0, 0)
    assert (part, texts[0][start:end], told.demand[1]) == (0, "我要求退还年费", None)


def test_only_the_customer_asks() -> None:
    doc = {"id": "1", "subject": "", "turns": [["agent", "请稍等"], ["customer", "希望快一点"]]}
    assert keywords.learn(Job(Rows(), ["希望快一点"], [doc]))().demand == [(1, 0, 5)]


def test_what_our_model_could_not_read_has_no_answer() -> None:
    read_one, failed = Doc.of("1", GOOD), Doc.of("2", "")
    for head in CHOICE_HEADS:
        read_one.labels[head] = (Label(values(head)[-1], 0.4, "t", abstained=True, value=0.9),)
    read_one.labels[RISK] = (Label("legal", 0.9, "t"),)
    read_one.demand = Span(0, 0, 2)
    failed.failure = Failure("encoding", "NothingToJudgeError")
    told = ours.answers([read_one, failed])
    assert told.choice["sentiment"] == [4, UNKNOWN]
    assert (told.choice[SIGN], told.choice[POLE]) == ([2, UNKNOWN], [1, UNKNOWN])
    assert told.accepted["intent"] == [False, False]
    assert told.risks == [[int(name == "legal") for name in values(RISK)], [0] * len(values(RISK))]
    assert told.demand == [(0, 0, 2), None]
    assert "1 not read" in told.note


def test_a_job_reaches_another_process_whole() -> None:
    asked = job(GOOD, rows=labelled(1), folder="x")
    assert Job.of(json.loads(json.dumps(asdict(asked)))) == asked


def test_a_system_that_breaks_is_told_not_raised() -> None:
    run = run_apart("no such system", job(GOOD))
    assert run.told is None
    assert run.why.startswith("failed: KeyError")
