"""Every label and every kind of personal data has one Chinese name, which people see."""

from __future__ import annotations

import pytest

from nlp import taxonomy


def test_the_heads_and_their_sizes() -> None:
    sizes = {head: len(taxonomy.values(head)) for head in taxonomy.heads()}
    assert sizes == {"intent": 6, "touchpoint": 9, "business": 15, "cause": 13, "sentiment": 5, "risk": 8}


@pytest.mark.parametrize("head", taxonomy.heads())
def test_values_have_distinct_chinese_names(head: str) -> None:
    titles = [taxonomy.title(head, value) for value in taxonomy.values(head)]
    assert len(set(titles)) == len(titles)
    assert all(any("一" <= char <= "鿿" for char in title) for title in [taxonomy.head_title(head), *titles])


def test_a_complaint_in_the_texts_is_not_yet_a_regulated_one() -> None:
    assert taxonomy.title("intent", "complaint") == "不满"
    assert all(
        "投诉" not in taxonomy.title(head, value) for head in taxonomy.heads() for value in taxonomy.values(head)
    )


def test_sentiment_is_named_by_number_or_text() -> None:
    assert taxonomy.title("sentiment", -2) == taxonomy.title("sentiment", "-2") == "强烈负面"


def test_unknown_names_are_errors() -> None:
    with pytest.raises(KeyError):
        taxonomy.values("mood")
    with pytest.raises(KeyError):
        taxonomy.title("intent", "anger")


def test_ways_to_write_a_number_share_one_placeholder() -> None:
    assert {taxonomy.pii_title(kind) for kind in ("MOBILE", "MOBILE_SPACED", "MOBILE_SPOKEN")} == {"手机号"}
