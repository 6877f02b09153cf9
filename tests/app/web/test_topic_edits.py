"""Topics edited in the console: what would change is shown first, then made, then taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.people.models import Role
from app.topics import describe
from app.topics.service import fit_topics
from tests.app.topics import conftest as topics
from tests.app.topics.test_topic_fit import main_topic
from tests.app.web.conftest import enter
from tests.app.web.test_forms import after, chosen, undo

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime
    from tests.app.tracker.conftest import Bank

Feedback = dict[str, list[int]]


@pytest.fixture
def feedback(runtime: Runtime, bank: Bank) -> Feedback:
    """Twenty feedback of each matter, in topics."""
    with runtime.store.write() as session:
        writer = topics.Bank(bank.source_id, bank.boss)
        said = {
            matter: [writer.feedback(session, matter, days_ago=1 + n % 5) for n in range(20)]
            for matter in topics.MATTERS
        }
    fit_topics(runtime.store, clock=runtime.clock, seed=7)
    return said


@pytest.fixture
def ids(runtime: Runtime, feedback: Feedback) -> dict[str, int]:
    return {matter: main_topic(runtime.store, said) for matter, said in feedback.items()}


def hidden_fields(shown: str) -> dict[str, str | list[str]]:
    """What the button 确定 sends."""
    form = re.search(r'<form method="post" action="/topics/\d+/(?:split|merge)">(.*?)</form>', shown, re.DOTALL)
    assert form is not None
    fields: dict[str, str | list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1]):
        if name == "chosen":
            fields.setdefault("chosen", [])
            assert isinstance(fields["chosen"], list)
            fields["chosen"].append(value)
        else:
            fields[name] = value
    return fields


def test_two_topics_become_one_and_two_again(boss: TestClient, ids: dict[str, int]) -> None:
    path = f"/topics/{ids['年费']}/merge"
    preview = boss.post(path, data={"target_id": str(ids["催收"])}).text
    assert "确认之前什么都没有改" in preview
    assert boss.get("/topics").text.count(f'href="/topics/{ids["年费"]}"') == 1
    shown = after(boss, boss.post(path, data=hidden_fields(preview)))
    assert "并入本主题" in shown
    assert f'href="/topics/{ids["年费"]}"' not in boss.get("/topics").text
    assert "这个主题已并入" in boss.get(f"/topics/{ids['年费']}").text
    assert "合并" in boss.get("/topic-history").text
    undo(boss, shown)
    assert boss.get("/topics").text.count(f'href="/topics/{ids["年费"]}"') == 1


def test_some_feedback_becomes_a_topic_by_its_words(boss: TestClient, ids: dict[str, int]) -> None:
    path = f"/topics/{ids['闪退']}/split"
    found = boss.get(path, params={"q": "第2"}).text
    assert re.search(r"含“第2”的 .*共 [1-9]\d* 条", found)
    told = {"q": "第2", "name": "", "target": ""}
    refused = boss.post(path, data=told)
    assert refused.status_code == 422
    assert "主题名称不能为空" in refused.text
    some = re.findall(r'name="chosen" value="(\d+)"', found)[:1]
    ticked = boss.post(path, data=told | {"chosen": some}).text
    assert re.findall(r'name="chosen" value="(\d+)" checked', ticked) == some
    preview = boss.post(path, data=told | {"name": "第四次以后"}).text
    assert "第四次以后" in preview
    shown = after(boss, boss.post(path, data=hidden_fields(preview)))
    assert "拆成新主题“第四次以后”" in shown
    assert "第四次以后" in boss.get("/topics").text
    undo(boss, shown)
    assert "第四次以后" not in boss.get("/topics").text


def test_ticked_feedback_is_moved_or_pinned(boss: TestClient, ids: dict[str, int], feedback: Feedback) -> None:
    path = f"/topics/{ids['排队']}/split"
    chosen = [str(one) for one in feedback["排队"][:2]]
    preview = boss.post(path, data={"chosen": chosen, "target": str(ids["年费"])}).text
    assert hidden_fields(preview)["chosen"] == chosen
    assert "2 条已移走" in after(boss, boss.post(path, data=hidden_fields(preview)))
    pinned = boss.post(path, data={"chosen": [str(feedback["排队"][3])], "target": str(ids["排队"])}).text
    assert "条数不变" in pinned
    assert "固定在本主题" in after(boss, boss.post(path, data=hidden_fields(pinned)))


def test_texts_that_were_moved_away_represent_the_topic_no_longer(boss: TestClient, ids: dict[str, int]) -> None:
    path = f"/topics/{ids['排队']}/split"

    def offered() -> list[str]:
        return re.findall(r'name="chosen" value="(\d+)"', boss.get(path).text)

    left = offered()
    assert len(left) > 1
    for taken in (left[:1], left[1:]):
        preview = boss.post(path, data={"chosen": taken, "target": str(ids["年费"])}).text
        boss.post(path, data=hidden_fields(preview))
        left = [one for one in left if one not in taken]
        assert offered() == left
        texts = boss.get(f"/topics/{ids['排队']}").text.partition('id="texts"')[2]
        assert re.findall(r'class="quote clip" href="/feedback/(\d+)"', texts) == left
    assert "没有能代表它的原话" in boss.get(path).text


def test_a_group_that_changed_since_its_preview_is_shown_again(
    boss: TestClient, runtime: Runtime, ids: dict[str, int]
) -> None:
    boss.post(f"/topics/{ids['年费']}/merge", data={"target_id": str(ids["催收"]), "sure": "yes"})
    path = f"/topics/{ids['催收']}/split"
    preview = boss.post(path, data={"part": "0", "name": "又分开的"}).text
    with runtime.store.read() as session:
        one = describe.offers(session, ids["催收"])[0].interaction_ids[0]
    moved = boss.post(path, data={"chosen": [str(one)], "target": str(ids["排队"])}).text
    boss.post(path, data=hidden_fields(moved))
    again = boss.post(path, data=hidden_fields(preview))
    assert again.status_code == 409
    assert "看过预览之后，这部分反馈变了" in again.text
    assert "又分开的" not in boss.get("/topics").text
    assert "拆成新主题“又分开的”" in after(boss, boss.post(path, data=hidden_fields(again.text)))


def test_a_merged_topic_brings_its_issue_along(boss: TestClient, ids: dict[str, int]) -> None:
    part, whole = ids["年费"], ids["催收"]
    issue = boss.post(f"/topics/{part}/issue").headers["location"]
    shown = after(boss, boss.post(f"/topics/{part}/merge", data={"target_id": str(whole), "sure": "yes"}))
    assert f'href="{issue}"' in shown
    for topic in (whole, part):
        assert boss.post(f"/topics/{topic}/issue").headers["location"] == issue
    assert f'href="{issue}"' in undo(boss, shown)
    assert f'href="{issue}"' not in boss.get(f"/topics/{whole}").text


def test_nothing_chosen_is_told(boss: TestClient, ids: dict[str, int]) -> None:
    path = f"/topics/{ids['排队']}/split"
    for part, words in (("", "请先选出"), ("99", "那一组已经不在了")):
        refused = boss.post(path, data={"name": "空的", "part": part})
        assert refused.status_code == 422
        assert words in refused.text


def test_a_topic_is_hidden_and_comes_back(boss: TestClient, ids: dict[str, int]) -> None:
    shown = after(boss, boss.post(f"/topics/{ids['排队']}/hide"))
    assert f'href="/topics/{ids["排队"]}"' not in shown
    assert "这个主题已隐藏" in boss.get(f"/topics/{ids['排队']}").text
    narrowed = boss.get("/feedback", params={"topic": ids["排队"], "channel": "phone"}).text
    assert chosen(narrowed, "topic") == str(ids["排队"])  # the form keeps what is hidden elsewhere
    undo(boss, shown)
    assert f'href="/topics/{ids["排队"]}"' in boss.get("/topics").text


def test_topics_are_listed_by_theme_and_moved_between_themes(boss: TestClient, ids: dict[str, int]) -> None:
    def theme_of(shown: str) -> str:
        before = shown[: shown.index(f'href="/topics/{ids["年费"]}"')]
        return str(re.findall(r'<th scope="rowgroup" id="theme-(\w+)">', before)[-1])

    assert theme_of(boss.get("/topics").text) == "credit_card"
    assert "rowgroup" not in boss.get("/topics", params={"flat": True}).text
    shown = after(boss, boss.post(f"/topics/{ids['年费']}/theme", data={"theme": "loan"}))
    assert "已归入大类“贷款”" in shown
    assert theme_of(boss.get("/topics").text) == "loan"
    undo(boss, shown)
    assert theme_of(boss.get("/topics").text) == "credit_card"
    refused = after(boss, boss.post(f"/topics/{ids['年费']}/theme", data={"theme": "nonsense"}))
    assert "没有这个大类" in refused


def test_a_fit_is_asked_for_and_told_while_it_waits(
    boss: TestClient, runtime: Runtime, ids: dict[str, int], client: TestClient, bank: Bank
) -> None:
    assert "现在重新聚类" in boss.get("/topics").text
    assert "已开始重新聚类" in after(boss, boss.post("/topics/fit"))
    shown = boss.get("/topics").text
    assert "正在重新聚类" in shown
    assert "现在重新聚类" not in shown
    enter(client, runtime, bank, Role.MANAGER)
    assert client.post("/topics/fit").status_code == 403


def test_a_reader_sees_the_history_and_no_form(
    client: TestClient, runtime: Runtime, bank: Bank, ids: dict[str, int]
) -> None:
    enter(client, runtime, bank, Role.MANAGER)
    assert client.get("/topic-history").status_code == 200
    assert client.get(f"/topics/{ids['排队']}/split").status_code == 403
    assert client.post(f"/topics/{ids['排队']}/hide").status_code == 403
    assert "挑出一部分" not in client.get(f"/topics/{ids['排队']}").text


def test_a_topic_that_is_not_there_has_no_page(boss: TestClient, ids: dict[str, int]) -> None:
    assert boss.get("/topics/9999/split").status_code == 404
    assert boss.post("/topics/9999/merge", data={"target_id": str(ids["排队"]), "sure": "yes"}).status_code == 404
