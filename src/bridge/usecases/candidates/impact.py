"""The business impact of a candidate, as far as its evidence shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.usecases.evidence import Evidence

MOST_SERVICES = 10
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Impact:
    """`hours` is how long callers waited, summed over the incidents; the open ones count until now."""

    incidents: int
    open: int
    callers: int
    hours: float
    services: tuple[str, ...]

    @property
    def rank(self) -> tuple[float, int, int]:
        """Greater is worse: hours first, then callers, then incidents."""
        return (self.hours, self.callers, self.incidents)


def impact_of(evidence: Sequence[Evidence], now: datetime) -> Impact:
    """The impact of these incidents at a moment."""
    incidents = [row.incident for row in evidence]
    waited = timedelta()
    for incident in incidents:
        ended = now if incident.state.is_open else incident.resolved_at or incident.closed_at or incident.updated_at
        waited += max(ended - incident.opened_at, timedelta())
    services = sorted({incident.service or incident.category for incident in incidents} - {""})
    return Impact(
        incidents=len(incidents),
        open=sum(row.is_open for row in evidence),
        callers=len({incident.caller.casefold() for incident in incidents if incident.caller}),
        hours=round(waited / _HOUR, 1),
        services=tuple(services[:MOST_SERVICES]),
    )
