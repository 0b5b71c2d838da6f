"""The people of the story: what they do at the service desk and in Redmine, over HTTP, each with their own account."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from bridge.sandbox.redmine.model import Member
from bridge.sandbox.sandbox import Sandbox

SECONDS = 30.0
# The sandbox is on this machine: a proxy of the environment has no business here.
_OPENER = build_opener(ProxyHandler({}))
# login, first name, last name in Redmine of the desk's agents
_AGENTS = (("anna", "Anna", "Keller"), ("bob", "Bob", "Marsh"), ("chen", "晨", "陈"))
_OPERATIONS, _DEVELOPER, _BRIDGE = "operations", "Developer", "itsm-sync"


class StoryError(Exception):
    """The sandbox did not do what somebody in the story asked for; the text says who, what and how it answered."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An incident of the story."""

    id: int
    number: str
    title: str


@dataclass(slots=True)
class Stage:
    """Both halves of a sandbox with the story's people, and what they have opened so far, by the story's own names."""

    sandbox: Sandbox
    tickets: dict[str, Ticket] = field(default_factory=dict)
    _projects: dict[str, int] = field(default_factory=dict)
    _statuses: dict[str, int] = field(default_factory=dict)

    def desk(self, login: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A request of somebody to the incident system. Raises StoryError unless it did as asked."""
        side = self.sandbox.itsm
        told = _call(method, side.url + path, {"Authorization": f"Bearer {side.token(login)}"}, body)
        if not told.get("ok"):
            raise StoryError(f"{login}: {method} {path} {body}: {told}")
        return told

    def office(self, login: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A request of somebody to Redmine. Raises StoryError for anything but success."""
        side = self.sandbox.redmine
        return _call(method, side.url + path, {"X-Redmine-API-Key": side.key(login)}, body)

    def project(self, login: str, words: str) -> int:
        """The id of the project whose name contains `words`, as somebody finds it in their list."""
        if words not in self._projects:
            rows = self.office(login, "GET", "/projects.json?limit=100")["projects"]
            self._projects[words] = _one([row for row in rows if words in row["name"]], f"project “{words}”", login)[
                "id"
            ]
        return self._projects[words]

    def issues(self, login: str, words: str) -> list[dict[str, Any]]:
        """All issues of a project, oldest first: the root is the first one."""
        path = f"/issues.json?project_id={self.project(login, words)}&status_id=*&sort=id&limit=100"
        return list(self.office(login, "GET", path)["issues"])

    def task(self, login: str, words: str, start: str) -> dict[str, Any]:
        """The task of a project whose subject begins with `start`."""
        found = [row for row in self.issues(login, words) if row["subject"].startswith(start)]
        return _one(found, f"task “{start}” of “{words}”", login)

    def own_issue(self, login: str, words: str, name: str) -> dict[str, Any]:
        """The issue that stands for an incident in a project."""
        mark = re.compile(rf"\w+ #{self.tickets[name].id}: ")
        return _one([row for row in self.issues(login, words) if mark.match(row["subject"])], f"issue of {name}", login)

    def change(self, login: str, issue: int, **attributes: Any) -> None:
        """Somebody changes an issue; `status` is a name, `assigned_to` a login.

        Raises StoryError when Redmine did not take it over: it answers 204 to what it ignores, too.
        """
        wanted: dict[str, int] = {}
        if "status" in attributes:
            attributes["status_id"] = wanted["status"] = self._status(login, attributes.pop("status"))
        if "assigned_to" in attributes:
            attributes["assigned_to_id"] = wanted["assigned_to"] = self._user(attributes.pop("assigned_to"))
        self.office(login, "PUT", f"/issues/{issue}.json", {"issue": attributes})
        now = self.office(login, "GET", f"/issues/{issue}.json")["issue"]
        for name, number in wanted.items():
            if now.get(name, {}).get("id") != number:
                raise StoryError(f"{login}: {name} of issue {issue} is {now.get(name)}, not {number}")

    def _status(self, login: str, name: str) -> int:
        if not self._statuses:
            rows = self.office(login, "GET", "/issue_statuses.json")["issue_statuses"]
            self._statuses = {row["name"]: row["id"] for row in rows}
        return self._statuses[name]

    def _user(self, login: str) -> int:
        user = self.sandbox.redmine.app.state.user_by_login(login)
        if user is None:
            raise StoryError(f"there is no account {login}")
        return user.id


def settle(sandbox: Sandbox) -> Stage:
    """Gives the desk's agents accounts in the sandbox's Redmine, with ids that count on from its seed's.

    The bridge's account there gets no mails, as an administrator would set it up.
    """
    state = sandbox.redmine.app.state
    operations, role = state.project(_OPERATIONS), state.role_by_name(_DEVELOPER)
    if operations is None or role is None:
        raise StoryError("the sandbox's Redmine is not as its seed makes it")
    model = state.users[max(number for number, user in state.users.items() if not user.admin and not user.locked)]
    bridge = state.user_by_login(_BRIDGE)
    if bridge is not None:
        bridge.mail_notification = "none"
    number = max(state.users)
    for login, first, last in _AGENTS:
        number += 1
        state.users[number] = replace(
            model,
            id=number,
            login=login,
            firstname=first,
            lastname=last,
            mail=f"{login}@example.invalid",
            api_key=f"sandbox-key-of-{login}",
        )
        state.put_member(Member(state.next_id("member"), operations.id, number, [role.id]))
    return Stage(sandbox)


def _one(rows: list[dict[str, Any]], what: str, login: str) -> dict[str, Any]:
    if len(rows) != 1:
        raise StoryError(f"{login} found {len(rows)} times {what}")
    return rows[0]


def _call(method: str, url: str, headers: dict[str, str], body: object) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {**headers, "Content-Type": "application/json"}, method=method)  # noqa: S310 - http only
    try:
        with _OPENER.open(request, timeout=SECONDS) as answer:
            text = answer.read()
    except OSError as error:
        raise StoryError(f"{method} {url} {body}: {error}") from error
    return dict(json.loads(text)) if text.strip() else {}
