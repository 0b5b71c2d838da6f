"""People who edit both sides at the same time, by a seed; and what must be true when they have gone home."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Protocol

from bridge.app import App
from bridge.model.effect import Effect
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.sync.fields import name_for_people
from bridge.sync.mapping import canonical
from tests.system.office import Office
from tests.system.rows import Rows

STATES = ([State.IN_PROGRESS, State.ON_HOLD, State.RESOLVED], [5, 4, 1])
STATUSES = (["In Progress", "Feedback", "Resolved"], [5, 4, 1])
MEMBERS = ["ben", "mia"]
FIELDS = {
    "priority": ["Immediate", "Urgent", "High"],
    "subject": ["Router core CPU above 95 %", "Router core CPU at 100 %", "Router CPU: card 3"],
    "due": ["2030-01-07", "2030-02-28", ""],
}
SYNC = {"priority": "project", "subject": "incident", "due": "newest"}
"""The owner of each of these fields, which go both ways."""
MEANWHILE = 0.1
"""How likely somebody edits a side while the bridge is writing to it."""
TRIES = 20
"""How often somebody sends a change again that Redmine refuses without a word, for somebody else was faster."""


Edit = Callable[[], None]
Plan = Callable[[str, int], Edit]


@dataclass(frozen=True)
class Shown:
    """What one side shows: its state, who works on it (a person of the directory, empty for nobody), what it holds."""

    state: State | None
    person: str
    notes: list[tuple[str, bool]]
    """(text, private)."""
    files: list[tuple[str, bool]] = field(default_factory=list)
    """(SHA-256 of the content, private)."""
    minutes: int = 0
    fields: dict[str, str] = field(default_factory=dict)


class Sides(Protocol):
    """Both sides, as people use them and as they show themselves. `agents` are persons by login at the desk."""

    office: Office
    rows: Rows
    agents: dict[str, str]

    def set_state(self, incident: str, state: State, *, as_: str) -> None:
        """An agent changes the state, where that is possible."""

    def assign(self, incident: str, login: str, *, as_: str) -> None:
        """An agent gives it to somebody, or to nobody."""

    def write(self, incident: str, text: str, *, private: bool, as_: str) -> None:
        """An agent writes a note."""

    def incidents(self, app: App, links: list[Link]) -> list[Shown]:
        """What the links' incidents show."""

    def issues(self, app: App, links: list[Link]) -> list[Shown]:
        """What the links' issues show."""


@dataclass
class People:
    """Agents at the incident system and members of the projects. What they wrote is kept, to be looked for."""

    sides: Sides
    links: list[tuple[str, int]]
    """(incident, issue) of each link, by the link's number."""
    rng: random.Random
    notes: list[tuple[str, int, str, bool]] = field(default_factory=list)
    """(incident, issue, text, private) of every note."""
    files: dict[str, set[str]] = field(default_factory=dict)
    """SHA-256 of the files that were attached to the issue, by incident."""
    minutes: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    busy: bool = False
    _planning: threading.Lock = field(default_factory=threading.Lock)
    _activity: int = 0

    def edit(self, link: tuple[str, int] | None = None) -> None:
        """One edit on one side of a link."""
        self.planned(link)()

    def planned(self, link: tuple[str, int] | None = None) -> Edit:
        """The script's next edit; it is done when it is called, in any thread."""
        with self._planning:
            self.edits += 1
            incident, issue = link or self.rng.choice(self.links)
            here: list[Plan] = [self._state, self._agent, self._work_note, self._field]
            there: list[Plan] = [self._status, self._assignee, self._note, self._file, self._spend, self._issue_field]
            return self.rng.choice(self.rng.choice([here, there]))(incident, issue)

    def meanwhile(self, point: str, effect: Effect) -> None:
        """A boundary of the engine: now and then somebody is faster than the bridge, on the very same link."""
        number = effect.payload.get("link")
        if number is None or point not in {"claimed", "delivered"} or not self.busy:
            return
        if self.rng.random() < MEANWHILE:
            self.edit(self.links[(number - 1) % len(self.links)])

    def _state(self, incident: str, _issue: int) -> Edit:
        state = self.rng.choices(*STATES)[0]
        return partial(self.sides.set_state, incident, state, as_=self._somebody())

    def _agent(self, incident: str, _issue: int) -> Edit:
        login = self.rng.choice([*self.sides.agents, ""])
        return partial(self.sides.assign, incident, login, as_=self._somebody())

    def _work_note(self, incident: str, issue: int) -> Edit:
        private = self.rng.random() < 0.7
        text = f"agents' note {self.edits}."
        self.notes.append((incident, issue, text, private))
        return partial(self.sides.write, incident, text, private=private, as_=self._somebody())

    def _field(self, incident: str, _issue: int) -> Edit:
        return partial(self.sides.rows.set_incident, incident, self._values(), as_=self._somebody())

    def _issue_field(self, _incident: str, issue: int) -> Edit:
        return self._change(issue, **self.sides.rows.issue_fields(issue, self._values()))

    def _values(self) -> dict[str, str]:
        name = self.rng.choice([*FIELDS])
        return {name: self.rng.choice(FIELDS[name])}

    def _somebody(self) -> str:
        return self.rng.choice([*self.sides.agents])

    def _status(self, _incident: str, issue: int) -> Edit:
        name = self.rng.choices(*STATUSES)[0]
        return self._change(issue, status_id=self.sides.office.statuses[name])

    def _assignee(self, _incident: str, issue: int) -> Edit:
        login = self.rng.choice([*MEMBERS, ""])
        return self._change(issue, assigned_to_id=self.sides.office.ids[login] if login else "")

    def _note(self, incident: str, issue: int) -> Edit:
        private = self.rng.random() < 0.7
        text = f"members' note {self.edits}."
        self.notes.append((incident, issue, text, private))
        return self._change(issue, notes=text, private_notes=private)

    def _change(self, issue: int, **fields: object) -> Edit:
        return partial(self._send, self.rng.choice(MEMBERS), issue, fields)

    def _send(self, login: str, issue: int, fields: dict[str, object]) -> None:
        caller = self.sides.office.as_user(login)
        for _ in range(TRIES):
            answer = caller("PUT", f"/issues/{issue}.json", {"issue": fields})
            if answer.ok or answer.json()["errors"]:
                break
        assert answer.ok, answer.text

    def _file(self, incident: str, issue: int) -> Edit:
        content = f"file {self.rng.randrange(40)} of {incident}".encode() * 20
        self.files.setdefault(incident, set()).add(sha256(content).hexdigest())
        return partial(self._attach, issue, f"f{self.edits}.txt", content)

    def _attach(self, issue: int, name: str, content: bytes) -> None:
        kind = {"Content-Type": "application/octet-stream"}
        caller = self.sides.office.as_user("mia")
        upload = caller.ok("POST", f"/uploads.json?filename={name}", data=content, headers=kind)["upload"]
        self._send("mia", issue, {"uploads": [{"token": upload["token"], "filename": name}]})

    def _spend(self, incident: str, issue: int) -> Edit:
        minutes = self.rng.choice([15, 30, 90])
        self.minutes[incident] += minutes
        body = {"issue_id": issue, "hours": minutes / 60, "activity_id": self._work(), "comments": "worked"}
        return partial(self.sides.office.as_user("mia").ok, "POST", "/time_entries.json", {"time_entry": body})

    def _work(self) -> int:
        if not self._activity:
            path = "/enumerations/time_entry_activities.json"
            self._activity = self.sides.office.as_user("admin").ok("GET", path)["time_entry_activities"][0]["id"]
        return self._activity


