"""Whether something can be made private, decided before it is created: Redmine ignores the flag without the right.

Sources: project.rb and issue.rb, safe_attributes (5.0.4 to 7.0.0). Without select_project_publicity (since 5.1)
`is_public: false` is dropped and the default is public; without set_notes_private a note is stored public.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.errors import NotFound, Rejected, WouldLeak
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions

ROLES = "Administration → Roles and permissions"
CREATOR_SETTING = "Administration → Settings → Projects → “Role given to a non-admin user who creates a project”"
OLDER = "; is there no such box (Redmine 5.0), set redmine.version to the server's."


@dataclass(frozen=True, slots=True)
class Privacy:
    """Answers from the roles as they are, read again before a refusal."""

    names: Names
    options: RedmineOptions

    def require_private_projects(self, where: str) -> None:
        """Raises WouldLeak unless a project that the bridge creates is certainly private."""
        if not self.options.publicity_is_a_right or self.names.account().admin:
            return
        role = self.options.creator_role
        if not role:
            what = "refused before anything was created: it is not known whether the project would be private."
            advice = f"Set redmine.creator_role to the role of {CREATOR_SETTING}, or redmine.version if it is 5.0."
            raise WouldLeak(where, what, advice)
        try:
            role_id = self.names.id_of("role", role)
        except Rejected as error:
            what = f"refused before anything was created: the creator's role “{role}” does not exist."
            raise WouldLeak(where, what, error.advice) from error
        if not self._has(role_id, frozenset({"select_project_publicity"})):
            what = f"refused before anything was created: the project would be public (role “{role}”)."
            raise WouldLeak(where, what, f"Tick “Set project public or private” in {ROLES} → {role}{OLDER}")

    def require_private_notes(self, project_id: int, where: str) -> None:
        """Raises WouldLeak unless a note of the bridge in this project is certainly private."""
        if not self._may(project_id, frozenset({"set_notes_private"})):
            what = "refused before anything was written: the private note would be public."
            raise WouldLeak(
                where, what, f"Tick “Set notes as private” in {ROLES} for the bridge's role in this project."
            )

    def require_private_issues(self, project_id: int, where: str) -> None:
        """Raises WouldLeak unless an issue that the bridge creates in this project is certainly private."""
        if not self._may(project_id, frozenset({"set_issues_private", "set_own_issues_private"})):
            what = "refused before anything was created: the private issue would be public."
            advice = f"Tick “Set own issues public or private” in {ROLES} for the bridge's role in this project."
            raise WouldLeak(where, what, advice)

    def private_notes_everywhere(self) -> bool:
        """Whether notes can be private in every project of the account, so that an issue's project does not matter."""
        account = self.names.account()
        if account.admin:
            return True
        return bool(account.roles) and all(
            any("set_notes_private" in self.names.role(role).permissions for role in roles)
            for roles in account.roles.values()
        )

    def _may(self, project_id: int, any_of: frozenset[str]) -> bool:
        for fresh in (False, True):
            account = self.names.account(fresh=fresh)
            if account.admin:
                return True
            for role_id in account.roles.get(project_id, frozenset()):
                if self._has(role_id, any_of):
                    return True
        return False

    def _has(self, role_id: int, any_of: frozenset[str]) -> bool:
        for fresh in (False, True):
            try:
                if self.names.role(role_id, fresh=fresh).permissions & any_of:
                    return True
            except NotFound:
                return False
        return False
