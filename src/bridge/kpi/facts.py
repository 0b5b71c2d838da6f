"""What the KPIs need to know of one incident, computed from its timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from bridge.model.incident import EventKind, Incident, State, TimelineEvent


class _Instant(Protocol):
    """A point on a line: datetime, or a number of microseconds."""

    def __le__(self, other: Any, /) -> bool: ...
    def __sub__(self, other: Any, /) -> Any: ...


class _Length(Protocol):
    """A distance between two of them: timedelta, or a number."""

    def __add__(self, other: Any, /) -> Self: ...


M = TypeVar("M", bound=_Instant)
D = TypeVar("D", bound=_Length)


class Measured(NamedTuple, Generic[M, D]):
    """An incident's moments and durations, raw: no exclusion is taken off, hours are elapsed hours.

    `resolved_reported` is the resolution the source reports (its newest word on it), `resolved_timeline` the first
    entry into resolved, else into closed. What was called off was not resolved, whatever its source says. `hold` is the
    finished time on hold, `hold_by_reason` the same by reason ("" where the source gave none); `hold_reported` and
    `hold_timeline` are the time on hold before the resolution of that basis, zero while there is
    none. `on_hold_since` is set while the incident is on hold.

    `first_team` is the first team that the timeline names; `reopened` counts how often the incident was over and is
    open again, `reassigned` how often a team handed it to another one. `left_at` is when it last left the open states,
    None while it is open. `holds` are the intervals on hold as (start, end, reason), end None while it lasts.
    """

    opened_at: M
    responded_at: M | None
    resolved_reported: M | None
    resolved_timeline: M | None
    hold: D
    hold_reported: D
    hold_timeline: D
    hold_by_reason: Mapping[str, D]
    on_hold_since: M | None
    team: str
    service: str
    priority: int | None
    first_team: str = ""
    reopened: int = 0
    reassigned: int = 0
    left_at: M | None = None
    holds: Sequence[tuple[M, M | None, str]] = ()


IncidentFacts = Measured[datetime, timedelta]
Subject = tuple[str, str, int | None]
"""An incident's team, service and priority as last seen."""


class _Hold(NamedTuple, Generic[M]):
    start: M
    end: M | None
    reason: str


_KIND, _VALUE, _AT = 0, 1, 2
_STATE, _HOLD_REASON, _REPORTED = EventKind.STATE.value, EventKind.HOLD.value, EventKind.REPORTED_RESOLUTION.value
_ON_HOLD, _RESOLVED, _CLOSED = State.ON_HOLD.value, State.RESOLVED.value, State.CLOSED.value
_CANCELLED = State.CANCELLED.value
_TEAM = EventKind.TEAM.value
_RESPONSES = frozenset({State.IN_PROGRESS.value, _ON_HOLD, _RESOLVED, _CLOSED})
_OVER = frozenset({_RESOLVED, _CLOSED, _CANCELLED})
_by_moment = itemgetter(_AT)


def facts(incident: Incident, events: Sequence[TimelineEvent]) -> IncidentFacts:
    """The facts of an incident as last seen and all of its timeline, in the order it was stored."""
    return measure(
        incident.opened_at,
        incident.acknowledged_at,
        incident.resolved_at,
        (incident.team, incident.service, incident.priority),
        [(event.kind, event.value, event.occurred_at) for event in events],
        datetime.fromisoformat,
        timedelta(0),
    )


