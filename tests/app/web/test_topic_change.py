"""The pages 变化的来由, 热力图 and 主题与满意度: figures open their lists, words claim no more than they know."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from app.channels.kinds import Role as Speaker
from app.channels.kinds import ScoreKind
from app.feedback import wording
from app.feedback.models import Analysis, Interaction, Message, Score
from app.people.models import Role
from app.store.sealing import seal
from app.topics.models import TopicAssignment
from app.web.pages import topic_heat
from tests.app.tracker.conftest import NOW, TODAY, Bank
from tests.app.web.conftest import enter
from tests.app.web.test_alerts import plant
from tests.app.web.test_correcting import analysed

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from sqlmodel import Session

    from app.runtime import Runtime

EVIL = "<i>短信费</i>"


def say(
    session: Session,
    bank: Bank,
    topic_id: int,
    *,
    days_ago: int,
    text: str,
    touchpoint: str,
    csat: float | None = None,
    customer_id: int | None = None,
) -> None:
    """An analysed feedback of a topic with its words in the search."""
    number = analysed(session, bank)
    row = session.get_one(Interaction, number)
    row.occurred_at -= timedelta(days=days_ago)
    row.region = "<远山>" if days_ago % 2 else "南岭市"
    row.customer_id = customer_id
    analysis = session.get_one(Analysis, row.analysis_id)
    analysis.touchpoint, analysis.cause = touchpoint, "pricing"
    session.add(TopicAssignment(interaction_id=number, topic_id=topic_id, score=0.9, version_id=bank.version_id))
    original = seal(session, text.encode(), context="message.original")
    session.add(
        Message(
            interaction_id=number, seq=0, external_id="0", role=Speaker.CUSTOMER, original=original, masked_text=text
        )
    )
    if csat is not None:
        session.add(
            Score(interaction_id=number, kind=ScoreKind.CSAT, value=csat, scale_min=1, scale_max=5, answered_at=NOW)
        )
    session.flush()
    wording.settle(session, row)


@pytest.fixture
def topic(runtime: Runtime, bank: Bank) -> int:
    """From 8 to 32 in four weeks: the same desk as before, and the app, where people speak of something new."""
    with runtime.store.write() as session:
        topic = bank.topic(session, EVIL)
        rich = bank.customer(session)
        rich.segment = "贵宾&1"
        for number in range(8):
            for days_ago in (1 + number, 29 + number):
                say(
                    session,
                    bank,
                    topic,
                    days_ago=days_ago,
                    text="短信费又扣了",
                    touchpoint="branch",
                    csat=4 + number % 2,
                )
        for number in range(24):
            text = "手机银行闪退，打不开"
            say(
                session,
                bank,
                topic,
                days_ago=1 + number // 2,
                text=text,
                touchpoint="mobile_app",
                csat=1 + number % 2,
                customer_id=rich.id if number % 2 else None,
            )
        other = bank.topic(session, "别的")
        for number in range(32):
            say(session, bank, other, days_ago=70 - number, text="挺好", touchpoint="branch", csat=4 + number % 2)
        return topic


@pytest.fixture
def bare(runtime: Runtime, bank: Bank) -> int:
    """A topic without any feedback."""
    with runtime.store.write() as session:
        return bank.topic(session)


def figures(shown: str) -> list[tuple[str, int]]:
    """Every link to a list whose words are a number, with it."""
    found = re.findall(r'<a href="(/feedback\?[^"]*)"[^>]*>([0-9,]+)</a>', shown)
    return [(unescape(link), int(count.replace(",", ""))) for link, count in found]


def days(later: str, earlier: str) -> dict[str, str]:
    """The form's fields from 10-01..10-02."""
    names = ("later_since", "later_until", "earlier_since", "earlier_until")
    return {name: f"2026-{day}" for name, day in zip(names, f"{later}..{earlier}".split(".."), strict=True)}


@pytest.mark.parametrize(
    "path",
    [
        "/topics/{topic}/change",
        "/topics/{topic}/change?period=week",
        "/topics/heat",
        "/topics/heat?topic={topic}",
        "/topics/heat?view=topic-cause",
        "/topics/heat?view=topic-touchpoint",
    ],
)
def test_every_figure_opens_the_list_that_it_counts(boss: TestClient, topic: int, path: str) -> None:
    shown = boss.get(path.format(topic=topic)).text
    found = figures(shown)
    assert found
    assert ("segment=" in shown) == ("/change" in path)
    for link, count in set(found):
        listed = boss.get(link).text
        assert f"共 {count:,} 条" in listed, link
        assert "没有使用这些筛选条件" not in listed
    assert not re.search(r"<i>|<远山|<script|\sstyle=", shown)


def test_the_sentence_says_how_much_and_what_carries_it(boss: TestClient, topic: int) -> None:
    shown = boss.get(f"/topics/{topic}/change").text
    lede = re.search(r'<p class="lede">(.*?)</p>', shown)
    assert lede is not None
    assert re.match(
        r"比前一期的 28 天多 24 条（95% 区间 \d+ 到 \d+）。其中触点 手机银行 多 24 条（95% 区间 \d+ 到 \d+），"
        r"占比由 0% 升到 75%。更常说到：.*闪退",
        lede[1],
    )
    assert "条数增多" in shown
    assert "占比下降" in shown
    assert "百分点（95% 区间）</div></th>" in shown
    assert "不等于由它造成" in shown
    assert f'href="/topics/{topic}/change"' in boss.get(f"/topics/{topic}").text


