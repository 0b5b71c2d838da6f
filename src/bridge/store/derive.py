"""The timeline of an incident whose source tells none: what its snapshots give away."""

from __future__ import annotations

from datetime import datetime

from bridge.model.incident import EventKind, Incident, State, TimelineEvent

_ENDED = frozenset({State.RESOLVED, State.CLOSED})


def derive(before: Incident | None, after: Incident, observed_at: datetime) -> tuple[TimelineEvent, ...]:
    """The events between two snapshots of an incident; `before` is None when it was never seen.

    A new incident begins as new at `opened_at` with the priority, team and person it has now, and went on at the times
    it carries. Later changes happened at `updated_at`, or at the acknowledged, resolved or closed time where the
    snapshot brings a new one.
    """
    changes = [*_states(before, after), *_values(before, after)]
    return tuple(TimelineEvent(kind, value, at, observed_at) for kind, value, at in changes)


def _states(before: Incident | None, after: Incident) -> list[tuple[EventKind, str, datetime]]:
    state = before.state if before else State.NEW
    path: list[tuple[State, datetime]] = [] if before else [(State.NEW, after.opened_at)]
    if after.state != state:
        acknowledged = _news("acknowledged_at", before, after)
        if state is State.NEW and acknowledged and after.state is not State.CANCELLED:
            path.append((State.IN_PROGRESS, acknowledged))
        resolved = _news("resolved_at", before, after)
        if after.state in _ENDED and state not in _ENDED and resolved:
            path.append((State.RESOLVED, resolved))
        if not path or path[-1][0] != after.state:
            closed = _news("closed_at", before, after)
            ended = closed if after.state in (State.CLOSED, State.CANCELLED) else None
            path.append((after.state, ended or after.updated_at))
    return [(EventKind.STATE, state, at) for state, at in path]


def _news(name: str, before: Incident | None, after: Incident) -> datetime | None:
    """The moment of that name, if it is new and can have happened since the snapshot before."""
    new: datetime | None = getattr(after, name)
    if before is not None and (new is None or new == getattr(before, name) or new < before.updated_at):
        return None
    return new


def _values(before: Incident | None, after: Incident) -> list[tuple[EventKind, str, datetime]]:
    at = after.updated_at if before else after.opened_at
    found: list[tuple[EventKind, str, datetime]] = []
    if after.state is State.ON_HOLD and after.hold_reason != (before.hold_reason if before else ""):
        found.append((EventKind.HOLD, after.hold_reason, after.updated_at))
    if after.priority != (before.priority if before else None):
        found.append((EventKind.PRIORITY, "" if after.priority is None else str(after.priority), at))
    if after.team != (before.team if before else ""):
        found.append((EventKind.TEAM, after.team, at))
    if after.person != (before.person if before else ""):
        found.append((EventKind.PERSON, after.person, at))
    if after.resolved_at != (before.resolved_at if before else None):
        value = after.resolved_at.isoformat() if after.resolved_at else ""
        found.append((EventKind.REPORTED_RESOLUTION, value, after.updated_at if before else after.resolved_at or at))
    return found
