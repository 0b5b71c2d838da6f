"""When an incident's clocks are due: all that escalation needs to know of service levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.calendar.business import BeyondHorizon
from bridge.kpi.facts import IncidentFacts
from bridge.kpi.sla import Calendars, Clock, Match, Policy, Start, due
from bridge.model.incident import Incident


@dataclass(frozen=True, slots=True)
class ClockDue:
    """A clock that runs: `clock` is `response` or `resolution`, `due_at` the moment by which it is to be met."""

    clock: str
    due_at: datetime


class DueTimes(Protocol):
    """Tells the due times of an incident's clocks."""

    def running(self, incident: Incident, facts: IncidentFacts) -> list[ClockDue]:
        """The clocks that run and have a target; a clock that was met, or stands still, is not among them."""


@dataclass(frozen=True, slots=True)
class PolicyDueTimes:
    """DueTimes by SLA policies: the first one that matches an incident is its own. A lasting pause stops a clock.

    With a date that no calendar has, such as 1970-01-01, an incident has no clock.
    """

    policies: Sequence[Policy]
    calendars: Calendars

    def running(self, incident: Incident, facts: IncidentFacts) -> list[ClockDue]:
        """See DueTimes."""
        policy = next((one for one in self.policies if _matches(one.match, incident)), None)
        if policy is None or not incident.state.is_open:
            return []
        calendar = self.calendars(policy, incident.source, incident.team)
        answered = facts.responded_at or incident.acknowledged_at
        pauses = [(begin, end) for begin, end, reason in facts.holds if policy.pauses_for(reason)]
        found = []
        for clock in Clock:
            start = answered if clock is Clock.RESOLUTION and policy.start is Start.RESPONDED else incident.opened_at
            target = policy.target(clock, incident.priority)
            if target is None or start is None or (clock is Clock.RESPONSE and answered is not None):
                continue
            try:
                at = due(calendar, start, target, pauses)
            except BeyondHorizon:
                continue
            if at is not None:
                found.append(ClockDue(clock.value, at))
        return found


def _matches(match: Match, incident: Incident) -> bool:
    asked = (
        (match.sources, incident.source),
        (match.teams, incident.team),
        (match.services, incident.service),
        (match.types, incident.type),
    )
    if any(names and value.casefold() not in {name.casefold() for name in names} for names, value in asked):
        return False
    return not match.priorities or incident.priority in match.priorities
