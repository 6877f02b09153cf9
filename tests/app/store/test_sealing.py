"""Originals are readable with the key and for nobody else."""

from __future__ import annotations

import json
import multiprocessing
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError
from sqlmodel import col, select

from app.channels.kinds import ChannelKind
from app.errors import NotReady
from app.feedback.models import Source, SourceSecret
from app.store.engine import Store
from app.store.sealing import KeyRing, reseal, seal, sealed_columns, sealed_under, unseal

AT = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
RING = KeyRing({"a": bytes(range(32)), "b": bytes(32)}, "a")
CONTEXT = "source_secret.secret"


@given(st.binary(max_size=5000), st.text(max_size=50))
def test_what_was_sealed_comes_back(data: bytes, context: str) -> None:
    sealed = RING.seal(data, context=context)
    assert RING.unseal(sealed, context=context) == data
    assert len(data) < 8 or data not in sealed


def test_two_seals_of_the_same_words_differ() -> None:
    assert RING.seal(b"x", context="t.c") != RING.seal(b"x", context="t.c")


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=1, max_value=255))
def test_any_altered_byte_is_noticed(position: int, flip: int) -> None:
    sealed = bytearray(RING.seal("客户原话".encode(), context="t.c"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises((ValueError, NotReady)):
        RING.unseal(bytes(sealed), context="t.c")


@given(st.binary(max_size=60))
def test_bytes_that_were_never_sealed_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a sealed value"):
        RING.unseal(data, context="t.c")


def test_a_value_cannot_be_moved_to_another_column() -> None:
    with pytest.raises(ValueError, match=r"message\.original"):
        RING.unseal(RING.seal(b"x", context="delivery.body"), context="message.original")


def test_a_missing_key_is_told_with_what_to_do() -> None:
    with pytest.raises(NotReady, match="备份"):
        KeyRing({"c": bytes(32)}, "c").unseal(RING.seal(b"x", context="t.c"), context="t.c")


def test_the_key_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    made = KeyRing.generate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]
    assert KeyRing.load(path).unseal(made.seal(b"x", context="t.c"), context="t.c") == b"x"
    assert KeyRing.generate(path).ids == made.ids


def _generate(path: Path) -> tuple[str, ...]:
    return KeyRing.generate(path).ids


def _add(path: Path) -> str:
    return KeyRing.load(path).add()


def test_processes_that_start_or_rotate_together_agree(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(_generate, [path] * 6))) == 1
        added = pool.map(_add, [path] * 6)
    assert set(added) < set(KeyRing.load(path).ids)
    assert len(KeyRing.load(path).ids) == 7


def test_a_running_process_takes_over_a_new_key(tmp_path: Path) -> None:
    running = KeyRing.generate(tmp_path / "keys.json")
    new = KeyRing.load(tmp_path / "keys.json").add()
    assert sealed_under(running.seal(b"x", context="t.c")) == new


def test_keys_from_the_environment() -> None:
    ring = KeyRing.parse("new:" + "AAAA" * 10 + "AAA=,old:" + "BBBB" * 10 + "BBA=")
    assert (ring.current, ring.ids, ring.path) == ("new", ("new", "old"), None)
    with pytest.raises(NotReady, match="HUISHENG_KEYS"):
        ring.add()


@pytest.mark.parametrize("text", ["", "a", "a:", "a:xx", "a:AAAA", ":" + "AAAA" * 10 + "AAA=", "密:" + "AAAA" * 11])
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(NotReady):
        KeyRing.parse(text)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"current": "a", "keys": {}}', json.dumps({"current": "a", "keys": {"a": "AAAA"}})]
)
def test_a_broken_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotReady):
        KeyRing.load(path)


def test_a_lost_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="找不到密钥文件"):
        KeyRing.load(tmp_path / "keys.json")


def add_secrets(store: Store, count: int) -> None:
    with store.write() as session:
        digest_key = seal(session, bytes(32), context="source.digest_key")
        source = Source(
            name="crm", title="客服", channel=ChannelKind.CHAT, format="standard", digest_key=digest_key, created_at=AT
        )
        session.add(source)
        session.flush()
        assert source.id is not None
        for number in range(count):
            secret = seal(session, f"secret {number}".encode(), context=CONTEXT)
            session.add(SourceSecret(source_id=source.id, secret=secret, created_at=AT))


def test_a_sealed_column_refuses_clear_bytes(store: Store) -> None:
    with pytest.raises(StatementError, match="sealed bytes only"), store.write() as session:
        session.add(SourceSecret(source_id=1, secret=b"in clear", created_at=AT))


def test_reseal_brings_every_value_under_the_new_key(database_url: str, tmp_path: Path) -> None:
    ring = KeyRing.generate(tmp_path / "keys.json")
    store = Store(database_url, ring)
    add_secrets(store, 1203)
    new = ring.add()
    assert reseal(store) == 1204
    assert reseal(store) == 0
    only_new = Store(database_url, KeyRing({new: _key(ring, new)}, new))
    with only_new.read() as session:
        rows = session.exec(select(SourceSecret).order_by(col(SourceSecret.id))).all()
        assert {unseal(session, row.secret, context=CONTEXT) for row in rows} == {
            f"secret {number}".encode() for number in range(1203)
        }
    only_new.dispose()
    store.dispose()


def _key(ring: KeyRing, key_id: str) -> bytes:
    from app.store.sealing import _read

    assert ring.path is not None
    return _read(ring.path)[0][key_id]


def test_every_sealed_column_belongs_to_a_table_that_reseal_can_page() -> None:
    assert {f"{column.table.name}.{column.name}" for column in sealed_columns()} >= {"message.original", CONTEXT}
    assert all(len(column.table.primary_key.columns) == 1 for column in sealed_columns())
