"""Projects and their members: created once, private, below the parent, checked before anything else is written."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.errors import BridgeError, Forbidden, NotApplied, NotFound, Rejected, WouldLeak
from bridge.model.project import Project, ProjectSpec
from bridge.redmine import translate
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.names import PARENT_INCLUDES, Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.privacy import ROLES, Privacy
from bridge.redmine.standing import require_below_parent
from bridge.redmine.text import clean, has_origin, one_line, with_origin

ACTIVE_USER = 1
"""How Redmine numbers the status of an account; only administrators are told it (5.0 to 7.0)."""


@dataclass(frozen=True, slots=True)
class Projects:
    """What the gateway does with projects."""

    client: Client
    names: Names
    privacy: Privacy
    options: RedmineOptions

    def get(self, project: int | str) -> Project:
        """A project by id or identifier. Raises Forbidden when it is archived, NotFound when it is not there."""
        try:
            return translate.project(self.client.project(project), self.options.url)
        except Forbidden as error:
            raise refusal(self.client, project, error, "View project") from error

    def open(self, spec: ProjectSpec, *, unsure: bool) -> Project:
        """See ProjectTracker.open_project."""
        where = f"Redmine project {spec.identifier}"
        if not spec.public:
            self.privacy.require_private_projects(where)
        if unsure:
            found = self._find(spec.identifier)
            if found is not None:
                return self._adopt(found, spec, where)
        parent = self._parent(spec)
        if spec.parent != self.options.parent_project:
            require_below_parent(self.client, self.names, self.options, parent, f"Redmine project {spec.parent}")
        values = self._custom(spec, where)
        try:
            raw = self.client.create_project(_fields(spec, parent, values))
        except Rejected as error:
            return self._refused(spec, error, where)
        except Forbidden as error:
            raise refusal(self.client, spec.parent, error, "Create subprojects") from error
        self._check_created(raw, spec, parent, where)
        _check_values(raw, values, where)
        self.names.account(fresh=True)  # its creator is a member of it from now on
        return self._complete(raw["id"], spec, parent, where)

    def close(self, project_id: int) -> Project:
        """Closes a project (read-only for all); closed already is success. Raises NotApplied."""
        return self._set_status(project_id, "close", "closed")

    def reopen(self, project_id: int) -> Project:
        """Opens a closed project again; open already is success. Raises NotApplied."""
        return self._set_status(project_id, "reopen", "active")

    def add_member(self, project_id: int, user_id: int, role: str) -> None:
        """See ProjectTracker.add_member."""
        where = f"Redmine project {project_id}, member {user_id}"
        role_id = self.names.id_of("role", role)
        self._require_active(user_id, where)
        try:
            # one user per request: Redmine validates only the first of several (members_controller.rb, 5.0 to 7.0)
            raw = self.client.create_membership(project_id, {"user_id": user_id, "role_ids": [role_id]})
        except Rejected as error:
            if any("already been taken" in reason for reason in error.reasons):
                return
            raise Rejected(where, error.reasons, error.advice) from error
        except Forbidden as error:
            raise refusal(self.client, project_id, error, "Manage members") from error
        got = {row["id"] for row in raw.get("roles") or []}
        if role_id not in got:
            what = f"Redmine made user {user_id} a member without the role “{role}”."
            raise NotApplied(where, what, f"May the bridge's role give “{role}” ({ROLES} → Manage members)?")

    def is_usable(self, user_id: int) -> bool:
        """See ProjectTracker.is_usable."""
        try:
            raw = self.client.get(f"/users/{user_id}.json", "user")
        except NotFound:
            # to a non-admin a locked account is as invisible as one that is not there
            account = self.names.account()
            roles = {role for ids in account.roles.values() for role in ids}
            return not (account.admin or any(self.names.role(role).sees_all_users for role in roles))
        except Forbidden:
            return True
        return bool(raw.get("status", ACTIVE_USER) == ACTIVE_USER)

    def _require_active(self, user_id: int, where: str) -> None:
        # REST adds a locked account without a word
        if not self.is_usable(user_id):
            reason = f"Redmine user {user_id} is locked or does not exist."
            advice = "Unlock the account, or correct the person in the directory (active: false, redmine id)."
            raise Rejected(where, (reason,), advice)

    def _find(self, identifier: str) -> Raw | None:
        try:
            return self.client.project(identifier)
        except NotFound:
            return None
        except Forbidden:
            # taken by a project that is archived or not ours: creating it will say so
            return None

    def _parent(self, spec: ProjectSpec) -> Raw:
        try:
            return self.names.parent(spec.parent)
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, spec.parent, error, "View project") from error

    def _custom(self, spec: ProjectSpec, where: str) -> dict[int, str]:
        """The values of the project's own fields. Raises Rejected for a field that neither it nor issues have."""
        found: dict[int, str] = {}
        for name, value in spec.custom_fields.items():
            field = self.names.project_field(name)
            if field is not None:
                found[field] = clean(value)
            elif self.names.custom_field(name) is None:
                reason = f"refused before anything was created: there is no custom field “{name}” that it can see."
                raise Rejected(where, (reason,), f"Add its id to redmine.custom_field_ids: {{{name}: …}}.")
        return found

    def _refused(self, spec: ProjectSpec, error: Rejected, where: str) -> Project:
        if any(reason.startswith("Identifier has already") for reason in error.reasons):
            found = self._find(spec.identifier)
            if found is not None:
                return self._adopt(found, spec, where)
            what = "the identifier belongs to a project that the bridge's account may not see, perhaps an archived one."
            raise Rejected(where, (what,), "Unarchive or rename nothing: choose another identifier prefix.") from error
        if any(reason.startswith(("Subproject of", "Parent")) for reason in error.reasons):
            raise refusal(self.client, spec.parent, error, "Create subprojects") from error
        raise error

    def _adopt(self, raw: Raw, spec: ProjectSpec, where: str) -> Project:
        if not has_origin(raw.get("description"), spec.origin):
            reason = f"the identifier belongs to another project, “{raw['name']}”: its description lacks {spec.origin}."
            raise Rejected(where, (reason,), "Choose another identifier prefix, or rename that project's identifier.")
        parent = self._parent(spec)
        if not spec.public and raw.get("is_public", True):
            self._public(raw, where, "was found public")
        return self._complete(raw["id"], spec, parent, where)

    def _check_created(self, raw: Raw, spec: ProjectSpec, parent: Raw, where: str) -> None:
        if not spec.public and raw.get("is_public", True):
            self._public(raw, where, "was created public although private was asked")
        if raw.get("identifier") != spec.identifier:
            what = f"it was created as “{raw.get('identifier')}” (id {raw['id']})."
            raise NotApplied(where, what, "Delete it in Redmine, then retry.")
        if (raw.get("parent") or {}).get("id") != parent["id"]:
            what = f"it was created (id {raw['id']}), but not below “{parent['name']}”."
            raise NotApplied(where, what, f"Move it there; tick “Create subprojects” in {ROLES}.")

    def _public(self, raw: Raw, where: str, how: str) -> None:
        try:
            self.client.set_project_status(raw["id"], "close")
            state = "It was closed at once; nothing else was written to it."
        except BridgeError as error:
            state = f"Closing it failed ({error.what}); nothing else was written to it."
        what = f"the project “{raw['name']}” (id {raw['id']}) {how}: its name and description can be read. {state}"
        advice = "Make it private or delete it in Redmine; check redmine.creator_role and redmine.version, then retry."
        raise WouldLeak(where, what, advice)

    def _complete(self, project_id: int, spec: ProjectSpec, parent: Raw, where: str) -> Project:
        """Sees that modules and trackers are as asked, mends them once, and returns the project."""
        raw = self.client.project(project_id, PARENT_INCLUDES)
        if lacking := _lacking(raw, spec, parent):
            modules = [*_names(raw, "enabled_modules"), *spec.modules]
            trackers = sorted({row["id"] for row in [*_rows(raw, "trackers"), *_rows(parent, "trackers")]})
            fields = {"enabled_module_names": list(dict.fromkeys(modules)), "tracker_ids": trackers}
            try:
                self.client.update_project(project_id, fields)
            except Forbidden as error:
                what = f"the project was created without {', '.join(lacking)}."
                raise NotApplied(
                    where, what, f"Tick “Select project modules” and “Edit project” in {ROLES}."
                ) from error
            raw = self.client.project(project_id, PARENT_INCLUDES)
            if lacking := _lacking(raw, spec, parent):
                what = f"the project is there, but without {', '.join(lacking)}: Redmine ignored it."
                raise NotApplied(where, what, f"Tick “Select project modules” in {ROLES} for the bridge's role, retry.")
        return translate.project(raw, self.options.url)

    def _set_status(self, project_id: int, action: str, wanted: str) -> Project:
        try:
            self.client.set_project_status(project_id, action)
        except Forbidden as error:
            now = self.get(project_id)
            if now.status == wanted:
                return now
            raise refusal(self.client, project_id, error, "Close / reopen the project") from error
        project = self.get(project_id)
        if project.status != wanted:
            what = f"it is {project.status} and not {wanted}."
            raise NotApplied(f"Redmine project {project.identifier}", what, "Is its parent project open?")
        return project


