"""What `check` finds wrong with the connection, the account's rights and the configuration. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.model.errors import AuthenticationFailed, BridgeError, Forbidden, NotFound, Problem, Rejected, problem_of
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.filterable import CustomFields
from bridge.redmine.names import Account, Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.privacy import CREATOR_SETTING, OLDER, ROLES
from bridge.redmine.text import did_you_mean

PARENT_RIGHTS = {"add_subprojects": "Create subprojects", "view_issues": "View issues"}
PROJECT_RIGHTS = {
    # Redmine drops modules and trackers in silence when a project is created; giving them afterwards is an edit
    "edit_project": "Edit project",
    "close_project": "Close / reopen the project",
    "select_project_modules": "Select project modules",
    "manage_members": "Manage members",
    "manage_versions": "Manage versions",
    "manage_categories": "Manage issue categories",
    "view_issues": "View issues",
    "add_issues": "Add issues",
    "edit_issues": "Edit issues",
    "manage_issue_relations": "Manage issue relations",
    "manage_subtasks": "Manage subtasks",
    "add_issue_notes": "Add notes",
    "view_private_notes": "View private notes",
    "set_notes_private": "Set notes as private",
    "view_wiki_pages": "View wiki",
    "edit_wiki_pages": "Edit wiki pages",
}
INTAKE_RIGHTS = {
    "view_issues": "View issues",
    "add_issues": "Add issues",
    "edit_issues": "Edit issues",
    "add_issue_notes": "Add notes",
    "view_private_notes": "View private notes",
}
PUBLICITY = {"select_project_publicity": "Set project public or private"}


@dataclass(frozen=True, slots=True)
class Preflight:
    """Looks at everything afresh, so that what a person has just mended counts."""

    client: Client
    names: Names
    options: RedmineOptions

    def problems(self) -> list[Problem]:
        """See ProjectTracker.check."""
        try:
            account = self.names.account(fresh=True)
        except BridgeError as error:
            return [_problem("redmine.api_key" if isinstance(error, AuthenticationFailed) else "redmine.url", error)]
        try:
            return [
                *self._account(account),
                *self._language(),
                *self._parent(account),
                *self._named(),
                *self._assignable(),
                *self._correlation(),
                *self._intake(account),
            ]
        except BridgeError as error:
            return [_problem("redmine", error)]

    def _account(self, account: Account) -> Iterator[Problem]:
        if account.admin:
            what = f"the account “{account.login}” is an administrator: a leaked key would open everything."
            yield Problem("redmine.api_key", what, "Use an account with a role of its own.", "warning")

    def _language(self) -> Iterator[Problem]:
        try:
            self.client.issue_list({"updated_on": "no date", "limit": 1})
        except Rejected as error:
            if not any(reason.endswith("is invalid") for reason in error.reasons):
                what = (
                    f"Redmine answers in another language (“{error.reasons[0]}”): its reasons will not be understood."
                )
                yield Problem("redmine.api_key", what, "Set the account's language to English (My account).", "warning")

    def _parent(self, account: Account) -> Iterator[Problem]:
        where, identifier = "redmine.parent_project", self.options.parent_project
        try:
            parent = self.names.parent(identifier, fresh=True)
        except (NotFound, Forbidden) as error:
            yield _problem(where, refusal(self.client, identifier, error, "View project"))
            return
        if parent.get("status", 1) != 1:
            yield Problem(
                where, f"the project “{parent['name']}” is closed: no subproject can be created.", "Reopen it."
            )
        if not parent.get("trackers"):
            yield Problem(where, f"the project “{parent['name']}” has no trackers.", "Choose them in its settings.")
        if not account.admin:
            yield from self._rights(account, parent)

    def _rights(self, account: Account, parent: Raw) -> Iterator[Problem]:
        roles = account.roles.get(parent["id"], frozenset())
        if not roles:
            what = f"the account “{account.login}” is no member of “{parent['name']}”."
            yield Problem("redmine.parent_project", what, "Add it under Settings → Members of that project.")
            return
        facts = [self.names.role(role, fresh=True) for role in sorted(roles)]
        in_parent = frozenset().union(*(fact.permissions for fact in facts))
        names = " or ".join(fact.name for fact in facts)
        yield from _missing(PARENT_RIGHTS, in_parent, names, "in the parent project")
        if not any(fact.sees_others_issues for fact in facts):
            yield _blind(names)
        yield from self._creator_rights(in_parent, names)

    def _creator_rights(self, in_parent: frozenset[str], names: str) -> Iterator[Problem]:
        where, creator = "redmine.creator_role", self.options.creator_role
        needed = {**PROJECT_RIGHTS, **(PUBLICITY if self.options.publicity_is_a_right else {})}
        if not creator:
            severity = "error" if self.options.publicity_is_a_right else "warning"
            what = "the role that the bridge gets in projects it opens is not named, so that its rights are not known."
            yield Problem(where, what, f"Give the role of {CREATOR_SETTING}, and redmine.version.", severity)
            yield from _missing(PROJECT_RIGHTS, in_parent, names, "in the parent project")
            return
        known = self.names.ids("role", fresh=True)
        if creator not in known:
            yield Problem(where, f"there is no role “{creator}”.", did_you_mean(creator, list(known)))
            return
        facts = self.names.role(known[creator], fresh=True)
        yield from _missing(needed, facts.permissions, creator, "in projects that the bridge opens", OLDER)
        if not facts.sees_others_issues and creator != names:
            yield _blind(creator)

    def _assignable(self) -> Iterator[Problem]:
        known = {name.casefold(): number for name, number in self.names.ids("role").items()}
        for name in self.options.role_names:
            number = known.get(name.casefold())
            if number is not None and not self.names.role(number, fresh=True).assignable:
                what = f"Redmine assigns no issue to members with the role “{name}”, which the bridge gives to people."
                yield Problem("redmine role", what, f"Tick “Issues can be assigned to this role” in {ROLES} → {name}.")

    def _named(self) -> Iterator[Problem]:
        options = self.options
        for kind, wanted in (
            ("tracker", options.tracker_names),
            ("status", options.status_names),
            ("priority", options.priority_names),
            ("role", options.role_names),
        ):
            if not wanted:
                continue
            known = self.names.ids(kind, fresh=True)
            for name in wanted:
                if name.casefold() not in {k.casefold() for k in known}:
                    yield Problem(f"redmine {kind}", f"there is no {kind} “{name}”.", did_you_mean(name, list(known)))

    def _correlation(self) -> list[Problem]:
        name = self.options.correlation_field
        fields = CustomFields(self.client, self.names, self.options)
        return fields.problems("redmine.correlation_field", [name] if name else [])

    def _intake(self, account: Account) -> Iterator[Problem]:
        where, identifier = "redmine.intake_project", self.options.intake_project
        if not identifier:
            return
        try:
            project = self.names.parent(identifier, fresh=True)
        except (NotFound, Forbidden) as error:
            yield _problem(where, refusal(self.client, identifier, error, "View project"))
            return
        if project.get("is_public", True):
            what = f"the project “{project['name']}” is public: candidates get private issues, wiki pages are readable."
            yield Problem(where, what, "Make it private.", "warning")
        role = self.options.approver_role
        if role.casefold() not in {name.casefold() for name in self.names.ids("role", fresh=True)}:
            advice = did_you_mean(role, list(self.names.ids("role")))
            yield Problem("candidates.approver_role", f"there is no role “{role}”: nobody can decide.", advice)
        roles = account.roles.get(project["id"], frozenset())
        if not roles and not account.admin:
            what = f"the account “{account.login}” is no member of “{project['name']}”."
            yield Problem(where, what, "Add it under Settings → Members of that project.")
        elif not account.admin:
            facts = [self.names.role(number, fresh=True) for number in sorted(roles)]
            rights = frozenset().union(*(fact.permissions for fact in facts))
            names = " or ".join(fact.name for fact in facts)
            yield from _missing(INTAKE_RIGHTS, rights, names, f"in the project “{project['name']}”")
            if not any(fact.sees_others_issues for fact in facts):
                yield _blind(names)


def _missing(
    needed: dict[str, str], there: frozenset[str], role: str, where: str, older: str = ""
) -> Iterator[Problem]:
    for permission, label in needed.items():
        if permission not in there:
            what = f"the role “{role}” lacks the right “{label}” {where}."
            else_ = older if permission in PUBLICITY else "."
            yield Problem("redmine account", what, f"Tick it in {ROLES} → {role}{else_}")


def _blind(role: str) -> Problem:
    what = f"the role “{role}” sees only its own issues: what people add to a project would not be followed."
    return Problem("redmine account", what, f"Set “Issues visibility” to “All issues” in {ROLES} → {role}.")


def _problem(where: str, error: BridgeError) -> Problem:
    return problem_of(where, error, f"{error.where}: {error.what}")
