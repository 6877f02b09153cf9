"""A message made to be slow to read for names and addresses is not: twice the length costs about twice the time."""

from __future__ import annotations

import time
from itertools import cycle, islice

import numpy as np
import pytest

from nlp import addresses, persons

LENGTH = 6_000
UNITS = {
    "houses": "路1号",
    "streets": "路街巷弄道里",
    "doors": "1栋2单元3室",
    "numbers": "一二三四五",
    "regions": "省市区县",
    "places": "某某某某某某某某某某",
    "hyphens": "里1-2-3",
    "villages": "村1组",
    "surnames": "王",
    "compounds": "欧阳",
    "announced": "我叫王五",
    "titles": "王经理",
    "lines": "王五\n",
    "honorifics": "王先生",
    "links": "姓名：：：",
    "dots": "我叫古丽·艾山来投诉",
}


def cpu_seconds(unit: str, length: int, value: float) -> float:
    """In time of this process alone."""
    text = "".join(islice(cycle(unit), length))
    likely = np.full(length, value, np.float32)
    begin = time.process_time()
    list(addresses.find(text, likely))
    list(persons.find(text, likely, []))
    return time.process_time() - begin


@pytest.mark.parametrize("value", [0.3, 0.9])
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_twice_the_text_takes_about_twice_the_time(unit: str, value: float) -> None:
    took = [(cpu_seconds(unit, LENGTH, value), cpu_seconds(unit, 2 * LENGTH, value)) for _ in range(5)]
    once, twice = map(min, zip(*took, strict=True))  # in turn: what runs on the other half of the core slows both
    assert twice <= 3 * once + 0.02
