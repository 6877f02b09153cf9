"""How often something happened in two periods of the same length, and what may be said of the difference."""

from dataclasses import dataclass
from enum import StrEnum

from scipy.special import betaincinv

CONFIDENCE = 0.95


class Trend(StrEnum):
    """RISING and FALLING mean that the interval of the ratio leaves 1 out."""

    RISING = "rising"
    FALLING = "falling"
    UNCLEAR = "unclear"

    @property
    def chinese(self) -> str:
        """The trend in the console."""
        return {Trend.RISING: "上升", Trend.FALLING: "下降", Trend.UNCLEAR: "看不出升降"}[self]


@dataclass(frozen=True, slots=True)
class Change:
    """`count` in this period against `previous` in the one before, as Poisson counts.

    `ratio` is count / previous, None where `previous` is 0; `low` and `high` are its exact interval at CONFIDENCE
    (Clopper–Pearson on the share of this period, given the sum); `high` is None where there is no upper bound.
    `comparable` is False where the records do not reach back over the period before: nothing is said then.
    """

    count: int
    previous: int
    days: int
    ratio: float | None
    low: float
    high: float | None
    comparable: bool

    @classmethod
    def between(cls, count: int, previous: int, *, days: int, comparable: bool = True) -> "Change":
        """From the two counts of `days` days each."""
        tail = (1 - CONFIDENCE) / 2
        low = _odds(float(betaincinv(count, previous + 1, tail))) if count else 0.0
        high = _odds(float(betaincinv(count + 1, previous, 1 - tail))) if previous else None
        ratio = count / previous if previous else None
        return cls(count, previous, days, ratio, low or 0.0, high, comparable)

    @property
    def trend(self) -> Trend:
        """What the interval allows to say."""
        if not self.comparable:
            return Trend.UNCLEAR
        if self.low > 1:
            return Trend.RISING
        return Trend.FALLING if self.high is not None and self.high < 1 else Trend.UNCLEAR

    @property
    def wording(self) -> str:
        """One Chinese sentence that claims no more than the interval does."""
        counts = f"近 {self.days} 天 {self.count} 条，前 {self.days} 天 {self.previous} 条"
        if not self.comparable:
            said = "，但记录没有覆盖前期"
        elif self.ratio is None:
            said = "，前期没有" if self.count else ""
        else:
            bound = f"{self.low:.1f} 到 {self.high:.1f}" if self.high is not None else f"{self.low:.1f} 以上"
            said = f"，为前期的 {self.ratio:.1f} 倍（95% 区间 {bound}）"
        return f"{counts}{said}：{self.trend.chinese}。"


def _odds(share: float) -> float | None:
    """The ratio of the two rates behind a share of their sum."""
    return share / (1 - share) if share < 1 else None
