"""What changed for the same customers: the paired difference of their scores, with its interval, in honest words.

Values in, values out: no store.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MIN_PAIRS = 10  # below, a t interval over five-point answers promises more than it keeps
CONFIDENCE = 0.95


class Verdict(StrEnum):
    """What the interval allows to say; BETTER and WORSE mean that it leaves 0 out."""

    TOO_FEW = "too_few"
    UNCLEAR = "unclear"
    BETTER = "better"
    WORSE = "worse"

    @property
    def chinese(self) -> str:
        """The verdict in the console."""
        return VERDICT_TITLES[self]


VERDICT_TITLES = {
    Verdict.TOO_FEW: "样本太少",
    Verdict.UNCLEAR: "看不出变化",
    Verdict.BETTER: "满意度上升",
    Verdict.WORSE: "满意度下降",
}


@dataclass(frozen=True, slots=True)
class PairedChange:
    """Mean scores of the same `n` customers before and after, and the mean of their differences (after − before).

    `low` and `high` bound the difference at 95% (Student's t over the differences); None below two pairs.
    """

    n: int
    mean_before: float | None
    mean_after: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict

    @property
    def wording(self) -> str:
        """One Chinese sentence that claims no more than the interval does."""
        if self.verdict is Verdict.TOO_FEW or self.difference is None or self.low is None or self.high is None:
            return f"前后都有评分的客户只有 {self.n} 位，样本太少（至少要 {MIN_PAIRS} 位），不能判断满意度有没有变化。"
        figures = (
            f"{self.n} 位客户的平均分由 {self.mean_before:.2f} 到 {self.mean_after:.2f}，"
            f"差值 {self.difference:+.2f}（95% 区间 {self.low:+.2f} 到 {self.high:+.2f}）"
        )
        if self.verdict is Verdict.UNCLEAR:
            return f"{figures}，区间包含 0，看不出变化。"
        direction = "上升" if self.verdict is Verdict.BETTER else "下降"
        return f"{figures}，这些客户的满意度{direction}了。"


@dataclass(frozen=True, slots=True)
class Rate:
    """`k` of `n`, with Wilson's 95% interval; all None where n is 0."""

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None


def paired_change(before: Sequence[float], after: Sequence[float]) -> PairedChange:
    """The change of customers i = 0…n-1 from `before[i]` to `after[i]`. ValueError where the lengths differ."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    n = len(differences)
    if n == 0:
        return PairedChange(0, None, None, None, None, None, Verdict.TOO_FEW)
    mean = statistics.fmean(differences)
    low, high = _t_interval(differences, mean) if n > 1 else (None, None)
    return PairedChange(
        n=n,
        mean_before=statistics.fmean(before),
        mean_after=statistics.fmean(after),
        difference=mean,
        low=low,
        high=high,
        verdict=_verdict(n, low, high),
    )


def rate(k: int, n: int) -> Rate:
    """The share k/n with Wilson's interval. ValueError unless 0 ≤ k ≤ n."""
    from scipy.stats import binomtest  # a second to import, so only where a rate is told

    if n == 0 and k == 0:
        return Rate(0, 0, None, None, None)
    interval = binomtest(k, n).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(k, n, k / n, float(interval.low), float(interval.high))


def _t_interval(differences: Sequence[float], mean: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    n = len(differences)
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * statistics.stdev(differences) / math.sqrt(n)
    return mean - half, mean + half


def _verdict(n: int, low: float | None, high: float | None) -> Verdict:
    if n < MIN_PAIRS or low is None or high is None:
        return Verdict.TOO_FEW
    if low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if high < 0 else Verdict.UNCLEAR
