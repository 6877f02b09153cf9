"""What a topic may be called."""

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
