"""主题地图 and 主题走势: dots open their texts, a topic is lit up, panels say what the list says."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from app.people.models import Role
from app.topics.models import TopicPlace
from tests.app.tracker.conftest import TODAY, Bank
from tests.app.web.conftest import enter
from tests.app.web.test_figures import say

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime

OLD, NEW = 40, 3  # days ago
PAGES = ["/topics", "/topics/map", "/topics/trends", "/topics/heat", "/topics/impact", "/topic-history"]


@pytest.fixture
def topics(runtime: Runtime, bank: Bank) -> dict[str, list[int]]:
    """Name to its id, then the ids of its feedback: five old ones, and of 短信费 four new ones."""
    with runtime.store.write() as session:
        found: dict[str, list[int]] = {}
        for row, name in enumerate(("短信费", "年费")):
            topic_id = bank.topic(session, name)
            ages = [OLD] * 5 + ([NEW] * 4 if name == "短信费" else [])
            found[name] = [topic_id]
            for number, ago in enumerate(ages):
                one = bank.feedback(session, on=TODAY - timedelta(days=ago), topic_id=topic_id)
                say(session, one, sentiment=number % 3 - 1, risk=None)
                session.add(TopicPlace(interaction_id=one, x=number, y=row))
                found[name].append(one)
    return found


def dots(shown: str, css: str = "") -> set[int]:
    """The feedback that the map's dots open, of the layers with these classes."""
    layers = re.findall(r'<g class="([^"]*)">(.*?)</g>', shown)
    return {
        int(one)
        for classes, inside in layers
        if set(css.split()) <= set(classes.split())
        for one in re.findall(r'href="/feedback/(\d+)"', inside)
    }


def test_every_dot_opens_its_feedback_and_has_the_colour_of_its_sentiment(
    boss: TestClient, topics: dict[str, list[int]]
) -> None:
    shown = boss.get("/topics/map").text
    every = {one for _, *ids in topics.values() for one in ids}
    assert dots(shown) == every
    assert dots(shown, "negative") == {ids[number] for _, *ids in topics.values() for number in range(0, len(ids), 3)}
    assert boss.get(f"/feedback/{min(every)}").status_code == 200
    assert "画出 14 条" in shown
    assert "<svg" in shown


def test_the_map_of_the_last_weeks_leaves_older_dots_out(boss: TestClient, topics: dict[str, list[int]]) -> None:
    shown = boss.get("/topics/map?span=recent").text
    assert dots(shown) == set(topics["短信费"][6:])
    assert "画出 4 条" in shown
    links = unescape(shown)
    assert f"/topics/map?topic={topics['年费'][0]}&span=recent" in links  # still in the list, with none


def test_a_chosen_topic_is_lit_up_and_its_texts_stand_beside(boss: TestClient, topics: dict[str, list[int]]) -> None:
    topic_id, *ids = topics["短信费"]
    shown = boss.get(f"/topics/map?topic={topic_id}").text
    assert dots(shown, "faint") == set(topics["年费"][1:])
    beside = [int(one) for one in re.findall(r'class="quote clip" href="/feedback/(\d+)"', shown)]
    assert beside == ids[::-1]  # newest first
    assert f'href="/topics/{topic_id}"' in shown
    recent = boss.get(f"/topics/map?topic={topics['年费'][0]}&span=recent").text
    assert "这段时间地图上没有它的反馈" in recent


def test_a_map_in_the_tab_order_would_be_a_trap(boss: TestClient, topics: dict[str, list[int]]) -> None:
    svg = re.search(r'<svg class="map".*?</svg>', boss.get("/topics/map").text, re.DOTALL)
    assert svg is not None
    assert 'aria-hidden="true"' in svg[0]
    assert svg[0].count("<a ") == svg[0].count('tabindex="-1"') == 14 + 2


@pytest.mark.parametrize("path", ["/topics/map", "/topics/trends"])
@pytest.mark.parametrize(("role", "may_fit"), [(Role.SUPERVISOR, True), (Role.AUDITOR, False)])
def test_nothing_fitted_yet_says_what_to_do(
    client: TestClient, runtime: Runtime, bank: Bank, role: Role, path: str, *, may_fit: bool
) -> None:
    enter(client, runtime, bank, role)
    shown = client.get(path)
    assert shown.status_code == 200
    assert "每晚自动聚类" in shown.text
    assert ("点“现在聚类”" in shown.text) == may_fit


@pytest.mark.parametrize("path", ["/topics/map?topic=999", "/topics/map?topic=0", "/topics/map?span=x"])
def test_what_makes_no_sense_is_told(boss: TestClient, topics: dict[str, list[int]], path: str) -> None:
    assert boss.get(path).status_code in {404, 422}


@pytest.mark.parametrize("role", Role)
def test_who_sees_topics_sees_the_map(
    client: TestClient, runtime: Runtime, bank: Bank, topics: dict[str, list[int]], role: Role
) -> None:
    enter(client, runtime, bank, role)
    expected = client.get("/topics").status_code
    assert [client.get(path).status_code for path in ("/topics/map", "/topics/trends")] == [expected, expected]


def test_panels_say_what_the_list_says_and_have_a_table(boss: TestClient, topics: dict[str, list[int]]) -> None:
    shown = boss.get("/topics/trends").text
    for name, ids in topics.items():
        assert f'href="/topics/{ids[0]}"' in shown
        label = re.search(rf'aria-label="{name}：近 26 周每周条数 ([\d、]+)；其中负面共 (\d+) 条"', shown)
        assert label is not None
        weekly = [int(count) for count in label[1].split("、")]
        assert len(weekly) == 26
        assert sum(weekly) == len(ids) - 1
        row = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', shown, re.DOTALL)
        assert row is not None
        cells = re.findall(r'<td class="num">(\d+)(?:（(\d+)）)?</td>', row[1])
        assert [int(count) for count, _ in cells] == weekly
        assert sum(int(bad or 0) for _, bad in cells) == int(label[2])
    order = re.findall(r'class="name" href="/topics/(\d+)"', shown)
    assert order == re.findall(r'<th scope="row"><a href="/topics/(\d+)"', boss.get("/topics").text)


def test_panels_share_a_scale_unless_asked_otherwise(boss: TestClient, topics: dict[str, list[int]]) -> None:
    def tops(query: str) -> list[str]:
        return re.findall(r'<text x="0" y="\d+">(\d+)</text>', boss.get(f"/topics/trends{query}").text)

    with_fewer = tops("?scale=own")
    assert len(tops("")) == len(with_fewer) == 2
    assert set(tops("")) == {max(with_fewer, key=int)}


def test_more_than_a_page_of_panels_unfolds(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        for number in range(26):
            bank.topic(session, f"主题{number}")
    first = boss.get("/topics/trends?sort=largest").text
    assert first.count('class="spark') == 0
    assert first.count('class="name"') == 24
    more = re.search(r'href="([^"]*)">更多：其余 2 个主题', first)
    assert more is not None
    assert boss.get(unescape(more[1])).text.count('class="name"') == 26


@pytest.mark.parametrize("here", PAGES)
def test_each_page_over_all_topics_leads_to_the_others(
    boss: TestClient, topics: dict[str, list[int]], here: str
) -> None:
    nav = re.search(r'<nav class="choices" aria-label="主题的视图">(.*?)</nav>', boss.get(here).text, re.DOTALL)
    assert nav is not None
    links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>', nav[1])
    assert [path for path, _ in links] == PAGES
    assert [path for path, current in links if current] == [here]
