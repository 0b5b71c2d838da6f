"""What the KPIs need to know of one incident, computed from its timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from bridge.model.incident import EventKind, Incident, State, TimelineEvent

_RESPONSES = frozenset({State.IN_PROGRESS, State.ON_HOLD, State.RESOLVED, State.CLOSED})
_NOTHING = timedelta(0)
_NO_HOLDS: Mapping[str, timedelta] = {}


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """An incident's moments and durations, raw: no exclusion is taken off, hours are elapsed hours.

    `resolved_reported` is the resolution the source reports (its newest word on it), `resolved_timeline` the first
    entry into resolved, else into closed. `hold` is the finished time on hold, `hold_by_reason` the same by reason
    ("" where the source gave none); `hold_reported` and `hold_timeline` are the time on hold before the resolution of
    that basis, zero while there is none. `on_hold_since` is set while the incident is on hold.
    """

    opened_at: datetime
    responded_at: datetime | None
    resolved_reported: datetime | None
    resolved_timeline: datetime | None
    hold: timedelta
    hold_reported: timedelta
    hold_timeline: timedelta
    hold_by_reason: Mapping[str, timedelta]
    on_hold_since: datetime | None
    team: str
    service: str
    priority: int | None


@dataclass(frozen=True, slots=True)
class _Hold:
    start: datetime
    end: datetime | None
    reason: str

    def before(self, moment: datetime | None) -> timedelta:
        if moment is None or moment <= self.start:
            return _NOTHING
        return (moment if self.end is None else min(self.end, moment)) - self.start


def facts(incident: Incident, events: Sequence[TimelineEvent]) -> IncidentFacts:
    """The facts of an incident as last seen and all of its timeline, in the order it was stored.

    Events count in the order they occurred; those of one moment in the order given.
    """
    ordered = sorted(events, key=attrgetter("occurred_at"))
    responded = incident.acknowledged_at
    reported = incident.resolved_at
    resolved = closed = None
    held = False
    for event in ordered:
        kind = event.kind
        if kind is EventKind.STATE:
            value = event.value
            if responded is None and value in _RESPONSES:
                responded = event.occurred_at
            if value == State.RESOLVED:
                resolved = resolved or event.occurred_at
            elif value == State.CLOSED:
                closed = closed or event.occurred_at
            elif value == State.ON_HOLD:
                held = True
        elif kind is EventKind.REPORTED_RESOLUTION:
            reported = datetime.fromisoformat(event.value) if event.value else None
    resolved = resolved or closed
    holds = _holds(ordered) if held else []
    return IncidentFacts(
        incident.opened_at,
        responded,
        reported,
        resolved,
        sum((hold.before(hold.end) for hold in holds), _NOTHING),
        sum((hold.before(reported) for hold in holds), _NOTHING) if holds else _NOTHING,
        sum((hold.before(resolved) for hold in holds), _NOTHING) if holds else _NOTHING,
        _by_reason(holds) if holds else _NO_HOLDS,
        _on_hold_since(holds),
        incident.team,
        incident.service,
        incident.priority,
    )


def _holds(ordered: Sequence[TimelineEvent]) -> list[_Hold]:
    """The intervals on hold, split where the reason changes; the last one has no end while it lasts."""
    holds: list[_Hold] = []
    since: datetime | None = None
    reason = ""
    for event in ordered:
        at = event.occurred_at
        if event.kind is EventKind.HOLD:
            if since is not None and event.value != reason:
                holds.append(_Hold(since, at, reason))
                since = at
            reason = event.value
        elif event.kind is EventKind.STATE:
            if event.value == State.ON_HOLD:
                since = since or at
                continue
            if since is not None:
                holds.append(_Hold(since, at, reason))
            since, reason = None, ""
    if since is not None:
        holds.append(_Hold(since, None, reason))
    return [hold for hold in holds if hold.end != hold.start]


def _on_hold_since(holds: Sequence[_Hold]) -> datetime | None:
    if not holds or holds[-1].end is not None:
        return None
    since = holds[-1].start
    for hold in reversed(holds):
        if hold.end is not None and hold.end != since:
            break
        since = hold.start
    return since


def _by_reason(holds: Sequence[_Hold]) -> Mapping[str, timedelta]:
    sums: dict[str, timedelta] = {}
    for hold in holds:
        if hold.end is not None:
            sums[hold.reason] = sums.get(hold.reason, _NOTHING) + (hold.end - hold.start)
    return sums
