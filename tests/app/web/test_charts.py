"""Charts hold what they are given, fit their axis, and need neither script nor style attribute."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import charts

counts = st.lists(st.integers(0, 5000), min_size=1, max_size=60)


def parsed(svg: str) -> ET.Element:
    assert " style=" not in svg
    assert "<script" not in svg
    return ET.fromstring(svg)  # noqa: S314 - our own chart


@given(counts)
def test_every_period_has_a_column_in_proportion_within_the_plot(values: list[int]) -> None:
    root = parsed(str(charts.bars([(str(i), v) for i, v in enumerate(values)], label="每周")))
    bars = root.findall("rect")
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert len(bars) == len(values)
    assert max(heights) <= charts.BOTTOM - charts.TOP + 0.1
    for value, height in zip(values, heights, strict=True):
        assert height == pytest.approx(value / charts.nice_top(max(values)) * (charts.BOTTOM - charts.TOP), abs=0.06)


@given(st.integers(0, 10**6))
def test_the_axis_top_is_even_and_holds_the_value(value: int) -> None:
    top = charts.nice_top(value)
    assert value <= top <= max(2, 4 * value)
    assert top % 2 == 0


@given(counts, st.data())
def test_columns_from_the_start_on_are_strong_and_the_line_is_named(values: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(values) - 1))
    svg = charts.bars([("周", v) for v in values], label="每周", start=start, start_label="措施开始")
    root = parsed(str(svg))
    strong = ["strong" in bar.attrib["class"] for bar in root.findall("rect")]
    assert strong == [i >= start for i in range(len(values))]
    assert "措施开始" in {text.text for text in root.findall("text")}


@given(counts)
def test_a_sparkline_stays_in_its_box(values: list[int]) -> None:
    root = parsed(str(charts.sparkline(values, label="趋势")))
    line = root.find("polyline")
    assert line is not None
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(points) == len(values)
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in points)


def test_nothing_to_draw_draws_nothing() -> None:
    assert charts.sparkline([], label="空") == ""
    assert charts.stacked([("neg2", 0)], label="空") == ""


def test_shares_fill_the_bar() -> None:
    root = parsed(str(charts.stacked([("neg2", 1), ("zero", 2), ("pos2", 1)], label="情感")))
    widths = [float(part.attrib["width"].rstrip("%")) for part in root.findall("rect")]
    assert widths == [25.0, 50.0, 25.0]


@pytest.mark.parametrize(("low", "high"), [(-0.5, 0.7), (-9, 9), (0.1, 0.2)])
def test_an_interval_is_clamped_to_its_axis(low: float, high: float) -> None:
    root = parsed(str(charts.interval(low, (low + high) / 2, high, reach=2, label="变化")))
    span = next(line for line in root.findall("line") if line.attrib["class"] == "span")
    assert 4 <= float(span.attrib["x1"][:-1]) <= float(span.attrib["x2"][:-1]) <= 96


def test_words_from_outside_are_escaped() -> None:
    svg = str(charts.bars([("<script>", 1)], label='"><script>'))
    assert "<script>" not in svg
    assert re.search(r"&lt;script&gt;", svg)
