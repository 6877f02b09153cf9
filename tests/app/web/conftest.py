"""The application on a small bank's store, and a client that is logged in under a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from app.deps import SESSION_COOKIE
from app.main import create_app
from app.people import service
from app.people.models import Role
from app.runtime import Runtime
from app.settings import Settings
from tests.app.tracker.conftest import Bank, open_bank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import SetClock

KEYS = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def runtime(database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Runtime]:
    runtime = Runtime(Settings(home=tmp_path, database_url=database_url, keys=KEYS))
    runtime.__dict__["clock"] = clock  # a cached property that was asked for
    yield runtime
    runtime.store.dispose()


@pytest.fixture
def bank(runtime: Runtime) -> Bank:
    return open_bank(runtime.store)


@pytest.fixture
def client(runtime: Runtime, bank: Bank) -> Iterator[TestClient]:
    app = create_app(runtime.settings, runtime=runtime)
    with TestClient(app, base_url="http://testserver", follow_redirects=False) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client


def enter(client: TestClient, runtime: Runtime, bank: Bank, role: Role) -> TestClient:
    with runtime.store.write() as session:
        token = service.open_session(session, user=bank.users[role], now=runtime.clock.now(), hours=12)
    client.cookies.set(SESSION_COOKIE, token)
    return client


@pytest.fixture
def boss(client: TestClient, runtime: Runtime, bank: Bank) -> TestClient:
    return enter(client, runtime, bank, Role.SUPERVISOR)
