"""The shipped model as its users meet it.

Sensible labels, evidence on the right characters, the same answer whatever stands beside a text.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlp
from nlp import artifact
from nlp.doc import Doc, Turn
from nlp.heads import CHOICE_HEADS, HEADS
from nlp.pipeline import Pipeline
from nlp.taxonomy import values

MODEL = Path("data/model") / nlp.SHIPPED

PLAIN = {
    "手机银行更新后一直闪退,登录不上去,什么破软件": ("complaint", "mobile_app", -1),
    "大堂经理小姑娘很耐心,帮我办好了所有手续,点赞": ("praise", "branch", 1),
    "请问存定期的利率是多少": ("inquiry", "unknown", 0),
    "信用卡年费没有告知就扣了,我要求退还年费": ("complaint", "unknown", -1),
    "催收天天打电话骚扰我的家人和单位同事,还威胁我": ("complaint", "phone_bank", -1),
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The shipped model, loaded once."""
    return nlp.load(MODEL, threads=1)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_cases_are_read_as_a_person_would(pipeline: Pipeline, text: str) -> None:
    intent, _touchpoint, sign = PLAIN[text]
    (doc,) = pipeline.run([Doc.of("1", text)])
    assert doc.labels["intent"][0].name == intent
    assert np.sign(int(doc.labels["sentiment"][0].name)) == sign
    assert sign == 0 or np.sign(doc.sentiment_score) == sign


def test_every_label_is_of_the_list_and_points_at_the_text(pipeline: Pipeline) -> None:
    docs = list(pipeline.run([Doc.of(str(number), text) for number, text in enumerate(PLAIN)]))
    for doc in docs:
        assert set(doc.labels) == set(HEADS)
        for head in CHOICE_HEADS:
            (label,) = doc.labels[head]
            assert label.name in values(head)
            assert 0 < label.score <= 1
            assert label.evidence
            for span in label.evidence:
                assert doc.part(span.part)[span.start : span.end].strip()


def test_evidence_lies_in_the_customers_words_only(pipeline: Pipeline) -> None:
    turns = (
        Turn("agent", "您好远山银行很高兴为您服务"),
        Turn("customer", "你们的ATM把我卡吞了"),
        Turn("agent", "非常抱歉"),
    )
    (doc,) = pipeline.run([Doc("1", turns)])
    spans = [span for labels in doc.labels.values() for label in labels for span in label.evidence]
    assert spans
    assert {span.part for span in spans} == {1}


def test_a_personal_number_is_evidence_for_nothing_but_its_placeholder(pipeline: Pipeline) -> None:
    first, second = (f"我手机号{number}收不到验证码" for number in ("13800138000", "15912345678"))
    one, two = pipeline.run([Doc.of("1", first), Doc.of("2", second)])
    assert one.labels == two.labels
    assert one.pii == two.pii


def test_clauses_are_embedded_as_the_same_texts_are(pipeline: Pipeline) -> None:
    docs = pipeline.run([Doc.of(str(number), text) for number, text in enumerate(PLAIN)])
    expected = [doc.encoding.embedding for doc in docs if doc.encoding is not None]
    np.testing.assert_allclose(pipeline.embed(list(PLAIN)), expected, atol=1e-5)


def test_what_has_nothing_to_read_has_no_embedding(pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match="text 2 of 2"):
        pipeline.embed(["年费怎么免", " "])


def test_a_text_far_longer_than_a_window_is_read_to_its_end(pipeline: Pipeline) -> None:
    filler = "今天天气不错。" * 200
    (doc,) = pipeline.run([Doc.of("1", filler + "你们的手机银行闪退,我要投诉")])
    assert doc.encoding is not None
    last = doc.encoding.spans[-1]
    assert last is not None
    assert last.end == len(filler) + 14


@pytest.mark.parametrize(
    "text",
    [
        "😡😡👎",
        "？？？！！！",
        "字" * 10_000,
        "😀投诉" * 1_000,
        "My card 被吞了 ATM で カード が 出ない ช่วยด้วย",
        "餘額不對，請儘快處理",
        "1",
    ],
    ids=["emoji", "signs", "10,000 characters", "emoji and words", "mixed scripts", "traditional", "one digit"],
)
def test_odd_texts_get_a_label_or_an_abstention(pipeline: Pipeline, text: str) -> None:
    (doc,) = pipeline.run([Doc.of("1", text)])
    assert doc.failure is None
    for head in CHOICE_HEADS:
        (label,) = doc.labels[head]
        assert label.name in values(head)
        assert np.isfinite(label.score)


@pytest.mark.parametrize("text", ["", " \n\t　", "\u200b\ufeff"], ids=["empty", "spaces", "invisible"])
def test_a_text_without_words_fails_by_name_and_raises_nothing(pipeline: Pipeline, text: str) -> None:
    (doc,) = pipeline.run([Doc.of("1", text)])
    assert doc.failure is not None
    assert doc.failure.error == "NothingToJudgeError"


def test_a_customer_who_says_nothing_is_told_apart(pipeline: Pipeline) -> None:
    silent, heard = pipeline.run([Doc("1", (Turn("agent", "喂您好"),)), Doc.of("2", "转人工")])
    assert silent.failure is not None
    assert silent.failure.error == "NothingToJudgeError"
    assert heard.failure is None


@settings(max_examples=5, deadline=None)
@given(st.permutations(list(PLAIN)), st.integers(1, 4))
def test_results_do_not_depend_on_the_neighbours(pipeline: Pipeline, texts: list[str], size: int) -> None:
    together = {doc.id: doc for doc in pipeline.run([Doc.of(text, text) for text in texts], batch_size=size)}
    for text in texts[:2]:
        (alone,) = pipeline.run([Doc.of(text, text)])
        for head in CHOICE_HEADS:
            ours, theirs = alone.labels[head][0], together[text].labels[head][0]
            assert ours.name == theirs.name
            assert ours.score == pytest.approx(theirs.score, abs=1e-4)
            assert ours.evidence == theirs.evidence


def test_a_changed_model_file_is_refused(tmp_path: Path) -> None:
    for name in (artifact.CONFIG, artifact.WEIGHTS, artifact.TOKENIZER):
        (tmp_path / name).write_bytes((MODEL / name).read_bytes())
    weights = bytearray((tmp_path / artifact.WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (tmp_path / artifact.WEIGHTS).write_bytes(weights)
    with pytest.raises(artifact.ArtifactError, match=r"checksum differs: model\.safetensors"):
        nlp.load(tmp_path)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(artifact.ArtifactError, match="no readable model"):
        nlp.load(tmp_path)
