from pathlib import Path

import pytest

from app.people.models import Role
from app.people.roles import PERMISSIONS, Permission, allowed, reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "roles.md"


def test_every_permission_has_a_row_and_a_title() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(permission.chinese and PERMISSIONS[permission] for permission in Permission)


def test_every_role_has_a_title_and_reads_today() -> None:
    assert all(role.chinese and allowed(role, Permission.TODAY_VIEW) for role in Role)


@pytest.mark.parametrize("permission", [p for p in Permission if p.endswith(":edit")])
def test_who_edits_a_page_also_sees_it(permission: Permission) -> None:
    view = {Permission.ACTIONS_EDIT: Permission.ISSUES_VIEW}.get(permission)
    view = view or Permission(permission.replace(":edit", ":view"))
    assert PERMISSIONS[permission] <= PERMISSIONS[view]


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            Role.SUPERVISOR,
            ["topics:edit", "issues:edit", "actions:edit", "original:view"],
            ["users:view", "audit:view"],
        ),
        (Role.ANALYST, ["topics:edit", "issues:edit"], ["original:view", "actions:edit"]),
        (Role.COMPLAINT_OFFICER, ["original:view", "issues:edit"], ["topics:edit", "users:edit"]),
        (Role.ACTION_OWNER, ["issues:view", "actions:edit"], ["issues:edit", "original:view"]),
        (Role.MANAGER, ["topics:view", "issues:edit"], ["original:view", "topics:edit"]),
        (Role.AUDITOR, ["audit:view", "users:view", "feedback:view"], ["original:view", "issues:edit", "users:edit"]),
        (Role.ADMIN, ["users:edit", "sources:edit", "audit:view"], ["feedback:view", "original:view", "issues:view"]),
    ],
)
def test_what_a_role_may(role: Role, may: list[str], may_not: list[str]) -> None:
    assert all(allowed(role, Permission(name)) for name in may)
    assert not any(allowed(role, Permission(name)) for name in may_not)


def test_an_auditor_changes_nothing_but_what_persons_may_ask_for_and_nobody_but_two_roles_unmasks() -> None:
    assert [p for p in Permission if p.endswith(":edit") and allowed(Role.AUDITOR, p)] == [Permission.PRIVACY_EDIT]
    assert PERMISSIONS[Permission.ORIGINAL_VIEW] == {Role.SUPERVISOR, Role.COMPLAINT_OFFICER}


def test_the_page_of_the_matrix_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "write app.people.roles.reference() to the page"
