"""Satisfaction beside topics, as pages show it: the same verdict in the sentence of one and in the table of all."""

from __future__ import annotations

from typing import Any

from app.topics.impact import FEWEST, Impact
from app.web.words import signed

DIGITS = 2  # of a mean on the scale 1 to 5
DRAG_DIGITS = 3  # a topic moves the mean of all by little


def sentence(impact: Impact) -> str:
    """Chinese sentences that claim no more than what was `found`, and never a cause; "" without answers."""
    if impact.answers.mean is None:
        return ""
    if impact.difference is None:
        return f"能与其他反馈比的评分有 {impact.compared} 个，至少要 {FEWEST} 个才比较。"
    value, low, high = impact.difference.value, impact.difference.low, impact.difference.high
    interval = f"（95% 区间 {signed(low, DIGITS)} 到 {signed(high, DIGITS)}）"
    if impact.found:
        said = f"比渠道构成相同的其他反馈{'低' if value < 0 else '高'} {abs(value):.{DIGITS}f} 分{interval}"
    else:
        chance = "区间虽不含 0，各主题一起看还在随机波动之内" if impact.difference.sure else "看不出高低"
        said = f"与渠道构成相同的其他反馈相差 {signed(value, DIGITS)} 分{interval}，{chance}"
    return f"{said}。{_arithmetic(impact)}同时出现，不等于由它造成。"


def _arithmetic(impact: Impact) -> str:
    """What the mean of all would be without these answers."""
    if impact.without is None or impact.everybody.mean is None:
        return ""
    return f"去掉这些评分，总体均值从 {impact.everybody.mean:.2f} 变为 {impact.without:.2f}。"


def row(impact: Impact, name: str) -> dict[str, Any]:
    """A topic's line: its mean, what the mean of all would be, and the difference to the others."""
    difference, mean = impact.difference, impact.answers.mean
    return {
        "id": impact.topic_id,
        "name": name,
        "n": impact.answers.n,
        "mean": "" if mean is None else f"{mean:.{DIGITS}f}",
        "drag": signed(impact.drag, DRAG_DIGITS),
        "without": "—" if impact.without is None else f"{impact.without:.{DIGITS}f}",
        "difference": signed(difference.value, DIGITS) if difference else "",
        "interval": f"{signed(difference.low, DIGITS)} 到 {signed(difference.high, DIGITS)}" if difference else "",
        "compared": impact.compared,
        "told": ("低于其他" if difference.value < 0 else "高于其他") if difference and impact.found else "",
        "low": bool(difference and difference.value < 0),
    }
