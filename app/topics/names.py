"""What a topic may be called."""

from collections.abc import Collection
from itertools import count

from app.errors import Invalid

MAX_NAME = 60


def checked_name(name: str) -> str:
    """The name without spare blanks. Raises Invalid."""
    wanted = " ".join(name.split())
    if not wanted:
        raise Invalid("主题名称不能为空。", field="name")
    if len(wanted) > MAX_NAME:
        raise Invalid(f"主题名称最多 {MAX_NAME} 个字，现在是 {len(wanted)} 个。", field="name")
    if not wanted.isprintable():
        raise Invalid("主题名称里有不能显示的字符，请删去后再试。", field="name")
    return wanted


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with the smallest number behind it that makes it unlike those taken."""
    return next(one for n in count(1) if (one := name if n == 1 else f"{name}（{n}）") not in taken)
