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
_STATE_EVENT, _HOLD_EVENT, _PRIORITY_EVENT = EventKind.STATE.value, EventKind.HOLD.value, EventKind.PRIORITY.value
_TEAM_EVENT, _PERSON_EVENT, _REPORTED_EVENT = (
    EventKind.TEAM.value,
    EventKind.PERSON.value,
    EventKind.REPORTED_RESOLUTION.value,
)
_NEW, _WORKED_ON, _ON_HOLD = State.NEW.value, State.IN_PROGRESS.value, State.ON_HOLD.value
_FIXED, _DONE, _CALLED_OFF = State.RESOLVED.value, State.CLOSED.value, State.CANCELLED.value


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
    if after[_STATE] == _ON_HOLD and after[_HOLD] != (old[_HOLD] or ""):
        changes.append((_HOLD_EVENT, after[_HOLD], updated))
    if after[_PRIORITY] != old[_PRIORITY]:
        changes.append((_PRIORITY_EVENT, "" if after[_PRIORITY] is None else str(after[_PRIORITY]), at))
    if after[_TEAM] != (old[_TEAM] or ""):
        changes.append((_TEAM_EVENT, after[_TEAM], at))
    if after[_PERSON] != (old[_PERSON] or ""):
        changes.append((_PERSON_EVENT, after[_PERSON], at))
    resolved = after[_RESOLVED]
    if resolved != old[_RESOLVED]:
        value = "" if resolved is None else moment(resolved).isoformat()
        changes.append((_REPORTED_EVENT, value, updated if before else resolved))
    return changes


def _states(before: Row | None, after: Row) -> list[Change]:
    """The way from the old state to the new one, as far as the moments in the snapshot tell it."""
    state = after[_STATE]
    old = _NEW if before is None else before[_STATE]
    path: list[Change] = [(_STATE_EVENT, old, after[_OPENED])] if before is None else []
    if state == old:
        return path
    at = None
    if old == _NEW and state != _CALLED_OFF:
        at = _news(_ACKNOWLEDGED, before, after)
        if at is not None and state != _WORKED_ON:
            path.append((_STATE_EVENT, _WORKED_ON, at))
    if state == _ON_HOLD:
        at = None
    elif state in (_FIXED, _DONE):
        at = _news(_RESOLVED, before, after) if old not in (_FIXED, _DONE) else None
        if at is not None and state == _DONE:
            path.append((_STATE_EVENT, _FIXED, at))
    if state in (_DONE, _CALLED_OFF):
        at = _news(_CLOSED, before, after)
    path.append((_STATE_EVENT, state, after[_UPDATED] if at is None else at))
    return path


def _news(index: int, before: Row | None, after: Row) -> int | None:
    """The moment in that column, if it is new and can have happened since the snapshot before."""
    new: int | None = after[index]
    if before is not None and (new is None or new == before[index] or new < before[_UPDATED]):
        return None
    return new