def test_days_of_ones_own(boss: TestClient, topic: int) -> None:
    shown = boss.get(f"/topics/{topic}/change", params=days("10-13..10-19", "09-01..09-14")).text
    assert "10月13日–10月19日（7 天）" in shown
    assert "按 7 天折算" in shown
    assert 'value="2026-09-14"' in shown
    odd = boss.get(f"/topics/{topic}/change", params=days("10-18..10-19", "09-01..09-14")).text
    assert "工作日与周末的差别没有扣除" in odd
    assert re.search(r"没有标记的 .*标记把这一点算进去了", odd, re.DOTALL)
    assert "看不出变化的" not in odd  # an interval may leave 0 out where no mark does


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (days("10-13..10-12", "09-01..09-14"), "后一期的结束日期早于开始日期"),
        (days("10-13..10-20", "09-01..09-14"), "最晚到昨天"),
        ({"later_since": "gestern"}, "后一期从要写成 2026-11-06 这样的日期"),
        (days("10-13..10-19", "09-01..09-14") | {"earlier_since": ""}, "前一期从要写成"),
        (days("10-13..10-19", "09-01..09-14") | {"earlier_since": "0001-01-01"}, "前一期从要在 1990 年到 2100 年之间"),
        (days("10-13..10-19", "09-01..09-14") | {"earlier_since": "1999-12-31"}, "开始日期太早"),
        (days("10-13..10-19", "09-01..09-14") | {"earlier_since": "2024-01-01"}, "最多 366 天"),
    ],
)
def test_days_that_cannot_be_compared_are_told(boss: TestClient, bare: int, sent: dict[str, str], told: str) -> None:
    answer = boss.get(f"/topics/{bare}/change", params=sent)
    assert answer.status_code == 422
    assert told in answer.text
    assert "下面仍是近 28 天对前 28 天" in answer.text


def test_nothing_to_compare_says_what_to_do(boss: TestClient, topic: int) -> None:
    shown = boss.get(f"/topics/{topic}/change", params=days("10-13..10-19", "01-01..01-14")).text
    assert "记录没有覆盖前一期，不能比较" in shown
    assert "条数增多</span>" not in shown
    empty = boss.get(f"/topics/{topic + 1}/change", params=days("10-18..10-19", "10-16..10-17")).text
    assert "请选别的时段，或自选日期" in empty
    assert boss.get("/topics/999/change").status_code == 404


def test_an_alert_leads_to_its_own_days(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    alert = plant(runtime, bank, since=TODAY - timedelta(days=3))
    plant(runtime, bank, topic=None)
    link = re.search(r'<a href="([^"]*)" aria-label="变化的来由：短信费"', boss.get("/").text)
    assert link is not None
    assert boss.get("/").text.count("变化的来由：") == 1  # 未归类 has no page of its own
    shown = boss.get(unescape(link[1])).text
    assert f'action="/topics/{alert.topic_id}/change"' in shown
    assert 'value="2026-10-17"' in shown
    assert 'value="2026-09-19"' in shown
    assert 'value="2026-10-16"' in shown


def test_the_heat_map_sums_up(boss: TestClient, topic: int) -> None:
    shown = boss.get("/topics/heat").text
    assert "共 32 条" in shown
    assert re.search(
        r'class="num heat5"><a href="[^"]*cause=pricing&amp;touchpoint=mobile_app[^"]*"[^>]*>24</a>', shown
    )
    assert "没有这个主题" in boss.get("/topics/heat?topic=99").text
    assert "没有这个主题" in boss.get("/topics/heat?topic=x").text
    assert boss.get("/topics/heat?view=x").status_code == 422
    assert "换一个主题" in boss.get(f"/topics/heat?topic={topic + 1}").text


@pytest.mark.parametrize(("most", "words"), [(29, "1 2–4 5–10 11–18 19+"), (12, "1 2–4 5–7 8+"), (1, "1+")])
def test_every_shade_of_the_legend_holds_its_counts(most: int, words: str) -> None:
    told = topic_heat._shades(most)
    assert " ".join(counts.replace(" 以上", "+") for _, counts in told) == words
    for step, counts in told:
        low, _, high = counts.removesuffix(" 以上").partition("–")
        assert topic_heat.shade(int(low), most) == topic_heat.shade(int(high or low), most) == step
    assert topic_heat.shade(0, most) == 0
    assert topic_heat.shade(9 * most, most) == 5  # what names nothing is not measured


def test_satisfaction_is_told_without_a_cause(boss: TestClient, topic: int) -> None:
    page = boss.get("/topics/impact?days=91").text
    assert "低于其他" in page
    assert "不等于由它造成" in page
    assert page.index(">&lt;i&gt;短信费") < page.index(">别的<")
    assert "评分太少，不比" not in page
    assert "至少要 30 个才比较" in boss.get(f"/topics/{topic}").text  # nobody else was asked in these four weeks
    assert boss.get("/topics/impact?days=0").status_code == 422
    few = boss.get("/topics/impact?days=1").text
    assert "没有一个主题的评分多到能比" in few
    assert few.index("评分太少，不比（1 个主题）") < few.index(">&lt;i&gt;短信费")
    assert "去掉后总体</th>" not in few  # nothing is ranked by single answers


@pytest.mark.parametrize("role", Role)
def test_who_may_read_topics_may_read_why(
    client: TestClient, runtime: Runtime, bank: Bank, bare: int, role: Role
) -> None:
    enter(client, runtime, bank, role)
    may = client.get("/topics").status_code
    for path in (f"/topics/{bare}/change", "/topics/heat", "/topics/impact"):
        assert client.get(path).status_code == may
