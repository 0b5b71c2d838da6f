"""The KPIs as the store has them now."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.kpi.measures import Resolution, ResolutionTimes, resolution_times
from bridge.ports import UnitOfWork

PART = 1000


def measure(uow: UnitOfWork) -> ResolutionTimes:
    """Mean time to resolve of all resolved incidents, raw and adjusted (basis: the reported resolution, else the first
    entry into a resolved state).
    """
    return resolution_times(_resolutions(uow))


def _resolutions(uow: UnitOfWork) -> Iterator[Resolution]:
    last = 0
    while rows := uow.incidents.facts(last, PART):
        excluded = uow.exclusions.of_incidents([incident_id for incident_id, _ in rows])
        for incident_id, facts in rows:
            resolved_at = facts.resolved_reported or facts.resolved_timeline
            if resolved_at is not None:
                yield Resolution(facts.opened_at, resolved_at, excluded.get(incident_id, ()))
        last = rows[-1][0]
