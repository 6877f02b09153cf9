"""The JSON face of topics, by role, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.people.models import Role, User
from app.people.service import open_session
from app.runtime import Runtime
from app.settings import Settings
from app.store.engine import Store
from app.topics.models import Topic, TopicAssignment, TopicVersion
from tests.app.topics.conftest import NOW, Bank
from tests.conftest import SetClock

KEYS = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def client(database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[TestClient]:
    runtime = Runtime(Settings(home=tmp_path, database_url=database_url, keys=KEYS))
    runtime.__dict__["clock"] = clock  # a cached property that was asked for
    with TestClient(create_app(runtime.settings, runtime=runtime)) as client:
        yield client
    runtime.store.dispose()


@pytest.fixture
def topic_id(store: Store, bank: Bank) -> int:
    """A topic with four texts, beside one text without a topic."""
    with store.write() as session:
        version = TopicVersion(created_at=NOW, seed=1, texts=5, covered=4, pipeline_version="-", model=b"")
        session.add(version)
        session.flush()
        assert version.id is not None
        ids = [bank.feedback(session, "排队", csat=3) for _ in range(4)]
        topic = Topic(
            name="排队久", proposed_name="排队久", terms=["排队"], representatives=ids[:2], born_version_id=version.id
        )
        session.add(topic)
        session.flush()
        assert topic.id is not None
        for place, interaction_id in [*((topic.id, one) for one in ids), (None, bank.feedback(session, ""))]:
            session.add(
                TopicAssignment(interaction_id=interaction_id, topic_id=place, score=0.5, version_id=version.id)
            )
        return topic.id


def bearer(store: Store, bank: Bank, role: Role) -> dict[str, str]:
    with store.write() as session:
        user = session.get_one(User, bank.supervisor.id)
        user.role = role
        session.add(user)
        token = open_session(session, user=user, now=NOW, hours=1)
    return {"Authorization": f"Bearer {token}"}


def test_list_and_detail(client: TestClient, store: Store, bank: Bank, topic_id: int) -> None:
    auditor = bearer(store, bank, Role.AUDITOR)
    listed = client.get("/v1/topics", headers=auditor).json()
    assert (listed["total"], listed["coverage"]) == (1, 0.8)
    (item,) = listed["items"]
    assert item["change"] | {"low": 0} == {
        "count": 4,
        "previous": 0,
        "ratio": None,
        "low": 0,
        "high": None,
        "trend": "unclear",
        "wording": "近 28 天 4 条，前 28 天 0 条，但记录没有覆盖前期：看不出升降。",
    }
    assert (item["csat_mean"], item["csat_n"], item["negative_share"]) == (3.0, 4, 1.0)
    found = client.get(f"/v1/topics/{topic_id}", headers=auditor).json()
    assert len(found["representatives"]) == 2
    assert found["breakdowns"]["region"] == [{"value": "远山市", "count": 4, "negative": 4}]


def test_rename_and_undo(client: TestClient, store: Store, bank: Bank, topic_id: int) -> None:
    url = f"/v1/topics/{topic_id}"
    analyst = bearer(store, bank, Role.ANALYST)
    assert client.post(f"{url}/rename", json={"name": "网点排队"}, headers=analyst).status_code == 204
    found = client.get(url, headers=analyst).json()
    assert (found["name"], found["previous_name"], found["renamed_by"]) == ("网点排队", "排队久", "lin")
    assert client.post(f"{url}/rename/undo", headers=analyst).status_code == 204
    assert client.get(url, headers=analyst).json()["name"] == "排队久"


def test_who_may_not_and_what_cannot_be(client: TestClient, store: Store, bank: Bank, topic_id: int) -> None:
    url = f"/v1/topics/{topic_id}"
    assert client.get(url).status_code == 401
    assert client.get(url, headers=bearer(store, bank, Role.ADMIN)).status_code == 403
    auditor = bearer(store, bank, Role.AUDITOR)
    assert client.post(f"{url}/rename", json={"name": "x"}, headers=auditor).status_code == 403
    boss = bearer(store, bank, Role.SUPERVISOR)
    refused = {
        404: [client.get("/v1/topics/999", headers=boss)],
        422: [
            client.post(f"{url}/rename", json={"name": " "}, headers=boss),
            client.get("/v1/topics", params={"days": 0}, headers=boss),
            client.get("/v1/topics", params={"sort": "odd"}, headers=boss),
        ],
        409: [client.post(f"{url}/rename/undo", headers=boss)],
    }
    for status, answers in refused.items():
        assert [answer.status_code for answer in answers] == [status] * len(answers)
