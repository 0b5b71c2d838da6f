"""Incidents, events and facts as the plain tuples that drivers take in thousands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType

from bridge.kpi.facts import IncidentFacts, measure
from bridge.model.incident import NO_FIELDS, OPEN_STATES, EventKind, Incident, State, TimelineEvent
from bridge.store.sql import Row
from bridge.store.values import (
    clean,
    duration,
    micros,
    micros_or_none,
    moment,
    moment_or_none,
    to_json,
)

INCIDENT = (
    "source", "external_id", "summary", "state", "opened_at", "updated_at", "url", "description", "hold_reason",
    "priority", "impact", "urgency", "type", "service", "category", "subcategory", "ci", "site", "caller", "team",
    "person", "acknowledged_at", "resolved_at", "closed_at", "reopen_count", "reassignment_count", "effort",
    "response_breached", "resolution_breached", "tags", "parent", "problem", "fields", "unknown", "is_open",
)  # fmt: skip
"""The columns of an incident's row, in order."""

EVENT = ("kind", "value", "occurred_at", "observed_at", "remote_id")
FACT = (
    "opened_at", "responded_at", "resolved_reported", "resolved_timeline", "hold", "hold_reported",
    "hold_timeline", "hold_by_reason", "on_hold_since", "team", "service", "priority", "first_team", "reopened",
    "reassigned", "left_at", "holds", "source", "person", "type", "state", "told_reopened", "told_reassigned",
    "response_breached", "resolution_breached", "effort",
)  # fmt: skip
"""The columns of a fact's row: those of bridge.kpi.facts.Measured, then what the incident itself tells."""


UPDATED_AT = INCIDENT.index("updated_at")
_STATE = INCIDENT.index("state")
_FIELDS = INCIDENT.index("fields")
_LISTS = INCIDENT.index("tags"), INCIDENT.index("unknown")
_VERDICTS = INCIDENT.index("response_breached"), INCIDENT.index("resolution_breached")
_MOMENTS = tuple(index for index, name in enumerate(INCIDENT) if name.endswith("_at"))
_STATES = {str(state): state for state in State}
_COUNTS = slice(INCIDENT.index("reopen_count"), INCIDENT.index("reassignment_count") + 1)
_COUNTED = slice(FACT.index("reopened"), FACT.index("reassigned") + 1)
_REASONS = FACT.index("hold_by_reason")
_measured = itemgetter(
    *(INCIDENT.index(name) for name in ("opened_at", "acknowledged_at", "resolved_at", "team", "service", "priority"))
)
_HOLDS, _LEFT = FACT.index("holds"), FACT.index("left_at")
_told = itemgetter(
    *(
        INCIDENT.index(name)
        for name in (
            *("source", "person", "type", "state", "reopen_count", "reassignment_count"),
            *("response_breached", "resolution_breached", "effort"),
        )
    )
)
_KINDS = {str(kind): kind for kind in EventKind}
_OPEN = {state: state in OPEN_STATES for state in State}


def incident_row(incident: Incident) -> Row:
    """The values of INCIDENT."""
    fields, tags, unknown = incident.fields, incident.tags, incident.unknown
    return (
        clean(incident.source),
        clean(incident.external_id),
        clean(incident.summary),
        incident.state.value,
        micros(incident.opened_at),
        micros(incident.updated_at),
        clean(incident.url),
        clean(incident.description),
        clean(incident.hold_reason),
        incident.priority,
        incident.impact,
        incident.urgency,
        clean(incident.type),
        clean(incident.service),
        clean(incident.category),
        clean(incident.subcategory),
        clean(incident.ci),
        clean(incident.site),
        clean(incident.caller),
        clean(incident.team),
        clean(incident.person),
        micros_or_none(incident.acknowledged_at),
        micros_or_none(incident.resolved_at),
        micros_or_none(incident.closed_at),
        incident.reopen_count,
        incident.reassignment_count,
        float(incident.effort),
        incident.response_breached,
        incident.resolution_breached,
        to_json(tags) if tags else "[]",
        clean(incident.parent),
        clean(incident.problem),
        to_json(fields) if fields else "{}",
        to_json(unknown) if unknown else "[]",
        _OPEN[incident.state],
    )


def incident_of(row: Row) -> Incident:
    """The incident of a row of INCIDENT."""
    *values, _is_open = row
    values[_STATE] = _STATES[row[_STATE]]
    for index in _MOMENTS:
        values[index] = moment_or_none(row[index])
    for index in _LISTS:
        values[index] = _list(row[index])
    for index in _VERDICTS:
        values[index] = None if row[index] is None else bool(row[index])
    values[_FIELDS] = NO_FIELDS if row[_FIELDS] == "{}" else MappingProxyType(json.loads(row[_FIELDS]))
    return Incident(*values)


def _list(text: str) -> tuple[object, ...]:
    """A tuple of texts, or of pairs."""
    if text == "[]":
        return ()
    return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(text))


def event_row(event: TimelineEvent) -> Row:
    """The values of EVENT."""
    return (
        event.kind.value,
        clean(event.value),
        micros(event.occurred_at),
        micros(event.observed_at),
        clean(event.remote_id),
    )


def event_of(row: Row) -> TimelineEvent:
    """The event of a row of EVENT."""
    return TimelineEvent(_KINDS[row[0]], row[1], moment(row[2]), moment(row[3]), row[4])


def fact_row(row: Row, events: Sequence[Row]) -> Row:
    """The values of FACT, computed from a row of INCIDENT and its timeline, rows of EVENT in the order stored."""
    opened, acknowledged, reported, team, service, priority = _measured(row)
    measured = measure(opened, acknowledged, reported, (team, service, priority), events, _read_moment, 0)
    reasons, holds = measured.hold_by_reason, measured.holds
    return (
        *measured[:_REASONS],
        to_json(reasons) if reasons else "{}",
        *measured[_REASONS + 1 : _HOLDS],
        to_json(holds) if holds else "[]",
        *_told(row),
    )


def counted_like(row: Row, before: Row) -> Row:
    """A row of INCIDENT with the counts of another one."""
    return (*row[: _COUNTS.start], *before[_COUNTS], *row[_COUNTS.stop :])


def counted(row: Row, fact: Row) -> Row:
    """A row of INCIDENT with the counts that its facts have from the timeline."""
    return (*row[: _COUNTS.start], *fact[_COUNTED], *row[_COUNTS.stop :])


def _read_moment(text: str) -> int:
    return micros(datetime.fromisoformat(text))


def _holds(text: str) -> tuple[tuple[datetime, datetime | None, str], ...]:
    """Intervals on hold with their reasons."""
    if text == "[]":
        return ()
    return tuple((moment(begin), moment_or_none(end), reason) for begin, end, reason in json.loads(text))


def facts_of(row: Row) -> IncidentFacts:
    """The facts of a row of FACT."""
    reasons = json.loads(row[_REASONS])
    return IncidentFacts(
        moment(row[0]),
        moment_or_none(row[1]),
        moment_or_none(row[2]),
        moment_or_none(row[3]),
        duration(row[4]),
        duration(row[5]),
        duration(row[6]),
        {reason: duration(time) for reason, time in reasons.items()},
        moment_or_none(row[8]),
        *(row[9], row[10], row[11]),
        *(row[12], row[13], row[14]),
        moment_or_none(row[_LEFT]),
        _holds(row[_HOLDS]),
    )
