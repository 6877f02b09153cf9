"""Telling a person what is wrong with an item, without repeating what it says."""

import re

from pydantic import ValidationError

from app.channels.base import Rejected

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
WORDS = {
    "missing": "缺少这个字段",
    "extra_forbidden": "没有这个字段",
    "json_invalid": "不是合法的 JSON",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "string_type": "须是文字",
    "string_too_short": "不能为空",
    "string_too_long": "最多 {max_length} 个字符",
    "string_unicode": "含有不合法的字符",
    "int_type": "须是整数",
    "int_parsing": "须是整数",
    "int_from_float": "须是整数",
    "float_type": "须是数字",
    "float_parsing": "须是数字",
    "finite_number": "须是有限的数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "list_type": "须是数组",
    "model_type": "须是对象",
    "model_attributes_type": "须是对象",
    "too_long": "最多 {max_length} 项",
}


def field_of(error: ValidationError) -> str:
    """The first wrong field as a path, such as messages.0.role; `body` where the whole is wrong.

    The name of a field that we do not know is the sender's word, and told only where it looks like a name.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = first["loc"]
    if first["type"] == "extra_forbidden" and not _NAME.fullmatch(str(place[-1])):
        place = place[:-1]
    return ".".join(str(step) for step in place)[:200] or "body"


def words_of(error: ValidationError) -> str:
    """The first problem in Chinese."""
    first = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    kind = first["type"]
    if kind in WORDS:
        return WORDS[kind].format(**context).replace(" or ", " 或 ")
    # Our own validators speak Chinese; pydantic's rarer English messages would not help a person.
    return first["msg"] if not first["msg"].isascii() else "格式不对"


def rejected(error: ValidationError, *, line: int | None = None, raw: str = "") -> Rejected:
    """The item as a `Rejected`."""
    return Rejected(line=line, field=field_of(error), message=words_of(error), raw=raw)
