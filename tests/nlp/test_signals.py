"""Phrases that signal a risk: found wherever they stand, shown where they stand, and never a verdict of their own."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.doc import Doc, Span, Turn
from nlp.mask import Masker
from nlp.normalize import Normalizer
from nlp.segment import Segmenter
from nlp.signals import Signals
from nlp.taxonomy import read
from nlp.wide import SIGNAL, Wide

BUCKETS = 1024
SIGNALS = Signals(read("rules/signals.json"))
GROUPS = list(SIGNALS.phrases)


def wide(signals: Signals) -> Wide:
    weight = np.zeros((BUCKETS + len(signals), 8), np.float32)
    return Wide(np.ones(BUCKETS, np.float32), weight, np.zeros(8, np.float32), {"risk": slice(0, 8)}, signals)


def prepared(doc: Doc) -> Doc:
    doc.normal = Normalizer().predict([doc])[0]
    doc.identifiers = Masker().predict([doc])[0]
    doc.words = Segmenter().predict([doc])[0]
    return doc


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("再不处理我就向银保监投诉，打12378", {"authority"}),
        ("我要找记者曝光你们", {"exposure"}),
        ("他们说不还就起诉我，还寄了律师函", {"sued"}),
        ("我要起诉你们，法院见", {"lawyer"}),
        ("已经报警，派出所受理了", {"police"}),
        ("每天被催得快崩溃了，真的活不下去", {"despair", "selfharm"}),
        ("我们几十个人准备集体维权", {"together"}),
        ("信用卡被盗刷三千，不是本人操作", {"stolen"}),
        ("从未借过这笔钱，怎么会有记录", {"denied"}),
        ("八十岁老人不会用，刚做完手术", {"old", "ill"}),
        ("再也不用你们了，马上销户卸载", {"leaving", "closing", "removing"}),
        ("请问定期存款利率是多少", set()),
    ],
)
def test_what_a_text_signals(text: str, groups: set[str]) -> None:
    assert {GROUPS[group] for group, _, _ in SIGNALS.find(text)} == groups


def test_a_phrase_stands_in_one_group_and_once() -> None:
    phrases = [phrase for members in SIGNALS.phrases.values() for phrase in members]
    assert len(phrases) == len(set(phrases))
    assert all(phrase == phrase.strip().lower() for phrase in phrases), "the text is normalised, the phrases are too"
    for members in SIGNALS.phrases.values():
        swallowed = [(long, short) for long in members for short in members if short != long and short in long]
        assert not swallowed, "the longer one says nothing more"


def test_signals_are_features_beside_the_n_grams_with_the_words_they_stand_on() -> None:
    text = "我要曝光，找媒体曝光！"
    grams = wide(SIGNALS).read(prepared(Doc.of("1", text)))
    mine = grams.buckets == BUCKETS + GROUPS.index("exposure")
    assert grams.values[mine].sum() == pytest.approx(SIGNAL)
    spans = [span for span, one in zip(grams.spans, mine, strict=True) if one]
    assert [text[span.start : span.end] for span in spans] == ["曝光", "媒体", "曝光"]
    assert (grams.buckets >= BUCKETS).sum() == mine.sum()


def test_only_the_customers_words_signal() -> None:
    doc = prepared(Doc("1", (Turn("agent", "您可以拨打12378投诉"), Turn("customer", "我会找律师"))))
    grams = wide(SIGNALS).read(doc)
    assert [span for span, bucket in zip(grams.spans, grams.buckets, strict=True) if bucket >= BUCKETS] == [
        Span(1, 2, 5)
    ]


def test_a_model_that_learnt_no_signals_finds_none() -> None:
    doc = prepared(Doc.of("1", "我要曝光你们"))
    assert (wide(Signals({})).read(doc).buckets < BUCKETS).all()
