"""The timeline of an incident whose source tells none: what its snapshots give away. Works on rows, for speed."""

from __future__ import annotations

from bridge.model.incident import EventKind, State
from bridge.store.rows import INCIDENT
from bridge.store.sql import Row
from bridge.store.values import moment

Change = tuple[str, str, int]
"""Kind, value and moment of an event."""

_STATE, _OPENED, _UPDATED = (INCIDENT.index(name) for name in ("state", "opened_at", "updated_at"))
_ACKNOWLEDGED, _RESOLVED, _CLOSED = (INCIDENT.index(name) for name in ("acknowledged_at", "resolved_at", "closed_at"))
_HOLD, _PRIORITY, _TEAM, _PERSON = (INCIDENT.index(name) for name in ("hold_reason", "priority", "team", "person"))
_NEVER_SEEN = (None,) * len(INCIDENT)
_STATE_EVENT = EventKind.STATE.value
_FINAL = (State.RESOLVED.value, State.CLOSED.value)


def derive(before: Row | None, after: Row) -> list[Change]:
    """The events between two snapshots of an incident (rows of INCIDENT); `before` is None when it was never seen.

    A new incident begins as new at `opened_at` with the priority, team and person it has now, and went on at the times
    it carries. Later changes happened at `updated_at`, or at the acknowledged, resolved or closed time where the
    snapshot brings a new one.
    """
    changes = _states(before, after)
    old = before or _NEVER_SEEN
    updated = after[_UPDATED]
    at = updated if before else after[_OPENED]
    if after[_STATE] == State.ON_HOLD and after[_HOLD] != (old[_HOLD] or ""):
        changes.append((EventKind.HOLD.value, after[_HOLD], updated))
    if after[_PRIORITY] != old[_PRIORITY]:
        changes.append((EventKind.PRIORITY.value, "" if after[_PRIORITY] is None else str(after[_PRIORITY]), at))
    if after[_TEAM] != (old[_TEAM] or ""):
        changes.append((EventKind.TEAM.value, after[_TEAM], at))
    if after[_PERSON] != (old[_PERSON] or ""):
        changes.append((EventKind.PERSON.value, after[_PERSON], at))
    resolved = after[_RESOLVED]
    if resolved != old[_RESOLVED]:
        value = "" if resolved is None else moment(resolved).isoformat()
        changes.append((EventKind.REPORTED_RESOLUTION.value, value, updated if before else resolved))
    return changes


def _states(before: Row | None, after: Row) -> list[Change]:
    state = after[_STATE]
    old = State.NEW.value if before is None else before[_STATE]
    path: list[Change] = [(_STATE_EVENT, old, after[_OPENED])] if before is None else []
    if state == old:
        return path
    acknowledged = _news(_ACKNOWLEDGED, before, after)
    if old == State.NEW and acknowledged is not None and state not in (State.IN_PROGRESS, State.CANCELLED):
        path.append((_STATE_EVENT, State.IN_PROGRESS.value, acknowledged))
    resolved = _news(_RESOLVED, before, after) if state in _FINAL and old not in _FINAL else None
    if state == State.CLOSED and resolved is not None:
        path.append((_STATE_EVENT, State.RESOLVED.value, resolved))
    own = {
        State.IN_PROGRESS: acknowledged if old == State.NEW else None,
        State.RESOLVED: resolved,
        State.CLOSED: _news(_CLOSED, before, after),
        State.CANCELLED: _news(_CLOSED, before, after),
    }.get(state)
    path.append((_STATE_EVENT, state, after[_UPDATED] if own is None else own))
    return path


def _news(index: int, before: Row | None, after: Row) -> int | None:
    """The moment in that column, if it is new and can have happened since the snapshot before."""
    new: int | None = after[index]
    if before is not None and (new is None or new == before[index] or new < before[_UPDATED]):
        return None
    return new