def disagreements(app: App, people: People) -> list[str]:
    """What is neither the same on both sides nor told in the link's attention or among the conflicts."""
    with app.database.reading() as uow:
        links = [link for link in uow.links.all() if link.ended_at is None]
    here, there = people.sides.incidents(app, links), people.sides.issues(app, links)
    found: list[str] = []
    for link, incident, issue in zip(links, here, there, strict=True):
        found += _fields(link, incident, issue)
        found += _work(link, incident, people)
        found += _files(link, incident, issue, people)
    shown = {link.ref.external_id: pair for link, *pair in zip(links, here, there, strict=True)}
    return [*found, *(line for note in people.notes for line in _note(note, *shown[note[0]]))]


def _fields(link: Link, incident: Shown, issue: Shown) -> list[str]:
    """What differs and is not told in words that name it."""
    pairs = {
        "the issue went back to": (canonical(incident.state), issue.state),
        "the issue went to": (incident.person, issue.person),
        **{name_for_people(name): (value, issue.fields[name]) for name, value in incident.fields.items()},
    }
    return [
        f"{link.ref}: {words}: {here or 'nothing'}, its issue {there or 'nothing'}; {link.attention}"
        for words, (here, there) in pairs.items()
        if here != there and words not in link.attention
    ]


def _work(link: Link, incident: Shown, people: People) -> list[str]:
    booked, spent = incident.minutes, people.minutes[link.ref.external_id]
    return [] if booked == spent else [f"{link.ref}: {booked} of {spent} minutes are booked"]


def _files(link: Link, incident: Shown, issue: Shown, people: People) -> list[str]:
    there = Counter(content for content, _ in incident.files)
    wanted = people.files.get(link.ref.external_id, set())
    found = [f"{link.ref}: a file is there {count} times" for count in there.values() if count > 1]
    found += [f"{link.ref}: a file of its caller's to see" for _, private in incident.files if not private]
    for name, shown in (("incident", incident), ("issue", issue)):
        if lacking := len(wanted - {content for content, _ in shown.files}):
            found.append(f"{link.ref}: {lacking} of {len(wanted)} files are not on the {name}: {link.attention}")
    return found


def _note(note: tuple[str, int, str, bool], incident: Shown, issue: Shown) -> list[str]:
    """Once on either side, a private one private."""
    number, key, text, private = note
    here = [hidden for found, hidden in incident.notes if text in found]
    there = [hidden for found, hidden in issue.notes if text in found]
    if (len(here), len(there)) != (1, 1):
        return [f"“{text}” is {len(here)} times on incident {number}, {len(there)} times on issue {key}"]
    return [f"“{text}” was private and is public"] if private and not (here[0] and there[0]) else []


def script(seed: int) -> random.Random:
    """The chance that a seed makes."""
    return random.Random(seed)
