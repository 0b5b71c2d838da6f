"""People who edit both sides at the same time, by a seed; and what must be true when they have gone home."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.app import App
from bridge.model.effect import Effect
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.sandbox import Sandbox
from bridge.sandbox.itsm.model import Incident
from bridge.sandbox.redmine import model as redmine
from bridge.sync.mapping import canonical
from tests.servers.common import Caller

STATES = {"new": State.NEW, "in_progress": State.IN_PROGRESS, "pending": State.ON_HOLD, "solved": State.RESOLVED}
AGENTS = {"anna": "ben", "bob": "mia"}
MEANWHILE = 0.1
"""How likely somebody edits a side while the bridge is writing to it."""


@dataclass
class People:
    """Agents at the incident system and members of the projects. What they wrote is kept, to be looked for."""

    sandbox: Sandbox
    links: list[tuple[str, int]]
    rng: random.Random
    notes: list[tuple[str, int, str, bool]] = field(default_factory=list)
    """(incident, issue, text, private) of every note."""
    files: dict[str, set[bytes]] = field(default_factory=dict)
    """Content of the files that were attached to the issue, by incident."""
    minutes: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    busy: bool = False

    def edit(self, link: tuple[str, int] | None = None) -> None:
        """One edit on one side of a link."""
        self.edits += 1
        incident, issue = link or self.rng.choice(self.links)
        here: list[Callable[[str, int], None]] = [self._state, self._agent, self._work_note]
        there: list[Callable[[str, int], None]] = [self._status, self._assignee, self._note, self._file, self._spend]
        self.rng.choice(self.rng.choice([here, there]))(incident, issue)

    def meanwhile(self, point: str, effect: Effect) -> None:
        """A boundary of the engine: now and then somebody is faster than the bridge, on the very same link."""
        number = effect.payload.get("link")
        if number is None or point not in {"claimed", "delivered"} or not self.busy:
            return
        if self.rng.random() < MEANWHILE:
            self.edit(self.links[(number - 1) % len(self.links)])

    def _state(self, incident: str, _issue: int) -> None:
        state = self.rng.choices(["in_progress", "pending", "solved"], [5, 4, 1])[0]
        extra = {"hold_reason": "waits"} if state == "pending" else {"resolution": "ok"} if state == "solved" else {}
        self._agent_does("PATCH", f"/api/incidents/{incident}", {"state": state, **extra})

    def _agent(self, incident: str, _issue: int) -> None:
        self._agent_does("PATCH", f"/api/incidents/{incident}", {"assignee": self.rng.choice([*AGENTS, ""])})

    def _work_note(self, incident: str, issue: int) -> None:
        private = self.rng.random() < 0.7
        text = f"agents' note {self.edits}."
        body = {"text": text, "visibility": "internal" if private else "public"}
        self._agent_does("POST", f"/api/incidents/{incident}/notes", body)
        self.notes.append((incident, issue, text, private))

    def _status(self, _incident: str, issue: int) -> None:
        ids = {one.name: one.id for one in self.sandbox.redmine.app.state.statuses.values()}
        name = self.rng.choices(["In Progress", "Feedback", "Resolved"], [5, 4, 1])[0]
        self._member_does(issue, {"status_id": ids[name]})

    def _assignee(self, _incident: str, issue: int) -> None:
        login = self.rng.choice(["ben", "mia", ""])
        user = self.sandbox.redmine.app.state.user_by_login(login) if login else None
        self._member_does(issue, {"assigned_to_id": user.id if user else ""})

    def _note(self, incident: str, issue: int) -> None:
        private = self.rng.random() < 0.7
        text = f"members' note {self.edits}."
        self._member_does(issue, {"notes": text, "private_notes": private})
        self.notes.append((incident, issue, text, private))

    def _file(self, incident: str, issue: int) -> None:
        content = f"file {self.rng.randrange(40)} of {incident}".encode() * 20
        caller = self._as("mia")
        kind = {"Content-Type": "application/octet-stream"}
        upload = caller.ok("POST", f"/uploads.json?filename=f{self.edits}.txt", data=content, headers=kind)["upload"]
        self._member_does(issue, {"uploads": [{"token": upload["token"], "filename": f"f{self.edits}.txt"}]})
        self.files.setdefault(incident, set()).add(content)

    def _spend(self, incident: str, issue: int) -> None:
        minutes = self.rng.choice([15, 30, 90])
        body = {"issue_id": issue, "hours": minutes / 60, "activity_id": self._activity(), "comments": "worked"}
        self._as("mia").ok("POST", "/time_entries.json", {"time_entry": body})
        self.minutes[incident] += minutes

    def _activity(self) -> int:
        return next(iter(self.sandbox.redmine.app.state.activities))

    def _agent_does(self, method: str, path: str, body: dict[str, Any]) -> None:
        token = self.sandbox.itsm.token(self.rng.choice(list(AGENTS)))
        Caller(self.sandbox.itsm.url, {"Authorization": f"Bearer {token}"})(method, path, body)

    def _member_does(self, issue: int, fields: dict[str, Any]) -> None:
        self._as(self.rng.choice(["ben", "mia"])).ok("PUT", f"/issues/{issue}.json", {"issue": fields})

    def _as(self, login: str) -> Caller:
        return Caller(self.sandbox.redmine.url, {"X-Redmine-API-Key": self.sandbox.redmine.key(login)})


def employ(sandbox: Sandbox, project: int) -> None:
    """ben and mia become members of a project."""
    state = sandbox.redmine.app.state
    role = next(role for role in state.roles.values() if role.name == "Manager")
    for login in ("ben", "mia"):
        user = state.user_by_login(login)
        assert user is not None
        state.put_member(redmine.Member(state.next_id("member"), project, user.id, [role.id]))


def disagreements(sandbox: Sandbox, app: App, people: People) -> list[str]:
    """What is neither the same on both sides nor told in the link's attention or among the conflicts."""
    found: list[str] = []
    with app.database.reading() as uow:
        links = [link for link in uow.links.all() if link.ended_at is None]
    for link in links:
        incident = sandbox.itsm.app.state.incidents[int(link.ref.external_id)]
        issue = sandbox.redmine.app.state.issues[link.issue_id or 0]
        found += _fields(sandbox, app, link, incident, issue)
        found += _work(link, incident, people)
        found += _files(sandbox, link, incident, issue, people)
    return [*found, *_notes(sandbox, people)]


