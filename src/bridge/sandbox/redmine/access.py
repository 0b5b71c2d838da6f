"""Who may see and do what, as Redmine decides it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from bridge.sandbox.redmine.model import ACTIVE, ARCHIVED, Issue, Project, Role, User
from bridge.sandbox.redmine.state import ANONYMOUS, State

# Permissions everybody has who can see the project.
PUBLIC = frozenset({"view_project", "search_project", "view_members"})
# What is still allowed in a closed project.
READ = frozenset(
    {
        *PUBLIC,
        "close_project",
        "delete_project",
        "view_issues",
        "view_private_notes",
        "view_issue_watchers",
        "view_time_entries",
        "view_wiki_pages",
        "view_wiki_edits",
        "export_wiki_pages",
        "view_files",
        "view_documents",
        "view_news",
        "view_calendar",
        "view_gantt",
    }
)
_MODULES: Mapping[str, tuple[str, ...]] = {
    "issue_tracking": (
        "view_issues",
        "add_issues",
        "edit_issues",
        "edit_own_issues",
        "copy_issues",
        "manage_issue_relations",
        "manage_subtasks",
        "set_issues_private",
        "set_own_issues_private",
        "add_issue_notes",
        "edit_issue_notes",
        "edit_own_issue_notes",
        "view_private_notes",
        "set_notes_private",
        "delete_issues",
        "view_issue_watchers",
        "add_issue_watchers",
        "delete_issue_watchers",
        "import_issues",
        "manage_categories",
    ),
    "time_tracking": (
        "view_time_entries",
        "log_time",
        "edit_time_entries",
        "edit_own_time_entries",
        "manage_project_activities",
        "log_time_for_other_users",
    ),
    "wiki": (
        "view_wiki_pages",
        "view_wiki_edits",
        "export_wiki_pages",
        "edit_wiki_pages",
        "rename_wiki_pages",
        "delete_wiki_pages",
        "protect_wiki_pages",
        "manage_wiki",
    ),
    "calendar": ("view_calendar",),
    "gantt": ("view_gantt",),
}
MODULE_OF = {permission: module for module, permissions in _MODULES.items() for permission in permissions}


class Access:
    """Made for one request: what it looked up about a project's roles is remembered."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._roles: dict[tuple[int, int], list[Role]] = {}

    def roles(self, user: User, project: Project) -> list[Role]:
        key = (user.id, project.id)
        if key not in self._roles:
            self._roles[key] = self._find_roles(user, project)
        return self._roles[key]

    def _find_roles(self, user: User, project: Project) -> list[Role]:
        if project.status == ARCHIVED or user.locked:
            return []
        member = self._state.members_of(project.id).get(user.id)
        if member and (member.roles or member.inherited):
            return [self._state.roles[number] for number in dict.fromkeys([*member.roles, *member.inherited])]
        if project.is_public:
            return [self._state.builtin_role(1 if user.logged else 2)]
        return []

    def allowed(self, user: User, permission: str, project: Project) -> bool:
        """False in archived projects; only reading in closed ones; modules count, also for admins."""
        if project.status == ARCHIVED or (project.status != ACTIVE and permission not in READ):
            return False
        module = MODULE_OF.get(permission)
        if module and module not in project.modules:
            return False
        if user.admin:
            return True
        return any(permission in PUBLIC or permission in role.permissions for role in self.roles(user, project))

    def allowed_somewhere(self, user: User, permission: str) -> bool:
        """By any role the user has in any project (or has as non member)."""
        if user.admin:
            return True
        state = self._state
        mine = {
            number
            for member in state.members.values()
            if member.user_id == user.id
            for number in (*member.roles, *member.inherited)
        }
        mine.add(state.builtin_role(1 if user.logged else 2).id)
        return any(permission in state.roles[number].permissions for number in mine)

    def project_visible(self, user: User, project: Project) -> bool:
        return self.allowed(user, "view_project", project)

    def issue_visible(self, user: User, issue: Issue) -> bool:
        project = self._state.projects[issue.project_id]
        if not self.allowed(user, "view_issues", project):
            return False
        if user.admin:
            return True
        mine = user.id in {issue.author_id, issue.assigned_to_id}
        for role in self.roles(user, project):
            if "view_issues" not in role.permissions:
                continue
            if role.issues_visibility == "all" or (user.logged and mine):
                return True
            if role.issues_visibility == "default" and not issue.is_private:
                return True
        return False

    def visible_issues(self, user: User, issues: list[Issue]) -> list[Issue]:
        """Decides per project, and per issue only where a project's roles do not decide it."""
        whole: dict[int, bool | None] = {}
        found = []
        for issue in issues:
            if issue.project_id not in whole:
                whole[issue.project_id] = self._whole_project(user, self._state.projects[issue.project_id])
            decided = whole[issue.project_id]
            if decided or (decided is None and self.issue_visible(user, issue)):
                found.append(issue)
        return found

    def _whole_project(self, user: User, project: Project) -> bool | None:
        if not self.allowed(user, "view_issues", project):
            return False
        roles = [role for role in self.roles(user, project) if "view_issues" in role.permissions]
        return True if user.admin or any(role.issues_visibility == "all" for role in roles) else None


def authenticate(state: State, headers: Mapping[str, str], query: Mapping[str, str]) -> User:
    """The user of a key (?key= before the header, or as Basic login) or of Basic login:password; else nobody."""
    key = query.get("key") or headers.get("x-redmine-api-key")
    if key:
        return _by_key(state, key)
    login, password = _basic(headers.get("authorization", ""))
    if not login:
        return ANONYMOUS
    user = state.user_by_login(login)
    if user and not user.locked and password == user.password:
        return user
    return _by_key(state, login)


def _by_key(state: State, key: str) -> User:
    found = (user for user in state.users.values() if user.api_key == key and not user.locked)
    return next(found, ANONYMOUS)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        login, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return login, password
