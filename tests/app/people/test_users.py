from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.errors import Conflict, Invalid, NotFound
from app.people import passwords, service
from app.people.models import Role, User

if TYPE_CHECKING:
    from app.store.engine import Store

PASSWORD = "Hui-sheng-2026"
NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)


def add(store: Store, *, login: str = "lin", name: str = "林月", password: str = PASSWORD) -> User:
    with store.write() as session:
        return service.add_user(
            session, login=login, name=name, role=Role.ANALYST, password=password, actor="system:cli", now=NOW
        )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"login": "林"}, "login"),
        ({"login": "x"}, "login"),
        ({"login": "-lin"}, "login"),
        ({"login": "l" * 33}, "login"),
        ({"login": "a b"}, "login"),
        ({"name": "  "}, "name"),
        ({"name": "林" * 41}, "name"),
        ({"password": "Short-1"}, "password"),
        ({"password": "alllowercase1"}, "password"),
        ({"password": "My-Lin-2026-pass"}, "password"),
        ({"password": "A1-" + "x" * 126}, "password"),
    ],
)
def test_a_user_that_breaks_a_rule_is_not_added(store: Store, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(store, **given)
    assert caught.value.field == field
    assert caught.value.message.endswith("。")
    with store.read() as session:
        assert service.list_users(session) == []


def test_a_login_is_one_persons_whatever_its_case(store: Store) -> None:
    assert add(store, login="Lin").login == "lin"
    with pytest.raises(Conflict, match="已有人使用"):
        add(store, login="LIN ")


def test_users_are_listed_by_name_and_found(store: Store) -> None:
    first, second = add(store, login="b.b", name="B"), add(store, login="a.a", name="A")
    with store.write() as session:
        service.set_active(session, user_id=first.id, active=False, actor="system:cli", now=NOW)
    with store.read() as session:
        assert [user.id for user in service.list_users(session)] == [second.id, first.id]
        assert [user.id for user in service.list_users(session, active_only=True)] == [second.id]
        with pytest.raises(NotFound):
            service.get_user(session, user_id=99)


def test_generated_passwords_keep_the_rules_and_never_repeat() -> None:
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        passwords.check_rules(password, login="admin")
        assert not set(password) & set("0O1lIo")


def test_a_password_is_stored_as_its_argon2id_hash_alone() -> None:
    kept = passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert "Hui" not in kept
    assert passwords.matches(PASSWORD, kept)
    assert not passwords.matches("hui-sheng-2026", kept)
    assert not passwords.matches(PASSWORD, "-")