def _fields(sandbox: Sandbox, app: App, link: Link, incident: Incident, issue: redmine.Issue) -> list[str]:
    redmine_state = sandbox.redmine.app.state
    status = redmine_state.statuses[issue.status_id].name
    theirs = app.configured.policy.statuses.state_of(status)
    user = redmine_state.users[issue.assigned_to_id].login if issue.assigned_to_id else ""
    found = []
    if theirs is not canonical(STATES[incident.state]) and not link.attention:
        found.append(f"{link.ref}: {incident.state}, its issue {status}")
    if AGENTS.get(incident.assignee, "") != user and not link.attention:
        found.append(f"{link.ref}: {incident.assignee or 'nobody'}, its issue {user or 'nobody'}")
    return found


def _work(link: Link, incident: Incident, people: People) -> list[str]:
    booked, spent = sum(work.minutes for work in incident.work), people.minutes[link.ref.external_id]
    return [] if booked == spent else [f"{link.ref}: {booked} of {spent} minutes are booked"]


def _files(sandbox: Sandbox, link: Link, incident: Incident, issue: redmine.Issue, people: People) -> list[str]:
    there = Counter(file.content for file in incident.files)
    wanted = people.files.get(link.ref.external_id, set())
    found = [f"{link.ref}: a file is there {count} times" for count in there.values() if count > 1]
    found += [f"{link.ref}: a file of its caller's to see" for file in incident.files if file.visibility != "internal"]
    return found if set(there) == wanted else [*found, f"{link.ref}: {len(there)} of {len(wanted)} files are there"]


def _notes(sandbox: Sandbox, people: People) -> list[str]:
    """Each note once on either side, a private one private."""
    found = []
    for incident, issue, text, private in people.notes:
        here = [n for n in sandbox.itsm.app.state.incidents[int(incident)].notes if text in n.text]
        there = [j for j in sandbox.redmine.app.state.issues[issue].journals if text in (j.notes or "")]
        if (len(here), len(there)) != (1, 1):
            found.append(f"“{text}” is {len(here)} times on incident {incident}, {len(there)} times on issue {issue}")
        elif private and (here[0].visibility != "internal" or not there[0].private):
            found.append(f"“{text}” was private and is public")
    return found


def script(seed: int) -> random.Random:
    """The chance that a seed makes."""
    return random.Random(seed)
