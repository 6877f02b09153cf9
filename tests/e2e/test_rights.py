"""An auditor's day in a real browser: a copy, a hold, a deletion, and what is old let go.

After test_console.py, on the same demo: here feedback is deleted.
"""

from __future__ import annotations

import json
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SCREENSHOTS, WIDTHS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RIGHTS = ("/rights", "/rights/5", "/rights/requests/2/delete", "/retention")
AUDITOR, WORDS = "shenji", "Hao-de-mima-2026"


@pytest.fixture
def auditor(browser: Browser, site: Site) -> Iterator[Page]:
    """An auditor, logged in."""
    words = ("user", "add", "--login", AUDITOR, "--name", "审计员", "--role", "auditor")
    added = site.command(*words, told=f"{WORDS}\n{WORDS}\n")
    assert added.returncode == 0, added.stdout
    context = browser.new_context(base_url=site.url, viewport={"width": WIDTHS["narrow"], "height": 844})
    page = context.new_page()
    page.goto("/")
    page.get_by_label("用户名").fill(AUDITOR)
    page.get_by_label("密码").fill(WORDS)
    page.get_by_role("button", name="登录").click()
    yield page
    context.close()


def register(page: Page, ref: str, right: str) -> None:
    """Open a customer by reference and note what he asks for."""
    page.goto("/rights")
    page.get_by_label("客户编号").fill(ref)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(ref)
    page.get_by_label("客户要求").select_option(label=right)
    page.get_by_label("怎样核实本人").select_option(label="柜面核对证件")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_role("status").first).to_contain_text("已登记")


def test_an_auditor_gives_a_copy_holds_deletes_and_lets_what_is_old_go(auditor: Page, site: Site) -> None:
    page = auditor
    register(page, "C0000", "查阅、复制")
    with page.expect_download() as given:
        page.get_by_role("button", name="导出副本").click()
    with zipfile.ZipFile(given.value.path()) as bundle:
        told = json.loads(bundle.read("个人信息副本.json"))
    assert told["customer"]["ref"] == "C0000"
    assert told["feedback"]
    register(page, "C0004", "删除")
    for path in RIGHTS:
        page.goto(path)
        page.screenshot(path=SCREENSHOTS / f"{path.strip('/').replace('/', '-')}-narrow.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["narrow"], path
        violations = Axe().run(page)["violations"]
        assert not violations, [(path, one["id"], one["nodes"][0]["html"][:200]) for one in violations]
    page.goto(RIGHTS[2])
    page.get_by_label("已核对").check()
    page.get_by_role("button", name="删除", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已删除反馈 11 条")

    page.goto("/retention")
    page.get_by_label("一般反馈保留几个月").fill("6")
    page.get_by_role("button", name="保存一般反馈的期限").click()
    page.get_by_role("button", name="现在预告").click()
    expect(page.get_by_role("status").first).to_contain_text("7 天后删除")
    page.get_by_label("已核对").check()
    page.get_by_role("button", name="立即删除").click()
    expect(page.get_by_role("status").first).to_contain_text("正在后台删除")
    for _ in range(120):  # the worker deletes beside us
        page.goto("/retention")
        if page.get_by_text("没有到期的档案").count():
            break
        time.sleep(0.5)
    expect(page.get_by_role("heading", name="以往")).to_contain_text("共 1 次")
    page.goto("/audit")
    for deed in ("导出了客户的个人信息副本", "应客户要求删除", "执行了到期删除"):
        expect(page.get_by_role("cell", name=deed).first).to_be_visible()
    expect(page.get_by_text("完整：核对了")).to_be_visible()
