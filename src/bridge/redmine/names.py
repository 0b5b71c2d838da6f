"""Names to ids, and whose account this is: read as a non-admin, believed for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from bridge.model.errors import Forbidden, NotFound, Rejected, RemoteUnavailable
from bridge.redmine.client import Client, Raw
from bridge.redmine.options import RedmineOptions
from bridge.redmine.text import did_you_mean

WORK_TRACKERS = ("task", "任务", "support", "支持", "feature", "功能")
"""What trackers for planned work are called, the best first; in lower case."""
PARENT_INCLUDES = "trackers,enabled_modules,issue_custom_fields"


class Status(NamedTuple):
    """An issue status."""

    id: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The bridge's own account and the roles (ids) it has in each project (id)."""

    id: int
    login: str
    admin: bool
    roles: dict[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What a role may do. `sees_all_users`: accounts outside the own projects are visible too.

    `sees_others_issues`: not only one's own. `assignable`: issues may be assigned to its members.
    """

    name: str
    permissions: frozenset[str]
    sees_all_users: bool
    sees_others_issues: bool = True
    assignable: bool = True


class Names:
    """Lookups of names; each list is read once per `cache_seconds`, and again when a name is missing in it."""

    def __init__(self, client: Client, options: RedmineOptions, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._options = options
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def account(self, *, fresh: bool = False) -> Account:
        """The bridge's account. The one question that Redmine never answers to a wrong key."""

        def read() -> Account:
            try:
                user = self._client.get("/users/current.json", "user", {"include": "memberships"})
            except NotFound as error:
                what = "there is no Redmine at this address: it does not even know the bridge's own account."
                raise RemoteUnavailable(error.where, what, "Is redmine.url right?") from error
            roles: dict[int, frozenset[int]] = {}
            for member in user.get("memberships") or []:
                project = member["project"]["id"]
                roles[project] = roles.get(project, frozenset()) | {role["id"] for role in member["roles"]}
            return Account(user["id"], user.get("login", ""), bool(user.get("admin")), roles)

        account: Account = self._cached("account", read, fresh=fresh)
        return account

    def role(self, role_id: int, *, fresh: bool = False) -> RoleFacts:
        """The permissions of a role."""

        def read() -> RoleFacts:
            raw = self._client.get(f"/roles/{role_id}.json", "role")
            return RoleFacts(
                raw["name"],
                frozenset(raw["permissions"]),
                sees_all_users=raw.get("users_visibility", "all") == "all",
                sees_others_issues=raw.get("issues_visibility", "all") != "own",
                assignable=bool(raw.get("assignable", True)),
            )

        facts: RoleFacts = self._cached(f"role {role_id}", read, fresh=fresh)
        return facts

    def parent(self, identifier: str, *, fresh: bool = False) -> Raw:
        """The parent project with its trackers, modules and custom fields."""
        raw: Raw = self._cached(
            f"project {identifier}", lambda: self._client.project(identifier, PARENT_INCLUDES), fresh=fresh
        )
        return raw

    def usual_tracker(self) -> int | None:
        """The parent project's tracker for planned work where the settings name none; None leaves it to Redmine.

        Redmine's default data begins with “Bug”, which is not what a task is.
        """
        try:
            rows: list[Raw] = self.parent(self._options.parent_project).get("trackers") or []
        except (Forbidden, NotFound):
            return None
        there = {row["name"].casefold(): row["id"] for row in rows}
        return next((there[name] for name in WORK_TRACKERS if name in there), None)

    def statuses(self, *, fresh: bool = False) -> dict[str, Status]:
        """All issue statuses by name."""

        def read() -> dict[str, Status]:
            rows = self._client.get("/issue_statuses.json", "issue_statuses")
            return {row["name"]: Status(row["id"], bool(row.get("is_closed"))) for row in rows}

        found: dict[str, Status] = self._cached("statuses", read, fresh=fresh)
        return found

    def ids(self, kind: str, *, fresh: bool = False) -> dict[str, int]:
        """All ids by name of a kind: `tracker`, `priority`, `role` or `status`."""
        if kind == "status":
            return {name: status.id for name, status in self.statuses(fresh=fresh).items()}
        path, container = {
            "tracker": ("/trackers.json", "trackers"),
            "priority": ("/enumerations/issue_priorities.json", "issue_priorities"),
            "role": ("/roles.json", "roles"),
        }[kind]

        def read() -> dict[str, int]:
            rows = self._client.get(path, container)
            return {row["name"]: row["id"] for row in rows if row.get("active", True)}

        found: dict[str, int] = self._cached(kind, read, fresh=fresh)
        return found

    def id_of(self, kind: str, name: str) -> int:
        """The id of a name. Raises Rejected with the names there are."""
        for fresh in (False, True):
            known = self.ids(kind, fresh=fresh)
            if name in known:
                return known[name]
            folded = {k.casefold(): i for k, i in known.items()}
            if name.casefold() in folded:
                return folded[name.casefold()]
        raise Rejected(
            f"Redmine {kind} “{name}”", (f"there is no {kind} of this name.",), did_you_mean(name, list(known))
        )

    def custom_field(self, name: str) -> int | None:
        """The id of an issue custom field, None when this account cannot see it (see `custom_fields`)."""
        for fresh in (False, True):
            found = self.custom_fields(fresh=fresh).get(name)
            if found is not None:
                return found
        return None

    def custom_fields(self, *, fresh: bool = False) -> dict[str, int]:
        """Issue custom fields that a non-admin can see: the parent project's, those on visible issues, the settings'.

        Redmine 5.0 leaves “for all projects” fields out of the project; they only show on issues.
        """

        def read() -> dict[str, int]:
            parent = self._options.parent_project
            fields: list[Raw] = list(self.parent(parent, fresh=fresh).get("issue_custom_fields") or [])
            query = {"project_id": parent, "subproject_id": "*", "status_id": "*", "limit": 25, "sort": "id:desc"}
            try:
                issues = self._client.issue_list(query).rows
            except NotFound:
                issues = []
            for row in issues:
                fields += row.get("custom_fields") or []
            return {field["name"]: field["id"] for field in fields}

        seen: dict[str, int] = self._cached("custom fields", read, fresh=fresh)
        return {**seen, **self._options.custom_field_ids}

    def project_field(self, name: str) -> int | None:
        """The id of a project custom field, None when the parent project shows none of this name.

        A project shows its own fields with their values to everybody who sees it (5.0 to 7.0).
        """
        for fresh in (False, True):
            fields: list[Raw] = self.parent(self._options.parent_project, fresh=fresh).get("custom_fields") or []
            for field in fields:
                if field["name"] == name:
                    return int(field["id"])
        return None

    def learn(self, raw_issue: Raw) -> None:
        """Takes the ids of custom fields from an issue that was read anyway."""
        fields = {field["name"]: field["id"] for field in raw_issue.get("custom_fields") or []}
        with self._lock:
            until, known = self._known.get("custom fields", (None, {}))
            if until is not None and not fields.items() <= known.items():
                self._known["custom fields"] = (until, {**known, **fields})

    def _cached(self, key: str, read: Callable[[], Any], *, fresh: bool) -> Any:
        now = self._elapsed()
        with self._lock:
            until, value = self._known.get(key, (now, None))
        if value is not None and now < until and not fresh:
            return value
        value = read()  # outside the lock: two threads may read the same list, none waits for a slow server
        with self._lock:
            self._known[key] = (now + self._options.cache_seconds, value)
        return value
