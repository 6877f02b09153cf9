"""A supervisor's morning by keyboard alone: an alert, its topic, last month, one topic out of two, a name, an issue.

Runs on the demo that the other tests have used, after a day on which many customers complained of one matter.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.clock import ZONE
from app.commands.demo import occurred_at
from tests.e2e.conftest import ROOT, WIDTHS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

FARTHEST = 250  # presses of the tab key
MINUTE = 60_000  # ms
BEGINNINGS = ("", "你好，", "气死了，", "请问，", "我要投诉，", "麻烦看一下，")
COMPLAINTS = (
    "信用卡年费没通知就扣了，请退还年费",
    "白金卡年费三千六从来没人告诉我，要求退年费",
    "刷卡次数明明够了还收我年费，年费退给我",
    "销户了还在扣年费，年费怎么还收",
    "年费扣了两次，请把多扣的年费退回来",
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def surge(site: Site, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Thirty feedback about annual fees on the day before the demo's morning; how many."""
    last = max(occurred_at(ROOT / "data" / "samples")).astimezone(ZONE)
    rows = [
        {
            "id": f"surge-{number}",
            "channel": "chat",
            "text": f"{beginning}{complaint}",
            "occurred_at": (last.replace(hour=9) + timedelta(minutes=10 * number)).isoformat(),
        }
        for number, (beginning, complaint) in enumerate((b, c) for b in BEGINNINGS for c in COMPLAINTS)
    ]
    file = tmp_path_factory.mktemp("surge") / "surge.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    done = site.command("ingest", str(file), "--source", "chat")
    assert done.returncode == 0, done.stdout + done.stderr
    return len(rows)


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A supervisor who has logged in with the keyboard."""
    context = browser.new_context(base_url=site.url, viewport={"width": WIDTHS["wide"], "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto("/login")
    for label, typed in (("用户名", site.login), ("密码", site.password)):
        reach(page, page.get_by_label(label))
        page.keyboard.insert_text(typed)
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("今日"))
    yield page
    context.close()


def reach(page: Page, wanted: Locator) -> None:
    """Press the tab key until the element has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(FARTHEST):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{wanted} is not reached by the tab key")


def follow(page: Page, wanted: Locator) -> None:
    """Reach a link or a button and press it."""
    reach(page, wanted)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def wait_for_the_alert(page: Page) -> Locator:
    """The alert of today's page, once the worker has read the feedback and grouped it anew."""
    total = "/v1/feedback?state=analysed&source=chat&size=1"
    for _ in range(120):
        if page.request.get("/v1/feedback?state=pending&size=1").json()["total"] == 0:
            break
        page.wait_for_timeout(1000)
    else:
        pytest.fail("feedback still waits to be analysed")
    assert page.request.get(total).json()["total"] > 0
    page.goto("/topics")
    follow(page, page.get_by_role("button", name="现在重新聚类"))
    expect(page.get_by_role("status").first).to_contain_text("已开始重新聚类")
    for _ in range(180):
        if not page.get_by_text("正在重新聚类").count():
            break
        page.wait_for_timeout(1000)
        page.goto("/topics")
    else:
        pytest.fail("the topics are still being grouped")
    page.goto("/")
    return page.locator("section", has=page.get_by_role("heading", name="突然增多"))


def test_from_an_alert_to_an_issue_without_a_mouse(page: Page, surge: int) -> None:
    alerts = wait_for_the_alert(page)
    expect(alerts).to_contain_text(re.compile("年费"))
    follow(page, alerts.locator("strong a").first)
    topic = page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("heading", name=re.compile("^预警"))).to_be_visible()

    follow(page, page.get_by_role("link", name=re.compile("^变化的来由：哪些")))
    follow(page, page.get_by_role("link", name=re.compile("本月")))
    expect(page.get_by_role("heading", level=1)).to_contain_text(topic)
    expect(page.locator("main")).to_contain_text("前一期")
    follow(page, page.locator("a.back"))

    into = page.get_by_label("并入另一个主题")
    reach(page, into)
    page.keyboard.press("ArrowDown")
    target = into.evaluate("select => select.selectedOptions[0].text")
    follow(page, page.get_by_role("button", name="看看会改变什么"))
    expect(page.get_by_role("heading", level=1)).to_have_text("会改变什么")
    page.keyboard.press("Enter")  # 确定 has the focus
    page.wait_for_load_state()
    expect(page.get_by_role("status").first).to_contain_text("并入")
    expect(page.get_by_role("heading", level=1)).to_have_text(target)

    name = page.get_by_label("主题名称")
    reach(page, name)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("年费收得不明不白")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    expect(page.get_by_role("status").first).to_contain_text("已改名为“年费收得不明不白”")

    follow(page, page.get_by_role("button", name="据此建问题"))
    expect(page.get_by_role("status").first).to_contain_text("问题已建立")
    expect(page.get_by_role("heading", level=1)).to_contain_text("年费收得不明不白")
