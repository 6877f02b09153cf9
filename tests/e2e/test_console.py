"""The README's path in a real browser, on the real demo: all sample feedback, the real model, the real process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SCREENSHOTS, WIDTHS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

FEEDBACK = 2515  # of the samples

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A supervisor, logged in, in one browser for the whole path."""
    context = browser.new_context(base_url=site.url, viewport={"width": WIDTHS["wide"], "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto("/")
    page.get_by_label("用户名").fill(site.login)
    page.get_by_label("密码").fill(site.password)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_title(re.compile("今日"))
    yield page
    context.close()


def test_every_sample_is_analysed(page: Page) -> None:
    answer = page.request.get("/v1/feedback?state=analysed&size=1")
    assert answer.ok
    assert answer.json()["total"] == FEEDBACK


def test_from_a_rising_topic_to_before_and_after(page: Page) -> None:
    page.get_by_role("link", name="主题", exact=True).click()
    page.locator("tbody th[scope=row] a").first.click()
    topic = page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("heading", name="有代表性的原话")).to_be_visible()

    page.get_by_role("button", name="据此建问题").click()
    expect(page.get_by_role("status").first).to_contain_text("问题已建立")
    expect(page.get_by_role("heading", level=1)).to_contain_text(topic)

    page.get_by_role("link", name="加一项措施").click()
    page.get_by_label("措施").first.fill("改写短信并前置提醒")
    page.get_by_label("目标").fill("同一批客户满意度提高 0.5 分")
    page.get_by_label("期限").fill("2026-11-20")
    page.get_by_role("button", name="保存").click()
    link = page.get_by_role("link", name="改写短信并前置提醒")
    if link.count():
        link.first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("改写短信并前置提醒")

    page.get_by_label("生效日期").fill("2026-10-20")
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="列出受影响客户").click()
    for answer in ("4", "5", "3", "none"):
        record = page.locator("form.record").first
        record.get_by_role("combobox").select_option(answer)
        record.get_by_role("button").click()
        expect(page.get_by_role("status").first).to_contain_text("已记录")
    comparison = page.locator("section", has=page.get_by_role("heading", name="前后对比"))
    expect(comparison).to_contain_text("同一批客户")
    expect(comparison.locator("table").first).to_contain_text("人数 n")
    expect(page.get_by_role("heading", name="经过")).to_be_visible()


def test_texts_are_reviewed_by_keyboard_alone(page: Page) -> None:
    page.goto("/review")
    place, reasons = page.locator(".lede"), page.locator("section.decide li")
    expect(place).to_contain_text("今天已看 0 条")
    expect(reasons.first).to_be_visible()
    page.keyboard.press("Enter")  # the first head in doubt has the focus, and Enter confirms
    expect(place).to_contain_text("今天已看 1 条")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(place).to_contain_text("今天已看 2 条")
    expect(page.get_by_role("status").first).to_contain_text("的判断，列表和统计都按它算")
    page.get_by_role("status").first.get_by_role("button", name="撤销").press("Enter")
    expect(place).to_contain_text("今天已看 1 条")
    expect(reasons.first).to_be_visible()


PAGES = (
    "/",
    "/topics",
    "/topics/1",
    "/topics/1/split",
    "/topics/map",
    "/topics/map?topic=1",
    "/topics/trends",
    "/topics/1/change",
    "/topics/heat",
    "/topics/impact",
    "/topic-history",
    "/feedback",
    "/feedback?intent=complaint",
    "/feedback/2515",
    "/review",
    "/review/agreement",
    "/issues",
    "/issues/1",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_fit(browser: Browser, page: Page, site: Site, width: str, scheme: str) -> None:
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": WIDTHS[width], "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        storage_state=page.context.storage_state(),
    )
    SCREENSHOTS.mkdir(exist_ok=True)
    shown = context.new_page()
    for path in PAGES:
        shown.goto(path)
        name = re.sub(r"\W+", "-", path).strip("-") or "today"
        shown.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
        overflow = shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is wider than the screen by {overflow} px"
        violations = Axe().run(shown)["violations"]
        assert not violations, [(path, one["id"], one["nodes"][0]["html"][:200]) for one in violations]
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_placeholder_among_the_words_of_a_label_can_be_read(page: Page, scheme: str) -> None:
    # which texts of the samples have one depends on the machine's rounding, so it is set into a page here
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto("/review")
    words = '<p><mark>加我 <span class="pii">[QQ号1]</span> 退钱<sup>1</sup></mark></p>'
    page.evaluate("words => document.querySelector('main').insertAdjacentHTML('beforeend', words)", words)
    assert not Axe().run(page, {"include": [["mark:has(.pii)"]]})["violations"]


def test_the_console_works_without_javascript_and_loads_nothing_from_outside(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    page.get_by_label("用户名").fill(site.login)
    page.get_by_label("密码").fill(site.password)
    page.get_by_role("button", name="登录").click()
    page.goto("/topics")
    page.locator("tbody th[scope=row] a").first.click()
    expect(page.get_by_role("heading", name="有代表性的原话")).to_be_visible()
    assert all(url.startswith(site.url) for url in asked), asked
    context.close()


def test_nothing_personal_is_readable_in_what_the_demo_wrote(page: Page, site: Site, tmp_path: Path) -> None:
    """The store with its jobs and audit, the log, the pages and the error pages, searched for all that was planted."""
    for number, path in enumerate((*PAGES, "/audit", "/jobs", "/feedback?q=13800138000", "/nowhere", "/feedback/0")):
        (tmp_path / f"{number}.html").write_text(page.request.get(path).text(), encoding="utf-8")
    planted = ("--planted", "data/samples/corpus.jsonl")
    done = site.command("privacy", "scan", *planted, "--also", str(site.out), "--also", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr[-500:]
    looked = re.search(r"(\d+) 个值", done.stdout)
    assert looked is not None
    assert int(looked[1]) > 20 * FEEDBACK  # of the demo's store, and not of an empty one


def test_the_probes_answer_and_a_stranger_sees_nothing(site: Site) -> None:
    assert httpx2.get(f"{site.url}/healthz").json() == {"status": "ok"}
    assert httpx2.get(f"{site.url}/v1/feedback").status_code == 401
    assert httpx2.get(f"{site.url}/feedback").headers["location"].startswith("/login")