def _check_values(raw: Raw, values: dict[int, str], where: str) -> None:
    got = translate.custom_values(raw)
    for field, value in values.items():
        if got.get(field) != value:
            what = f"it was created (id {raw['id']}), but its field {field} is “{got.get(field, '')}”, not “{value}”."
            raise NotApplied(where, what, "Correct the value in Redmine; a retry takes the project as it is.")


def _fields(spec: ProjectSpec, parent: Raw, values: dict[int, str]) -> Raw:
    fields: Raw = {
        "name": one_line(spec.name),
        "identifier": spec.identifier,
        "description": with_origin(spec.description, spec.origin),
        "parent_id": parent["id"],
        "is_public": spec.public,
        "inherit_members": False,
        "enabled_module_names": list(spec.modules),
        # Redmine would give it the trackers of a server setting and only those fields that are for all projects
        "tracker_ids": [row["id"] for row in _rows(parent, "trackers")],
    }
    if values:
        fields["custom_fields"] = [{"id": field, "value": value} for field, value in values.items()]
    if custom := [row["id"] for row in _rows(parent, "issue_custom_fields")]:
        fields["issue_custom_field_ids"] = custom
    return fields


def _lacking(raw: Raw, spec: ProjectSpec, parent: Raw) -> list[str]:
    modules = [f"module {name}" for name in spec.modules if name not in _names(raw, "enabled_modules")]
    present = _names(raw, "trackers")
    return modules + [f"tracker {name}" for name in _names(parent, "trackers") if name not in present]


def _names(raw: Raw, key: str) -> list[str]:
    return [row["name"] for row in _rows(raw, key)]


def _rows(raw: Raw, key: str) -> list[Raw]:
    return raw.get(key) or []
