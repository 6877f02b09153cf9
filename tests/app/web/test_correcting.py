"""改正判断, on the page and over the API: done and told, undone, and closed to those who may only read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlmodel import Session

from app.feedback.models import Analysis, AnalysisRisk, Interaction, InteractionState
from app.people.models import Role
from tests.app.tracker.conftest import NOW, TODAY, Bank
from tests.app.web.conftest import enter
from tests.app.web.test_forms import after, undo

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime


def analysed(session: Session, bank: Bank) -> int:
    """A feedback that the model takes for a complaint, unsure of the cause."""
    number = bank.feedback(session, on=TODAY)
    names = {"intent": "complaint", "touchpoint": "branch", "business": "savings", "cause": "none", "sentiment": "-1"}
    labels = {
        head: {"name": name, "score": 0.9, "abstained": head == "cause", "evidence": []} for head, name in names.items()
    }
    media = {"name": "media", "score": 0.8, "abstained": False, "evidence": []}
    interaction = session.get_one(Interaction, number)
    analysis = Analysis(
        interaction_id=number,
        content_hash=interaction.content_hash,
        pipeline_version="test-1",
        intent="complaint",
        touchpoint="branch",
        business="savings",
        cause="none",
        sentiment=-1,
        sentiment_score=-0.4,
        labels={**labels, "risk": [media]},
        embedding=bytes(384 * 4),
        created_at=NOW,
    )
    session.add(analysis)
    session.flush()
    session.add(AnalysisRisk(analysis_id=analysis.id or 0, name="media"))
    interaction.analysis_id, interaction.state = analysis.id, InteractionState.ANALYSED
    session.add(interaction)
    return number


@pytest.fixture
def number(runtime: Runtime, bank: Bank) -> int:
    with runtime.store.write() as session:
        return analysed(session, bank)


def fields(shown: str) -> dict[str, str | list[str]]:
    """What the form 改正 would send as it stands."""
    form = re.search(r'<form[^>]+/corrections" class="form">(.*?)</form>', shown, re.DOTALL)
    assert form is not None
    sent: dict[str, str | list[str]] = dict(re.findall(r'type="hidden" name="(\w+)" value="(\d+)"', form[1]))
    for name, options in re.findall(r'<select[^>]+name="(\w+)">(.*?)</select>', form[1], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = chosen[1] if chosen else ""
    sent["risk"] = re.findall(r'name="risk" value="(\w+)" checked', form[1])
    return sent


def test_a_label_is_corrected_told_and_taken_back(boss: TestClient, number: int) -> None:
    path = f"/feedback/{number}"
    sent = fields(boss.get(path).text)
    assert (sent["intent"], sent["cause"], sent["risk"]) == ("complaint", "", ["media"])
    assert "没有改动" in after(boss, boss.post(f"{path}/corrections", data=sent))
    shown = after(boss, boss.post(f"{path}/corrections", data=sent | {"intent": "praise", "cause": "none", "risk": []}))
    assert "已改正“意图”、“原因”、“风险标记”" in shown
    assert "模型：不满" in shown
    assert "模型：舆情曝光" in shown
    assert "已确认" in shown, "a label that was undecided and stays is the person's now"
    assert "改正记录" in shown
    taken_back = undo(boss, shown)
    assert "已撤销" in taken_back
    assert "模型：不满" not in taken_back


def test_a_value_that_does_not_exist_is_refused_with_the_reason(boss: TestClient, number: int) -> None:
    sent = fields(boss.get(f"/feedback/{number}").text) | {"business": "cars"}
    assert "请从列表中选" in after(boss, boss.post(f"/feedback/{number}/corrections", data=sent))


def test_the_api_does_the_same(boss: TestClient, number: int) -> None:
    path = f"/v1/feedback/{number}"
    seen = boss.get(path).json()["analysis"]["id"]
    sent = {"analysis_id": seen, "labels": {"intent": "praise", "risk": ["fraud", "legal"]}}
    done = boss.post(f"{path}/corrections", json=sent)
    assert done.status_code == 201
    told = done.json()
    assert (told["analysis"]["intent"], told["analysis"]["risk"]) == ("praise", ["fraud", "legal"])
    assert told["analysis"]["corrected"] == ["intent", "risk"]
    assert told["analysis"]["labels"]["intent"]["name"] == "complaint"
    (correction,) = told["corrections"]
    assert correction["labels"] == {"intent": ["praise"], "risk": ["fraud", "legal"]}
    assert boss.post(f"{path}/corrections", json=sent | {"analysis_id": seen + 1}).status_code == 409
    undone = boss.delete(f"{path}/corrections/{correction['id']}").json()
    assert (undone["analysis"]["intent"], undone["corrections"]) == ("complaint", [])
    assert boss.delete(f"{path}/corrections/{correction['id']}").status_code == 409


def test_who_may_only_read_is_offered_no_form(client: TestClient, runtime: Runtime, bank: Bank, number: int) -> None:
    reader = enter(client, runtime, bank, Role.MANAGER)
    assert "改正判断" not in reader.get(f"/feedback/{number}").text
    assert reader.post(f"/feedback/{number}/corrections", data={"analysis_id": "1"}).status_code == 403
