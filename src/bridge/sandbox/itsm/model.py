"""What the sandbox's incident system stores. Times are aware UTC, whole seconds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

CODES = {"new": 1, "in_progress": 2, "pending": 3, "solved": 6, "closed": 7, "cancelled": 8}
NAMES = {code: name for name, code in CODES.items()}
FINAL = frozenset({"closed", "cancelled"})


@dataclass(slots=True)
class Agent:
    login: str
    name: str
    token: str
    team: str
    active: bool = True


@dataclass(slots=True)
class Note:
    id: int
    incident_id: int
    author: str
    visibility: str
    text: str
    created_at: datetime


@dataclass(slots=True)
class Link:
    id: int
    incident_id: int
    url: str
    title: str
    created_by: str
    created_at: datetime


@dataclass(slots=True)
class File:
    id: int
    incident_id: int
    name: str
    content_type: str
    content: bytes
    visibility: str
    text: str
    author: str
    created_at: datetime


@dataclass(slots=True)
class Work:
    """Minutes may be less than 0, which corrects."""

    id: int
    incident_id: int
    author: str
    minutes: int
    day: str
    text: str
    created_at: datetime


@dataclass(slots=True)
class Change:
    id: int
    incident_id: int
    at: datetime
    by: str
    kind: str
    field: str = ""
    old: str | None = None
    new: str | None = None


@dataclass(slots=True)
class Incident:
    """`priority`, `impact` and `urgency` are 1 (highest) to 5. `state` is a name of CODES."""

    id: int
    number: str
    title: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    state: str = "new"
    hold_reason: str = ""
    resolution: str = ""
    priority: int = 3
    impact: int = 3
    urgency: int = 3
    type: str = "incident"
    service: str = ""
    category: str = ""
    subcategory: str = ""
    ci: str = ""
    site: str = ""
    caller: str = ""
    team: str = ""
    assignee: str = ""
    parent: str = ""
    tags: list[str] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_count: int = 0
    reassignment_count: int = 0
    notes: list[Note] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    related: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Rfc:
    """A request for change. `incidents` are their ids."""

    number: str
    title: str
    text: str
    created_by: str
    created_at: datetime
    state: str = "requested"
    visibility: str = "public"
    decided_by: str = ""
    incidents: list[int] = field(default_factory=list)


@dataclass
class Settings:
    """`strict`: errors have HTTP error codes. `time_zone`: IANA name of the zone that times without one are in."""

    strict: bool = False
    time_format: str = "iso_z"
    time_zone: str = "UTC"


@dataclass
class State:
    settings: Settings = field(default_factory=Settings)
    agents: dict[str, Agent] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    rfcs: dict[str, Rfc] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    _changes_of: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))
    _last_id: dict[str, int] = field(default_factory=dict)

    def next_id(self, table: str) -> int:
        self._last_id[table] = self._last_id.get(table, 0) + 1
        return self._last_id[table]

    def incident(self, key: str) -> Incident | None:
        """By id or number."""
        digits = key.upper().removeprefix("INC")
        return self.incidents.get(int(digits)) if digits.isdigit() else None

    def by_token(self, token: str) -> Agent | None:
        return next((agent for agent in self.agents.values() if agent.token == token and agent.active), None)

    def add_change(self, change: Change) -> None:
        self.changes.append(change)
        self._changes_of[change.incident_id].append(change)

    def changes_of(self, incident_id: int) -> list[Change]:
        return self._changes_of.get(incident_id, [])


def seed(settings: Settings | None = None) -> State:
    """Three agents, the bridge's account, and no incident."""
    state = State(settings=settings or Settings())
    for login, name, team in (
        ("anna", "Anna Keller", "network"),
        ("bob", "Bob Marsh", "network"),
        ("chen", "陈 Chen", "servers"),
        ("bridge", "Bridge", ""),
    ):
        state.agents[login] = Agent(login, name, f"itsm-token-{login}", team)
    return state
