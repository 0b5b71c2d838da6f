"""What the store knows of the past, as a history for replays.

A timeline tells states, holds, priorities, teams and persons by the time at which they changed. Of everything else the
store keeps only the last values: they count from the beginning, but for those that only the end brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from bridge.model.incident import EventKind, Incident, State, TimelineEvent
from bridge.ports import UnitOfWork
from bridge.rules.fields import field
from bridge.rules.history import History, table

PART = 1000
_TOLD = (
    (EventKind.TEAM, "team", ""),
    (EventKind.PERSON, "person", ""),
    (EventKind.PRIORITY, "priority", None),
)


def stored_history(
    uow: UnitOfWork, fields: Iterable[str], since: datetime | None, *, final: bool
) -> tuple[History, list[int]]:
    """The incidents opened since a moment (None: all) with these fields, and their ids in the order of the history.

    With `final` their last values count from the beginning, and they were open until their reported resolution.
    """
    opened: list[datetime] = []
    ids: list[int] = []
    first: list[int] = []
    known: list[datetime] = []
    shown: list[Incident] = []
    for part in _parts(uow, since):
        timelines = {} if final else uow.incidents.timelines([number for number, _ in part])
        for number, incident in part:
            ids.append(number)
            opened.append(incident.opened_at)
            first.append(len(shown))
            told = timelines.get(number, ())
            for at, version in [(incident.opened_at, incident)] if final else versions(incident, told):
                known.append(at)
                shown.append(version)
    columns = {name: [_value(one, name) for one in shown] for name in dict.fromkeys(["resolved_at", *fields])}
    if final:
        return table(opened, columns, ends=lambda: [one.resolved_at for one in shown]), ids
    return table(opened, columns, first=first, known=known), ids


def _parts(uow: UnitOfWork, since: datetime | None) -> Iterator[list[tuple[int, Incident]]]:
    last = 0
    while rows := uow.incidents.scan(last, PART):
        yield [row for row in rows if since is None or row[1].opened_at >= since]
        last = rows[-1][0]


def _value(incident: Incident, name: str) -> Any:
    found = field(name)
    return found.get(incident) if found else getattr(incident, name)


def versions(incident: Incident, events: Sequence[TimelineEvent]) -> list[tuple[datetime, Incident]]:
    """What was known of an incident and since when, oldest first. The last one is the incident as last seen."""
    begin = incident.opened_at
    told = {event.kind for event in events}
    unknown: dict[str, Any] = {name: nothing for kind, name, nothing in _TOLD if kind in told}
    seen = replace(
        incident,
        state=State.NEW,
        updated_at=begin,
        hold_reason="",
        acknowledged_at=None,
        resolved_at=None,
        closed_at=None,
        reopen_count=0,
        reassignment_count=0,
        effort=0.0,
        response_breached=None,
        resolution_breached=None,
        **unknown,
    )
    made = [(begin, seen)]
    for at, those in groupby(sorted(events, key=attrgetter("occurred_at")), attrgetter("occurred_at")):
        for event in those:
            seen = _after(seen, event)
        if at <= begin:
            made[-1] = (begin, seen)
        else:
            made.append((at, replace(seen, updated_at=at)))
    at = made[-1][0]
    if incident.state is made[-1][1].state:
        made[-1] = (at, incident)
    else:
        made.append((max(at, incident.updated_at), incident))
    return made


def _after(seen: Incident, event: TimelineEvent) -> Incident:
    """The incident after a change of its timeline."""
    value = event.value
    if event.kind is EventKind.STATE:
        state = State(value)
        back = not seen.state.is_open and state.is_open
        closed = event.occurred_at if state is State.CLOSED else None
        ends = {"resolved_at": None, "closed_at": None} if back else {"closed_at": seen.closed_at or closed}
        return replace(seen, state=state, reopen_count=seen.reopen_count + back, **ends)
    if event.kind is EventKind.TEAM:
        moved = bool(seen.team) and seen.team != value
        return replace(seen, team=value, reassignment_count=seen.reassignment_count + moved)
    if event.kind is EventKind.REPORTED_RESOLUTION:
        return replace(seen, resolved_at=datetime.fromisoformat(value) if value else None)
    if event.kind is EventKind.PRIORITY:
        return replace(seen, priority=int(value) if value else None)
    if event.kind is EventKind.HOLD:
        return replace(seen, hold_reason=value)
    return replace(seen, person=value)
