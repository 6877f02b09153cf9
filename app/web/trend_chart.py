"""Small multiples: one panel of weekly columns for each topic, the negative part of each column darker."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.web.charts import nice_top

HEIGHT = 84  # px
TOP, BOTTOM = 14, 80


def panel(counts: Sequence[int], negative: Sequence[int], *, label: str, top: int | None = None) -> Markup:
    """Weeks oldest first, `negative` a part of `counts`; `top` is the scale that panels share, else it is their own."""
    scale = top or nice_top(max(counts, default=0))
    width = 100 / max(len(counts), 1)
    columns = []
    for number, (count, bad) in enumerate(zip(counts, negative, strict=True)):
        for css, value in (("bar", count), ("bar strong", bad)):
            if value:
                height = (BOTTOM - TOP) * value / scale
                columns.append(
                    Markup('<rect class="{css}" x="{x:.2f}%" y="{y:.1f}" width="{w:.2f}%" height="{h:.1f}"/>').format(
                        css=css, x=number * width + width * 0.1, y=BOTTOM - height, w=width * 0.8, h=height
                    )
                )
    return Markup(
        '<svg class="chart" width="100%" height="{height}" role="img" aria-label="{label}">'
        '<line class="grid" x1="0" x2="100%" y1="{top}" y2="{top}"/>{columns}'
        '<line class="grid" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>'
        '<text x="0" y="{words}">{scale}</text></svg>'
    ).format(
        height=HEIGHT, label=label, top=TOP, bottom=BOTTOM, words=TOP - 3, scale=scale, columns=Markup("").join(columns)
    )