def measure(
    opened: M,
    acknowledged: M | None,
    reported: M | None,
    subject: Subject,
    events: Sequence[tuple[Any, ...]],
    moment: Callable[[str], M],
    zero: D,
) -> Measured[M, D]:
    """The facts of an incident that was opened, acknowledged and (as its source reports) resolved at some moments.

    `events` begin with kind, value and moment. They count in the order they occurred; those of one moment in the order
    given. `moment` reads an ISO 8601 time; `zero` is no time at all.
    """
    ordered = sorted(events, key=_by_moment)
    states: list[tuple[str, M]] = []
    teams: list[str] = []
    for event in ordered:
        kind = event[_KIND]
        if kind == _STATE:
            states.append((event[_VALUE], event[_AT]))
        elif kind == _TEAM and event[_VALUE]:
            teams.append(event[_VALUE])
        elif kind == _REPORTED:
            reported = moment(event[_VALUE]) if event[_VALUE] else None
    responded, resolved, held = _ways(states, acknowledged)
    if states and states[-1][0] == _CANCELLED:
        reported = resolved = None
    reopened, left = _returns(states)
    reassigned = sum(one != other for one, other in pairwise(teams))
    first_team = teams[0] if teams else ""
    if not held:
        way = (first_team, reopened, reassigned)
        return Measured(opened, responded, reported, resolved, zero, zero, zero, {}, None, *subject, *way, left)
    holds: list[_Hold[M]] = _holds(ordered)
    total, by_reason = _lengths(holds, zero)
    return Measured(
        *(opened, responded, reported, resolved),
        *(total, _before(holds, reported, zero), _before(holds, resolved, zero)),
        by_reason,
        _on_hold_since(holds),
        *subject,
        *(first_team, reopened, reassigned),
        left,
        tuple(holds),
    )


def _ways(states: Sequence[tuple[str, M]], responded: M | None) -> tuple[M | None, M | None, bool]:
    """When it was taken up, when it was resolved first (else closed), and whether it was ever on hold."""
    resolved: M | None = None
    closed: M | None = None
    held = False
    for value, at in states:
        if responded is None and value in _RESPONSES:
            responded = at
        if value == _RESOLVED:
            resolved = resolved or at
        elif value == _CLOSED:
            closed = closed or at
        elif value == _ON_HOLD:
            held = True
    return responded, resolved or closed, held


def _returns(states: Sequence[tuple[str, M]]) -> tuple[int, M | None]:
    """How often it came back after it was over, and since when it is over now."""
    times = 0
    left: M | None = None
    for value, at in states:
        if value in _OVER:
            left = at if left is None else left
        elif left is not None:
            left, times = None, times + 1
    return times, left


def _holds(ordered: Sequence[tuple[Any, ...]]) -> list[_Hold[M]]:
    """The intervals on hold, split where the reason changes; the last one has no end while it lasts."""
    holds: list[_Hold[M]] = []
    since: M | None = None
    reason = ""
    for kind, value, at, *_ in ordered:
        if kind == _HOLD_REASON:
            if since is not None and value != reason:
                holds.append(_Hold(since, at, reason))
                since = at
            reason = value
        elif kind == _STATE and value == _ON_HOLD:
            since = at if since is None else since
        elif kind == _STATE:
            if since is not None:
                holds.append(_Hold(since, at, reason))
            since, reason = None, ""
    if since is not None:
        holds.append(_Hold(since, None, reason))
    return [hold for hold in holds if hold.end != hold.start]


def _lengths(holds: Sequence[_Hold[M]], zero: D) -> tuple[D, Mapping[str, D]]:
    total = zero
    by_reason: dict[str, D] = {}
    for hold in holds:
        if hold.end is not None:
            length = hold.end - hold.start
            total += length
            by_reason[hold.reason] = by_reason.get(hold.reason, zero) + length
    return total, by_reason


def _before(holds: Sequence[_Hold[M]], moment: M | None, zero: D) -> D:
    total = zero
    for hold in holds:
        if moment is not None and not moment <= hold.start:
            end = moment if hold.end is None or moment <= hold.end else hold.end
            total += end - hold.start
    return total


def _on_hold_since(holds: Sequence[_Hold[M]]) -> M | None:
    """The beginning of the hold that lasts, over all its reasons."""
    if not holds or holds[-1].end is not None:
        return None
    since = holds[-1].start
    for hold in reversed(holds[:-1]):
        if hold.end != since:
            break
        since = hold.start
    return since
