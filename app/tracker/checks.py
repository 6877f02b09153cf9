"""What every change of the tracker checks first: the text, the role, the owner, and that nobody was faster."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, TypeVar

from sqlmodel import Session

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.feedback.personal import personal_in
from app.people.models import User
from app.people.roles import Permission, allowed
from app.tracker.models import Action, Issue
from app.tracker.transitions import Transition

RowT = TypeVar("RowT", Issue, Action)
NAMES: dict[type, str] = {Issue: "个问题", Action: "条措施"}
NOTE_MAX_LENGTH = 200
_SHAPE = re.compile(  # refused also where neither a check digit nor a word beside it tells whose number it is
    r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"  # mobile number
    r"|(?<!\d)\d{17}[\dXx](?!\d)"  # identity card
    r"|(?<!\d)\d{4}(?:[ -]?\d{4}){2,3}[ -]?\d{1,4}(?!\d)"  # bank card
    r"|[\w.+-]+@[\w-]+\.[\w.]+",
    re.ASCII,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # PostgreSQL takes no NUL, people see none of them


def plain(text: str, *, field: str, title: str, longest: int, required: bool = False) -> str:
    """The text without space around it; Invalid where it is missing, too long, or names a person by number or address.

    It is stored in clear, and what is copied to the audit chain stays there for ever.
    """
    text = text.strip()
    if required and not text:
        raise Invalid(f"{title}不能为空，请填写。", field=field)
    if len(text) > longest:
        raise Invalid(f"{title}最多 {longest} 个字符，请写短一些。", field=field)
    if _CONTROL.search(text):
        raise Invalid(f"{title}含有不能显示的字符，请删去后重试。", field=field)
    found = personal_in(text) or ("很长的号码或邮箱" if _SHAPE.search(text) else "")
    if found:
        raise Invalid(f"{title}里不要写个人信息，这里像是有{found}：请删去，要指明客户就写客户编号。", field=field)
    return text


def permit(actor: User, permission: Permission) -> None:
    """Forbidden where the actor's role lacks the permission."""
    if not allowed(actor.role, permission):
        raise Forbidden(f"“{actor.role.chinese}”不能做这项操作，请找有权限的同事处理。")


def permit_move(actor: User, move: Transition, row: Issue | Action) -> None:
    """Forbidden where the table does not give the move to the actor's role, or an action is another owner's."""
    if actor.role not in move.roles:
        raise Forbidden(f"“{actor.role.chinese}”不能“{move.title}”，请找有权限的同事处理。")
    if isinstance(row, Action):
        permit_action(actor, row)


def permit_action(actor: User, action: Action) -> None:
    """Forbidden where the actor may not work on this action: an action owner works on their own alone."""
    permit(actor, Permission.ACTIONS_EDIT)
    if not allowed(actor.role, Permission.ISSUES_EDIT) and action.owner_id != actor.id:
        raise Forbidden("您只能处理自己负责的措施，请找这条措施的负责人。")


def owner(session: Session, *, owner_id: int, permission: Permission) -> User:
    """The active user who shall own something; Invalid (field `owner_id`) where they could do nothing with it."""
    user = session.get(User, owner_id)
    if user is None or not user.active or not allowed(user.role, permission):
        raise Invalid("负责人不存在、已停用或角色不合适，请另选一位。", field="owner_id")
    return user


def locked(session: Session, table: type[RowT], row_id: int, *, version: int | None = None) -> RowT:
    """The row, locked until the transaction ends.

    NotFound where there is none; Conflict where `version`, which the actor saw, is not the present one.
    """
    row = session.get(table, row_id, with_for_update=True, populate_existing=True)
    name = NAMES[table]
    if row is None:
        raise NotFound(f"没有这{name}，可能网址有误，请回到问题列表。")
    if version is not None and version != row.version:
        raise Conflict(f"这{name}刚被别人改过，您的改动没有保存。请刷新看过最新内容后再改。")
    return row


def apply(row: Issue | Action, changes: dict[str, Any]) -> dict[str, Any]:
    """Set what differs and count it as one change; tells {field: [old, new]} as the audit chain can hold it.

    Of a long text only that it changed is told.
    """
    changed: dict[str, Any] = {}
    for field, new in changes.items():
        old = getattr(row, field)
        if old != new:
            setattr(row, field, new)
            changed[field] = [] if field == "detail" else [_told(old), _told(new)]
    if changed:
        row.version += 1
    return changed


def _told(value: Any) -> Any:  # noqa: ANN401 - a column's value
    return value.isoformat() if isinstance(value, date) else value
