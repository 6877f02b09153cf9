"""Server-made inline SVG: no script, no style attribute, colours by class so that light and dark both work.

Every chart is an image to a screen reader (`role="img"` with a label that says what it shows) and stands
beside a real table on its page. Positions are percentages, so text keeps its size on a narrow screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log10

from markupsafe import Markup

Parts = Sequence[tuple[str, int]]  # (css class, count)

SMALLEST_TOP = 2  # of an axis
MIDDLE = 55  # per cent of the width; words right of it run to the left
HEIGHT = 190  # px, of which the plot takes TOP..BOTTOM
TOP, BOTTOM = 22, 160
LEFT, RIGHT = 7.0, 99.0  # per cent of the width; the axis numbers stand left of LEFT


def sparkline(values: Sequence[float], *, label: str) -> Markup:
    """A word-sized line over equally spaced periods, oldest first; a flat line when all are zero."""
    top = max(values, default=0) or 1
    step = 112 / max(len(values) - 1, 1)
    points = [(4 + i * step, 25 - 22 * value / top) for i, value in enumerate(values)]
    if not points:
        return Markup("")
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 120 28" role="img" aria-label="{label}">'
        '<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    ).format(label=label, line=line, x=x, y=y)


def nice_top(value: float) -> int:
    """The smallest of 2, 4, 10, 20, 40, 100 … that holds `value`: an axis top whose half is whole too."""
    if value <= SMALLEST_TOP:
        return SMALLEST_TOP
    power = 10 ** int(log10(value))
    return next(int(step * power) for step in (1, 2, 4, 10) if step * power >= ceil(value))


def bars(points: Sequence[tuple[str, int]], *, label: str, start: int | None = None, start_label: str = "") -> Markup:
    """Counts per period as columns, oldest first; `start` is the index of the period an action began in."""
    top = nice_top(max((count for _, count in points), default=0))
    width = (RIGHT - LEFT) / max(len(points), 1)
    out = [_axis(top)]
    every = max(1, ceil(len(points) / 9))
    for i, (name, count) in enumerate(points):
        x = LEFT + i * width
        height = (BOTTOM - TOP) * count / top
        strong = " strong" if start is not None and i >= start else ""
        out.append(
            Markup('<rect class="bar{s}" x="{x:.2f}%" y="{y:.1f}" width="{w:.2f}%" height="{h:.1f}"/>').format(
                s=strong, x=x + width * 0.12, y=BOTTOM - height, w=width * 0.76, h=height
            )
        )
        if i % every == 0:
            minor = "" if i % (every * 2) == 0 else "minor"
            out.append(
                Markup('<text class="{minor}" x="{x:.2f}%" y="178" text-anchor="middle">{name}</text>').format(
                    minor=minor, x=x + width / 2, name=name
                )
            )
    if start is not None:
        out.append(_start_line(LEFT + start * width, start_label))
    return Markup(
        '<svg class="chart" width="100%" height="{height}" role="img" aria-label="{label}">{body}</svg>'
    ).format(height=HEIGHT, label=label, body=Markup("").join(out))


def _axis(top: int) -> Markup:
    """Three horizontal lines with their numbers: nothing, half, top."""
    out = []
    for value in (0, top // 2, top):
        y = BOTTOM - (BOTTOM - TOP) * value / top
        out.append(
            Markup(
                '<line class="grid" x1="{left}%" x2="{right}%" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text x="{text}%" y="{ty:.1f}" text-anchor="end">{value}</text>'
            ).format(left=LEFT, right=RIGHT, text=LEFT - 1.5, y=y, ty=y + 4, value=value)
        )
    return Markup("").join(out)


def _start_line(x: float, label: str) -> Markup:
    """The dashed line where an action began; its words turn to the left in the right half."""
    anchor, shift = ("start", 0.6) if x < MIDDLE else ("end", -0.6)
    return Markup(
        '<line class="start" x1="{x:.2f}%" x2="{x:.2f}%" y1="8" y2="{bottom}"/>'
        '<text class="start-label" x="{tx:.2f}%" y="14" text-anchor="{anchor}">{label}</text>'
    ).format(x=x, bottom=BOTTOM, tx=x + shift, anchor=anchor, label=label)


def stacked(parts: Parts, *, label: str) -> Markup:
    """One bar split by share, for the five steps of sentiment; nothing when there is nothing to split."""
    total = sum(count for _, count in parts)
    if not total:
        return Markup("")
    out, x = [], 0.0
    for name, count in parts:
        width = 100 * count / total
        out.append(Markup('<rect class="{c}" x="{x:.2f}%" width="{w:.2f}%" height="12"/>').format(c=name, x=x, w=width))
        x += width
    return Markup('<svg class="stack" height="12" role="img" aria-label="{label}">{body}</svg>').format(
        label=label, body=Markup("").join(out)
    )


def interval(low: float, middle: float, high: float, *, reach: float, label: str) -> Markup:
    """A change with its interval on an axis from -reach to +reach, the zero line in the middle."""

    def at(value: float) -> float:
        return 50 + 46 * max(-1.0, min(1.0, value / reach))

    return Markup(
        '<svg class="chart" width="100%" height="56" role="img" aria-label="{label}">'
        '<line class="grid" x1="4%" x2="96%" y1="22" y2="22"/><line class="start" x1="50%" x2="50%" y1="6" y2="38"/>'
        '<line class="span" x1="{low:.2f}%" x2="{high:.2f}%" y1="22" y2="22"/>'
        '<circle class="dot" cx="{mid:.2f}%" cy="22" r="5"/>'
        '<text x="4%" y="52">−{reach:g}</text><text x="50%" y="52" text-anchor="middle">0 没有变化</text>'
        '<text x="96%" y="52" text-anchor="end">+{reach:g}</text></svg>'
    ).format(label=label, low=at(low), high=at(high), mid=at(middle), reach=reach)
