"""The exact interval of a ratio of two counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.topics.rates import Change, Trend


@pytest.mark.parametrize(
    ("count", "previous", "low", "high", "trend"),
    [
        (0, 0, 0.0, None, Trend.UNCLEAR),
        (1, 0, 0.0256, None, Trend.UNCLEAR),
        (6, 0, 1.178, None, Trend.RISING),
        (0, 6, 0.0, 0.849, Trend.FALLING),
        (10, 10, 0.374, 2.674, Trend.UNCLEAR),
        (15, 3, 1.411, 26.95, Trend.RISING),
        (100, 100, 0.7517, 1.3303, Trend.UNCLEAR),
    ],
)
def test_known_intervals(count: int, previous: int, low: float, high: float | None, trend: Trend) -> None:
    change = Change.between(count, previous, days=28)
    assert change.low == pytest.approx(low, rel=0.01)
    assert change.high is None if high is None else change.high == pytest.approx(high, rel=0.01)
    assert change.trend is trend


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_interval_holds_the_ratio_and_mirrors(count: int, previous: int) -> None:
    change = Change.between(count, previous, days=7)
    mirrored = Change.between(previous, count, days=7)
    if change.ratio is not None:
        assert change.high is not None
        assert change.low <= change.ratio <= change.high
        if mirrored.high is not None:
            assert change.low == pytest.approx(1 / mirrored.high, rel=1e-6)
    assert (change.trend is Trend.RISING) == (mirrored.trend is Trend.FALLING)


def test_nothing_is_said_where_the_records_do_not_reach_back() -> None:
    change = Change.between(15, 0, days=28, comparable=False)
    assert change.trend is Trend.UNCLEAR
    assert change.wording == "近 28 天 15 条，前 28 天 0 条，但记录没有覆盖前期：看不出升降。"


def test_wording_claims_no_more_than_the_interval() -> None:
    assert Change.between(15, 3, days=28).wording == (
        "近 28 天 15 条，前 28 天 3 条，为前期的 5.0 倍（95% 区间 1.4 到 26.9）：上升。"
    )
    assert Change.between(3, 0, days=28).wording == "近 28 天 3 条，前 28 天 0 条，前期没有：看不出升降。"
    assert Change.between(0, 0, days=7).wording == "近 7 天 0 条，前 7 天 0 条：看不出升降。"
