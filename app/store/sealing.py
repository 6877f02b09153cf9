"""Encryption of originals: AES-256-GCM under a key that never enters the database.

A sealed value is: mark, length of the key id, key id, 12 random bytes of nonce, ciphertext with its 16-byte tag.
The header and the context ("table.column") are authenticated, so a value cannot be moved to another column.
Random nonces allow 2**32 values under one key; `keys rotate` adds a key long before.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlmodel import SQLModel

from app.errors import NotReady
from app.store.base import SEAL_MARK, Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column
    from sqlmodel import Session

    from app.store.engine import Store

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MOST_ID_BYTES = 255  # its length is one byte of the header
RESEAL_ROWS = 500  # rows in one write transaction, short enough for SQLite's one writer


class KeyRing:
    """The keys by id, the current one first in use; reads its file again when another process has added a key."""

    def __init__(self, keys: dict[str, bytes], current: str, *, path: Path | None = None) -> None:
        """`keys`: id (1 to 255 ASCII characters) to 32 bytes. Raises NotReady where that does not hold."""
        self._path = path
        self._stamp = path.stat().st_mtime_ns if path else 0
        self._set(keys, current)

    def _set(self, keys: dict[str, bytes], current: str) -> None:
        if current not in keys:
            raise NotReady("密钥表里没有当前密钥，请检查密钥文件或 HUISHENG_KEYS。")
        for key_id, key in keys.items():
            if not (key_id.isascii() and 0 < len(key_id) <= MOST_ID_BYTES and len(key) == KEY_BYTES):
                raise NotReady(f"密钥 {key_id!a} 不合规格：编号须为 ASCII，密钥须为 {KEY_BYTES} 字节。")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Keys of HUISHENG_KEYS: `id:base64[,id:base64…]`, the first being current."""
        pairs = [pair.strip().partition(":") for pair in text.split(",")]
        return cls({key_id: _decode(value) for key_id, _, value in pairs}, pairs[0][0])

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Keys of a file. Raises NotReady where it is missing or cannot be read."""
        if not path.exists():
            raise NotReady(f"找不到密钥文件 {path}。请从备份恢复，或设置 HUISHENG_KEY_FILE。")
        return cls(*_read(path), path=path)

    @classmethod
    def generate(cls, path: Path) -> KeyRing:
        """Make a file with one new key, readable by its owner only; a file already there is kept and loaded."""
        path.parent.mkdir(parents=True, exist_ok=True)
        key_id, key = _new_key()
        temporary = _written(path, {key_id: key}, key_id)
        try:
            os.link(temporary, path)  # atomic, and fails where another process was first
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return cls.load(path)

    def add(self) -> str:
        """Add a new key to the file and make it current; returns its id. Older keys stay to read what they sealed."""
        if self._path is None:
            raise NotReady("密钥来自 HUISHENG_KEYS：请在该变量最前面加入新密钥，然后运行 huisheng keys rotate。")
        with _locked(self._path):
            keys, _ = _read(self._path)
            key_id, key = _new_key()
            keys[key_id] = key
            _written(self._path, keys, key_id).replace(self._path)
        self._refresh()
        return key_id

    @property
    def current(self) -> str:
        """Id of the key that seals new values."""
        self._refresh()
        return self._current

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys."""
        self._refresh()
        return tuple(self._ciphers)

    @property
    def path(self) -> Path | None:
        """The file the keys come from; None for keys from the environment."""
        return self._path

    def seal(self, data: bytes, *, context: str) -> bytes:
        """Encrypt under the current key, bound to `context`."""
        key_id = self.current
        header = SEAL_MARK + bytes([len(key_id)]) + key_id.encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return header + nonce + self._ciphers[key_id].encrypt(nonce, data, header + context.encode())

    def unseal(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt. Raises NotReady where the key is missing, ValueError where the value was altered or moved."""
        key_id = sealed_under(sealed)
        if key_id not in self._ciphers:
            self._refresh()
        if key_id not in self._ciphers:
            raise NotReady(f"缺少密钥 {key_id!a}，无法解密。请从备份恢复密钥文件。")
        end = len(SEAL_MARK) + 1 + len(key_id)
        header, nonce, body = sealed[:end], sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
        try:
            return self._ciphers[key_id].decrypt(nonce, body, header + context.encode())
        except InvalidTag:
            raise ValueError(f"a sealed value of {context} was altered, or belongs to another column") from None

    def _refresh(self) -> None:
        """Take over a key that another process has added to the file."""
        if self._path is None:
            return
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._set(*_read(self._path))
            self._stamp = stamp


def sealed_under(sealed: bytes) -> str:
    """Id of the key that sealed a value. Raises ValueError for bytes that are not sealed."""
    mark, rest = sealed[: len(SEAL_MARK)], sealed[len(SEAL_MARK) :]
    if mark != SEAL_MARK or not rest or len(rest) < 1 + rest[0] + NONCE_BYTES + TAG_BYTES:
        raise ValueError("not a sealed value")
    return rest[1 : 1 + rest[0]].decode("ascii")


def seal(session: Session, data: bytes, *, context: str) -> bytes:
    """Encrypt for a `Sealed` column; `context` is its "table.column"."""
    keyring: KeyRing = session.info["keyring"]
    return keyring.seal(data, context=context)


def unseal(session: Session, sealed: bytes, *, context: str) -> bytes:
    """Decrypt what `seal` made for the same `context`."""
    keyring: KeyRing = session.info["keyring"]
    return keyring.unseal(sealed, context=context)


def sealed_columns() -> list[Column[bytes]]:
    """Every `Sealed` column of the tables imported so far."""
    tables = SQLModel.metadata.sorted_tables
    return [column for table in tables for column in table.columns if isinstance(column.type, Sealed)]


def reseal(store: Store) -> int:
    """Re-encrypt, under the current key, every value that another key sealed; returns how many.

    Works in short transactions and can be interrupted and run again.
    """
    return sum(_reseal_column(store, column) for column in sealed_columns())


def _reseal_column(store: Store, column: Column[bytes]) -> int:
    (key_column,) = column.table.primary_key.columns
    context = f"{column.table.name}.{column.name}"
    wanted = store.keyring.current
    changed, last = 0, None
    while True:
        page = select(key_column, column).order_by(key_column).limit(RESEAL_ROWS).with_for_update()
        with store.write() as session:
            rows = session.execute(page if last is None else page.where(key_column > last)).all()
            for key, value in rows:
                if value is not None and sealed_under(value) != wanted:
                    fresh = seal(session, unseal(session, value, context=context), context=context)
                    session.execute(update(column.table).where(key_column == key).values({column: fresh}))
                    changed += 1
        if len(rows) < RESEAL_ROWS:
            return changed
        last = rows[-1][0]


def _new_key() -> tuple[str, bytes]:
    return f"k{secrets.token_hex(4)}", AESGCM.generate_key(8 * KEY_BYTES)


def _decode(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise NotReady("密钥不是合法的 Base64。") from None


def _read(path: Path) -> tuple[dict[str, bytes], str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key_id): _decode(key) for key_id, key in content["keys"].items()}, str(content["current"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise NotReady(f"密钥文件 {path} 读不出来：请检查权限和内容，或从备份恢复。") from None


def _written(path: Path, keys: dict[str, bytes], current: str) -> Path:
    """A complete file beside `path` (mode 0600, on disk), ready to take its place."""
    encoded = {key_id: base64.b64encode(key).decode() for key_id, key in keys.items()}
    handle, name = tempfile.mkstemp(prefix=".keys-", dir=path.parent)  # mkstemp creates with 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"current": current, "keys": encoded}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two rotations at once would lose one's key; the second waits."""
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
