"""The sentence about a topic's scores says what the table of all topics says, and never a cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.topics.differences import Estimate
from app.topics.impact import Answers, Impact
from app.web import impact_views

LOW = Impact(
    topic_id=1,
    answers=Answers(40, 60.0, 100.0),
    everybody=Answers(120, 340.0, 1100.0),
    difference=Estimate(-2.0, -2.19, -1.81),
    compared=40,
    found=True,
)


def test_lower_scores_are_told_without_a_cause() -> None:
    assert impact_views.sentence(LOW) == (
        "比渠道构成相同的其他反馈低 2.00 分（95% 区间 −2.19 到 −1.81）。"
        "去掉这些评分，总体均值从 2.83 变为 3.50。同时出现，不等于由它造成。"
    )


@pytest.mark.parametrize(
    ("difference", "found", "told", "mark"),
    [
        (Estimate(-2.0, -2.19, -1.81), True, "低 2.00 分", "低于其他"),
        (Estimate(0.5, 0.3, 0.7), True, "高 0.50 分", "高于其他"),
        # its own interval leaves 0 out, and among all topics that may be chance
        (Estimate(-0.3, -0.59, -0.01), False, "相差 −0.30 分（95% 区间 −0.59 到 −0.01），区间虽不含 0", ""),
        (Estimate(-0.3, -0.8, 0.2), False, "相差 −0.30 分（95% 区间 −0.80 到 +0.20），看不出高低", ""),
        (Estimate(-0.001, -0.4, 0.4), False, "相差 0.00 分", ""),
    ],
)
def test_the_sentence_and_the_mark_say_the_same(difference: Estimate, told: str, mark: str, *, found: bool) -> None:
    impact = replace(LOW, difference=difference, found=found)
    sentence = impact_views.sentence(impact)
    assert told in sentence
    assert impact_views.row(impact, "短信费")["told"] == mark
    assert bool(mark) == sentence.startswith("比")


def test_too_few_are_not_compared() -> None:
    few = replace(LOW, difference=None, compared=29, found=False)
    assert impact_views.sentence(few) == "能与其他反馈比的评分有 29 个，至少要 30 个才比较。"
    assert impact_views.sentence(replace(few, answers=Answers())) == ""
