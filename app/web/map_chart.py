"""The topic map as inline SVG: a dot for each feedback, which opens it, and topic names that do not overlap.

Positions are percentages, so that dots and names keep their size on any screen; which names fit there is worked out
for three widths, and a class hides the others. The picture is hidden from screen readers and left out of the tab
order: the list beside it leads to the same topics and texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

Crowd = Counter[tuple[int, int]]  # cell to dots

SPAN = (3.0, 97.0)  # per cent of either side that the dots take
LONGEST = 10  # code points of a name on the map
LINE = 18  # px of a name's height
SHIFTS = tuple(lines * LINE for lines in (0, -1, 1, -2, 2, -3, 3))  # px: where a name may go instead
NEARNESS = 9  # px that a name moves rather than cover one dot more
CELL = 2  # per cent of either side: how finely dots are counted
PX, LARGE_PX = 12, 14  # of letters; those of ASCII are about half as wide
TIERS = ((310, 390, ""), (380, 560, "minor"), (560, 560, "rare"))  # width and height in px, class of what is added
RADIUS = 2.6  # px: dots are pushed some 5 px apart


@dataclass(frozen=True, slots=True)
class Dot:
    """One feedback: where, its colour by class, what it opens, and whether another topic is asked for."""

    x: float
    y: float
    kind: str
    href: str
    title: str
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """One topic's name and the place it speaks of."""

    x: float
    y: float
    name: str
    href: str
    css: str = ""
    large: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The box that fills the picture; y grows upwards, as it does in the plane."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, places: Sequence[tuple[float, float]]) -> Frame:
        """The smallest that holds all places."""
        xs, ys = [x for x, _ in places] or [0.0], [y for _, y in places] or [0.0]
        return cls(min(xs), max(xs), min(ys), max(ys))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Per cent from the left and from above."""
        low, high = SPAN
        across = (x - self.left) / max(self.right - self.left, 1e-9)
        down = (self.top - y) / max(self.top - self.bottom, 1e-9)
        return low + (high - low) * across, low + (high - low) * down


def topic_map(dots: Sequence[Dot], names: Sequence[Name], *, frame: Frame) -> Markup:
    """Dots in the order given, faint ones beneath; names in the order of their weight, as far as they find a place."""
    layers = [
        Markup('<g class="{kind}">{dots}</g>').format(
            kind=kind, dots=Markup("").join(_dot(one, frame) for one in together)
        )
        for kind, together in _layers(dots)
    ]
    # names lie beneath the dots to be clicked and above them to be read, so that they keep no dot from being opened
    return Markup(
        '<svg class="map" width="100%" height="100%" aria-hidden="true">'
        '{names}{dots}<use class="over" href="#names"/></svg>'
    ).format(dots=Markup("").join(layers), names=_names(names, _crowd(dots, frame), frame))


def _dot(dot: Dot, frame: Frame) -> Markup:
    x, y = frame.at(dot.x, dot.y)
    return Markup(
        '<a href="{href}" tabindex="-1"><title>{title}</title><circle cx="{x:.1f}%" cy="{y:.1f}%" r="{r}"/></a>'
    ).format(href=dot.href, title=dot.title, x=x, y=y, r=RADIUS)


def _layers(dots: Sequence[Dot]) -> list[tuple[str, list[Dot]]]:
    """Runs of dots under one class."""
    found: dict[str, list[Dot]] = {}
    for dot in sorted(dots, key=lambda one: not one.faint):
        found.setdefault(f"{dot.kind} faint" if dot.faint else dot.kind, []).append(dot)
    return list(found.items())


@dataclass(frozen=True, slots=True)
class Placed:
    """A name with its place: per cent, px downwards from there, the end it is held at, and the class that hides it."""

    name: Name
    x: float
    y: float
    shift: int
    anchor: str
    css: str


def placed(names: Sequence[Name], *, frame: Frame, crowd: Crowd) -> list[Placed]:
    """Names that fit beside each other, the first ones first: on a narrow screen those of the first tier.

    Of the places that fit, a name takes the one that covers few dots and is near.
    """
    found: list[Placed] = []
    for number, (width, height, css) in enumerate(TIERS):
        taken = {one.name for one in found}
        for name in names:
            if name not in taken:
                x, y = frame.at(name.x, name.y)
                anchor = "start" if x < 25 else "end" if x > 75 else "middle"  # noqa: PLR2004 - quarters
                tried = (Placed(name, x, y, shift, anchor, css) for shift in SHIFTS)
                fit = [one for one in tried if _fits(one, found, TIERS[number:])]
                costs = [_covered(one, crowd, width, height) + abs(one.shift) / NEARNESS for one in fit]
                found += [fit[costs.index(min(costs))]] if fit else []
    return found


def _crowd(dots: Sequence[Dot], frame: Frame) -> Crowd:
    """How many dots lie in each CELL of the picture."""
    return Counter((int(x // CELL), int(y // CELL)) for x, y in (frame.at(dot.x, dot.y) for dot in dots))


def _covered(one: Placed, crowd: Crowd, width: int, height: int) -> int:
    left, top, right, bottom = _box(one, width, height)
    columns = range(int(left * 100 / width // CELL), int(right * 100 / width // CELL) + 1)
    rows = range(int(top * 100 / height // CELL), int(bottom * 100 / height // CELL) + 1)
    return sum(crowd[column, row] for column in columns for row in rows)


def _fits(one: Placed, others: Sequence[Placed], sizes: Sequence[tuple[int, int, str]]) -> bool:
    """At all of these sizes: a name that has moved out of the way may meet another where the picture is higher."""
    for width, height, _ in sizes:
        box = _box(one, width, height)
        if box[1] < 0 or box[3] > height or any(_overlap(box, _box(other, width, height)) for other in others):
            return False
    return True


def _names(names: Sequence[Name], crowd: Crowd, frame: Frame) -> Markup:
    out = []
    for one in placed(names, frame=frame, crowd=crowd):
        classes = " ".join(filter(None, [one.css, "large" if one.name.large else "", one.name.css]))
        out.append(
            Markup(
                '<a href="{href}" tabindex="-1"><title>{full}</title>'
                '<text class="{classes}" x="{x:.1f}%" y="{y:.1f}%" dy="{shift}" text-anchor="{anchor}">{name}</text>'
                "</a>"
            ).format(
                href=one.name.href,
                full=one.name.name,
                classes=classes,
                x=one.x,
                y=one.y,
                shift=one.shift,
                anchor=one.anchor,
                name=short(one.name.name),
            )
        )
    return Markup('<g id="names" class="names">{names}</g>').format(names=Markup("").join(out))


def short(name: str) -> str:
    """At most LONGEST code points."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _box(one: Placed, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in px of a picture of this size."""
    px = LARGE_PX if one.name.large else PX
    long = sum(0.6 * px if char.isascii() else px for char in short(one.name.name))
    x, y = one.x * width / 100, one.y * height / 100 + one.shift
    left = {"start": x, "middle": x - long / 2, "end": x - long}[one.anchor]
    return left, y - LINE, left + long, y + 4


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
