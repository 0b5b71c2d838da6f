"""The normalised incident and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

NO_FIELDS: Mapping[str, str] = MappingProxyType({})
MERGED_INTO = "MergedInto"
"""Under which an incident's `fields` name the one that it was merged into."""


class State(StrEnum):
    """Where an incident stands, in ITIL's words."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """True while somebody still waits for the incident's resolution."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({State.NEW, State.IN_PROGRESS, State.ON_HOLD})


@dataclass(frozen=True, slots=True, order=True)
class IncidentRef:
    """Identifies an incident: the source's configured name and the id there."""

    source: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.source} #{self.external_id}"


@dataclass(frozen=True, slots=True)
class Incident:
    """One ticket of the incident system, in the bridge's words.

    `priority`, `impact` and `urgency` run from 1 (critical) to 5; None where the source has none or an unknown value.
    Texts are as the source has them; `fields` holds everything else by the source's own names.
    `effort` are the hours worked on it so far as the source counts them. `response_breached` and `resolution_breached`
    are the source's own verdict on its SLA clocks, None where it gives none.
    `unknown` names (field, value) pairs that no mapping covers: kept and reported, never guessed.
    """

    source: str
    external_id: str
    summary: str
    state: State
    opened_at: datetime
    updated_at: datetime
    url: str = ""
    description: str = ""
    hold_reason: str = ""
    priority: int | None = None
    impact: int | None = None
    urgency: int | None = None
    type: str = ""
    service: str = ""
    category: str = ""
    subcategory: str = ""
    ci: str = ""
    site: str = ""
    caller: str = ""
    team: str = ""
    person: str = ""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopen_count: int = 0
    reassignment_count: int = 0
    effort: float = 0.0
    response_breached: bool | None = None
    resolution_breached: bool | None = None
    tags: tuple[str, ...] = ()
    parent: str = ""
    problem: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def ref(self) -> IncidentRef:
        """The identity of this incident."""
        return IncidentRef(self.source, self.external_id)


class EventKind(StrEnum):
    """What a row of the timeline tells."""

    STATE = "state"
    HOLD = "hold"  # value: the reason
    PRIORITY = "priority"
    TEAM = "team"
    PERSON = "person"
    REPORTED_RESOLUTION = "reported_resolution"  # value: the source's resolved time, ISO 8601; "": none any more


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One change in an incident's life.

    `occurred_at` is the source's time, `observed_at` ours. `remote_id` identifies the event at the source where it
    has an id (RT: the transaction), so that it is stored once.
    """

    kind: EventKind
    value: str
    occurred_at: datetime
    observed_at: datetime
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An incident as read now, with the events the source itself can tell since the last reading.

    A source without a timeline leaves `events` empty: ingest then derives them from what changed. `mark` is the number
    of the newest change that the source told with it, where it numbers whatever happens to an incident; 0 elsewhere.
    `uncounted`: the source does not count how often it was reopened and reassigned; its timeline tells.
    """

    incident: Incident
    events: tuple[TimelineEvent, ...] = ()
    mark: int = 0
    uncounted: bool = False


@dataclass(frozen=True, slots=True)
class Poison:
    """An item that could not be translated: parked with its error, so that the others go on."""

    external_id: str
    error: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a source's answer and the cursor that is right once this part is stored."""

    snapshots: tuple[Snapshot, ...]
    cursor: str
    poison: tuple[Poison, ...] = ()
    total: int | None = field(default=None)


@dataclass(frozen=True, slots=True)
class SavedIncident:
    """An incident that saving changed; `before` is None when it is new."""

    id: int
    incident: Incident
    before: Incident | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """An incident's place in a group of a rule. `group_key` is a canonical text of the group's values."""

    rule_id: str
    group_key: str
    incident_id: int
    opened_at: datetime


class Capability(StrEnum):
    """What a source can do; a rule may only ask for these."""

    HOLD = "hold"
    PRIVATE_NOTE = "private_note"
    PUBLIC_NOTE = "public_note"
    RESOLVE = "resolve"
    ASSIGN = "assign"
    LINK = "link"
    FLAG = "flag"
    WORK_LOG = "work_log"
    ATTACHMENTS = "attachments"
    SLA_VERDICT = "sla_verdict"
    TIMELINE = "timeline"
    HOOKS = "hooks"
    CHANGE = "change"
    RELATE = "relate"


class ChangeState(StrEnum):
    """What became of a request for change. `unknown`: its system does not tell."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A request for change in an incident system: its number there, where a person finds it, what became of it."""

    id: str
    url: str
    state: ChangeState


@dataclass(frozen=True, slots=True)
class ChangeSpec:
    """A request for change to be opened about some incidents (their external ids; possibly none).

    `text` ends with the line `marker`, by which the request is found again.
    """

    incidents: tuple[str, ...]
    title: str
    text: str
    marker: str


@dataclass(frozen=True, slots=True)
class Note:
    """A comment on an incident or a journal note on an issue.

    `author` is the login at the system it comes from. `text` is plain or the system's own markup; where it was written
    as HTML, `html` has it so, and `text` what a person reads there.
    """

    remote_id: str
    author: str
    created_at: datetime
    text: str
    private: bool
    html: str = ""
