"""What each role may do: one matrix of page, verb and unmasking.

`docs/reference/roles.md` is `reference()`, and a test holds it to this table. Which role may make which move
of an issue or an action is told by the transition table of the tracker, within `ISSUES_EDIT` and `ACTIONS_EDIT`.
"""

from __future__ import annotations

from enum import StrEnum

from app.people.models import Role


class Permission(StrEnum):
    """A page and what one does there; `ORIGINAL_VIEW` is unmasking, one feedback at a time."""

    TODAY_VIEW = "today:view"
    TOPICS_VIEW = "topics:view"
    TOPICS_EDIT = "topics:edit"
    FEEDBACK_VIEW = "feedback:view"
    FEEDBACK_EDIT = "feedback:edit"
    ORIGINAL_VIEW = "original:view"
    ISSUES_VIEW = "issues:view"
    ISSUES_EDIT = "issues:edit"
    ACTIONS_EDIT = "actions:edit"
    AUDIT_VIEW = "audit:view"
    USERS_VIEW = "users:view"
    USERS_EDIT = "users:edit"
    PRIVACY_VIEW = "privacy:view"
    PRIVACY_EDIT = "privacy:edit"
    SOURCES_VIEW = "sources:view"
    SOURCES_EDIT = "sources:edit"

    @property
    def chinese(self) -> str:
        """What the permission allows, in the console's words."""
        return PERMISSION_TITLES[self]


PERMISSION_TITLES = {
    Permission.TODAY_VIEW: "今日：查看",
    Permission.TOPICS_VIEW: "主题：查看",
    Permission.TOPICS_EDIT: "主题：改名与编辑",
    Permission.FEEDBACK_VIEW: "反馈：查看（已遮盖）",
    Permission.FEEDBACK_EDIT: "反馈：改正判断",
    Permission.ORIGINAL_VIEW: "反馈：查看未遮盖原文（逐条，须写理由）",
    Permission.ISSUES_VIEW: "问题与措施：查看",
    Permission.ISSUES_EDIT: "问题与措施：新建、编辑、关联、流转问题",
    Permission.ACTIONS_EDIT: "问题与措施：流转措施、记录回访",
    Permission.AUDIT_VIEW: "审计记录：查看",
    Permission.USERS_VIEW: "用户：查看",
    Permission.USERS_EDIT: "用户：新增、改角色、停用",
    Permission.PRIVACY_VIEW: "客户权利与保留期限：查看",
    Permission.PRIVACY_EDIT: "客户权利与保留期限：导出、删除、授权、保全、改期限",
    Permission.SOURCES_VIEW: "接入源：查看",
    Permission.SOURCES_EDIT: "接入源：新增与编辑",
}

_READERS = frozenset(Role) - {Role.ADMIN}  # an administrator runs the service and does not read customers

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    Permission.TODAY_VIEW: frozenset(Role),
    Permission.TOPICS_VIEW: _READERS,
    Permission.TOPICS_EDIT: frozenset({Role.SUPERVISOR, Role.ANALYST}),
    Permission.FEEDBACK_VIEW: _READERS,
    Permission.FEEDBACK_EDIT: frozenset({Role.SUPERVISOR, Role.ANALYST, Role.COMPLAINT_OFFICER}),
    Permission.ORIGINAL_VIEW: frozenset({Role.SUPERVISOR, Role.COMPLAINT_OFFICER}),
    Permission.ISSUES_VIEW: _READERS,
    Permission.ISSUES_EDIT: frozenset({Role.SUPERVISOR, Role.ANALYST, Role.COMPLAINT_OFFICER, Role.MANAGER}),
    Permission.ACTIONS_EDIT: frozenset({Role.SUPERVISOR, Role.COMPLAINT_OFFICER, Role.MANAGER, Role.ACTION_OWNER}),
    Permission.AUDIT_VIEW: frozenset({Role.AUDITOR, Role.ADMIN}),
    Permission.USERS_VIEW: frozenset({Role.AUDITOR, Role.ADMIN}),
    Permission.USERS_EDIT: frozenset({Role.ADMIN}),
    Permission.PRIVACY_VIEW: frozenset({Role.COMPLAINT_OFFICER, Role.AUDITOR}),
    Permission.PRIVACY_EDIT: frozenset({Role.COMPLAINT_OFFICER, Role.AUDITOR}),
    Permission.SOURCES_VIEW: frozenset({Role.SUPERVISOR, Role.ANALYST, Role.AUDITOR, Role.ADMIN}),
    Permission.SOURCES_EDIT: frozenset({Role.ADMIN}),
}


def allowed(role: Role, permission: Permission) -> bool:
    """True where the matrix gives `permission` to `role`."""
    return role in PERMISSIONS[permission]


def reference() -> str:
    """The matrix as a Markdown page, the content of docs/reference/roles.md."""
    header = ["权限", "标识", *(role.chinese for role in Role)]
    rows = [
        [permission.chinese, f"`{permission}`", *("✓" if allowed(role, permission) else "" for role in Role)]
        for permission in Permission
    ]
    table = [header, ["---", "---", *(":-:" for _ in Role)], *rows]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    identifiers = "、".join(f"{role.chinese} `{role}`" for role in Role)
    return "\n".join(
        [
            "# 角色与权限",
            "",
            "本页由 `app/people/roles.py` 生成，请改那里的表。流转由谁来做，见[问题与措施的流转](transitions.md)。",
            "",
            f"角色标识：{identifiers}。",
            "",
            *lines,
            "",
        ]
    )
