"""The map holds its dots, its names do not overlap at any width, and panels of the trends share a scale."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import map_chart, trend_chart
from app.web.charts import nice_top
from app.web.map_chart import TIERS, Dot, Frame, Name, placed, short, topic_map

places = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


def named(place: tuple[float, float], name: str, large: bool) -> Name:  # noqa: FBT001 - drawn
    return Name(*place, name, "/topics/map?topic=1", large=large)


names = st.lists(
    st.builds(named, places, st.text("短信费说不清ATM年费", min_size=1, max_size=20), st.booleans()), max_size=40
)


def parsed(svg: str) -> ET.Element:
    assert " style=" not in svg
    assert "<script" not in svg
    return ET.fromstring(svg)  # noqa: S314 - our own chart


@given(names, st.lists(places, max_size=40))
def test_names_do_not_overlap_at_the_width_they_are_shown_at(
    wanted: list[Name], dots: list[tuple[float, float]]
) -> None:
    frame = Frame(-3, 3, -3, 3)
    crowd = map_chart._crowd([Dot(*at, "negative", "/1", "") for at in dots], frame)
    found = placed(wanted, frame=frame, crowd=crowd)
    for number, (width, height, _) in enumerate(TIERS):
        tiers = {css for _, _, css in TIERS[: number + 1]}
        boxes = [map_chart._box(one, width, height) for one in found if one.css in tiers]
        for first, one in enumerate(boxes):
            assert not any(map_chart._overlap(one, other) for other in boxes[first + 1 :])
    if wanted:
        assert found[0].name == wanted[0]


@given(st.lists(places, min_size=1, max_size=40))
def test_dots_lie_within_the_picture_and_open_their_text(wanted: list[tuple[float, float]]) -> None:
    dots = [Dot(x, y, "negative", f"/feedback/{number}", "<i>原话") for number, (x, y) in enumerate(wanted)]
    root = parsed(str(topic_map(dots, [], frame=Frame.around(wanted))))
    links = root.findall("g/a")
    assert [link.attrib["href"] for link in links] == [dot.href for dot in dots]
    assert {link.attrib["tabindex"] for link in links} == {"-1"}
    assert {link.findtext("title") for link in links} == {"<i>原话"}
    for circle in root.iter("circle"):
        assert 0 <= float(circle.attrib["cx"].removesuffix("%")) <= 100
        assert 0 <= float(circle.attrib["cy"].removesuffix("%")) <= 100


def test_up_in_the_plane_is_up_in_the_picture() -> None:
    frame = Frame.around([(0, 0), (1, 1)])
    (left, low), (right, high) = frame.at(0, 0), frame.at(1, 1)
    assert left < right
    assert low > high


def test_a_name_makes_way_for_the_dots_it_speaks_of() -> None:
    frame = Frame(-3, 3, -3, 3)
    dots = [Dot(number / 50, 0, "negative", "/1", "") for number in range(-10, 10)]
    name = Name(0, 0, "短信费", "/topics/map?topic=1")
    assert placed([name], frame=frame, crowd=map_chart._crowd([], frame))[0].shift == 0
    assert placed([name], frame=frame, crowd=map_chart._crowd(dots, frame))[0].shift != 0


def test_what_was_not_asked_for_lies_beneath() -> None:
    dots = [Dot(0, 0, "negative", "/1", ""), Dot(0, 0, "negative", "/2", "", faint=True)]
    root = parsed(str(topic_map(dots, [], frame=Frame.around([(0, 0)]))))
    assert [group.attrib["class"] for group in root.findall("g")] == ["names", "negative faint", "negative"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("短信费", "短信费"),
        ("登录：版本升级默认", "登录：版本升级默认"),
        ("登录：版本升级默认打开", "登录：版本升级默认…"),
    ],
)
def test_long_names_are_cut(name: str, said: str) -> None:
    assert short(name) == said


weeks = st.lists(
    st.integers(0, 500).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count))), min_size=1, max_size=30
)


@given(weeks, st.sampled_from([None, 1000]))
def test_a_panel_draws_each_week_and_its_negative_part(counted: list[tuple[int, int]], common: int | None) -> None:
    counts, negative = [count for count, _ in counted], [bad for _, bad in counted]
    top = common or nice_top(max(counts))
    svg = trend_chart.panel(counts, negative, label="每周", top=common)
    root = parsed(str(svg))
    plot = trend_chart.BOTTOM - trend_chart.TOP
    for css, values in (("bar", counts), ("bar strong", negative)):
        heights = [float(bar.attrib["height"]) for bar in root.findall("rect") if bar.attrib["class"] == css]
        assert heights == pytest.approx([plot * value / top for value in values if value], abs=0.06)
    assert root.findtext("text") == str(top)
    assert root.attrib["role"] == "img"
