"""From RT's transactions to an incident's timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.model.incident import EventKind, Incident, State, TimelineEvent
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import moment
from bridge.sources.tables import PriorityTable, StateTable

Row = Mapping[str, Any]

_ENDED = frozenset({State.RESOLVED, State.CLOSED})
_STATUS = "Status"
_FIELDS = {
    "team": EventKind.TEAM,
    "person": EventKind.PERSON,
    "priority": EventKind.PRIORITY,
    "hold_reason": EventKind.HOLD,
}


class Names(Protocol):
    """Names of what transactions carry as numbers."""

    def login(self, user_id: str) -> str:
        """A user's login, "" for nobody."""

    def queue(self, queue_id: str) -> str:
        """A queue's name."""


@dataclass(frozen=True, slots=True)
class _Change:
    row: Row
    kind: EventKind
    old: str | None
    new: str | None


class RtTimeline:
    """Tells timelines for one source; values that no table covers are left out."""

    def __init__(self, options: RtOptions) -> None:
        self._states = StateTable(options.states)
        self._priorities = PriorityTable(options.priorities)
        self._kinds = {path: kind for name, kind in _FIELDS.items() if (path := getattr(options.fields, name))}

    def conditions(self, tickets: Sequence[Row]) -> str:
        """TransactionSQL for the transactions that tell something about these tickets."""
        wanted = ["Type = 'Create'", "Type = 'Status'"]
        wanted += [
            f"(Field = '{path}' AND Type != 'SetWatcher' AND Type != 'CustomField')"
            for path in self._kinds
            if path.isalpha()
        ]
        numbers = {
            int(one["id"])
            for ticket in tickets
            for one in ticket.get("CustomFields") or ()
            if f"CF.{one['name']}" in self._kinds
        }
        wanted += [f"(Type = 'CustomField' AND Field = '{number}')" for number in sorted(numbers)]
        return " OR ".join(wanted)

    def events(
        self, incident: Incident, ticket: Row, rows: Sequence[Row], observed_at: datetime, names: Names
    ) -> tuple[TimelineEvent, ...]:
        """What a ticket's transactions tell, oldest first.

        What a ticket began with is what its first change replaced, else what it has now.
        """
        changes = [change for row in rows if (change := self._change(row, ticket, names)) is not None]
        found: list[TimelineEvent] = []
        for row in rows:
            if row["Type"] == "Create":
                beginning = _beginning(incident, changes)
                found += [_event(row, kind, value, observed_at) for kind, value in beginning.items() if value]
        resolution = ""
        for change in changes:
            if change.new is None:
                continue
            found.append(_event(change.row, change.kind, change.new, observed_at))
            if change.kind is EventKind.STATE and (change.new in _ENDED or resolution):
                resolution = found[-1].occurred_at.isoformat() if change.new in _ENDED else ""
                found.append(_event(change.row, EventKind.REPORTED_RESOLUTION, resolution, observed_at))
        return tuple(found)

    def _change(self, row: Row, ticket: Row, names: Names) -> _Change | None:
        path = str(row.get("Field") or "")
        if row["Type"] == "CustomField":
            number = path
            path = next((f"CF.{one['name']}" for one in ticket["CustomFields"] if str(one["id"]) == number), "")
        kind = EventKind.STATE if row["Type"] == _STATUS else self._kinds.get(path)
        if kind is None or row["Type"] == "SetWatcher":  # RT tells each change of owner twice
            return None
        old, new = (self._value(path, kind, str(row.get(side) or ""), names) for side in ("OldValue", "NewValue"))
        return _Change(row, kind, old, new)

    def _value(self, path: str, kind: EventKind, raw: str, names: Names) -> str | None:
        if kind is EventKind.STATE:
            return self._states.get(raw)
        if kind is EventKind.PRIORITY:
            level = self._priorities.get(raw)
            return None if level is None else str(level)
        if raw and path == "Owner":
            return names.login(raw)
        return names.queue(raw) if raw and path == "Queue" else raw


def _beginning(incident: Incident, changes: Sequence[_Change]) -> dict[EventKind, str | None]:
    began: dict[EventKind, str | None] = {}
    for change in changes:
        began.setdefault(change.kind, change.old)
    began.setdefault(EventKind.STATE, str(incident.state))
    began.setdefault(EventKind.PRIORITY, "" if incident.priority is None else str(incident.priority))
    began.setdefault(EventKind.TEAM, incident.team)
    began.setdefault(EventKind.PERSON, incident.person)
    return began


def _event(row: Row, kind: EventKind, value: str, observed_at: datetime) -> TimelineEvent:
    at = moment(row.get("Created"))
    if at is None:
        message = f"transaction {row.get('id')} has no date"
        raise ValueError(message)
    return TimelineEvent(kind, str(value), at, observed_at, str(row["id"]))
