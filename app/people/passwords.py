"""Passwords: what one must be like, how one is kept, and how a good one is made."""

from __future__ import annotations

import re
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Invalid

MIN_LENGTH = 10
MAX_LENGTH = 128
_KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_UNAMBIGUOUS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0O 1lI o
_HASHER = PasswordHasher()  # argon2id with the library's parameters (RFC 9106, low memory)


def check_rules(password: str, *, login: str) -> None:
    """Invalid (field `password`) where the password is too weak."""
    kinds = sum(1 for kind in _KINDS if re.search(kind, password))
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(f"密码须为 {MIN_LENGTH} 到 {MAX_LENGTH} 个字符，请换一个。", field="password")
    if kinds < len(_KINDS) - 1:
        raise Invalid("密码须含大写字母、小写字母、数字、符号中的至少三种，请换一个。", field="password")
    if login.lower() in password.lower():
        raise Invalid("密码不能包含登录名，请换一个。", field="password")


def generate() -> str:
    """A random password of 16 easily told letters and digits in groups of four, about 93 bits."""
    while True:
        groups = ["".join(secrets.choice(_UNAMBIGUOUS) for _ in range(4)) for _ in range(4)]
        password = "-".join(groups)
        if all(re.search(kind, password) for kind in _KINDS):
            return password


def hashed(password: str) -> str:
    """The password's argon2id hash with its salt and parameters."""
    return _HASHER.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """True where the password belongs to the hash; None (no such user) takes as long and is False."""
    nobody = _nobody()
    try:
        _HASHER.verify(password_hash or nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobody() -> str:
    """A hash that no password is known for."""
    return hashed(secrets.token_urlsafe(32))
