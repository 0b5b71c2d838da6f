"""Holds that the bridge sets: never ordinary on-hold time, and a person who lifts one ends the exclusion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bridge.model.exclusion import Ending
from bridge.model.incident import EventKind, SavedIncident, State
from bridge.ports import UnitOfWork

OVER = "over"
"""Why the bridge's hold ended when the incident was resolved, closed or cancelled."""


def follow_holds(uow: UnitOfWork, saved: Sequence[SavedIncident], now: datetime) -> None:
    """Ends the bridge's holds of incidents that are on hold no more; to be called with what was just stored.

    Where the incident is open a person lifted it: its exclusion ends at that moment. Where it is over the exclusion
    stays as it is.
    """
    held = uow.exclusions.held([one.id for one in saved])
    if not held:
        return
    since = {incident: those[-1][0] for incident, those in uow.exclusions.holds(list(held)).items()}
    for one in saved:
        if one.id not in held or one.incident.state is State.ON_HOLD:
            continue
        before = one.before
        if (before is None or before.state is not State.ON_HOLD) and one.incident.updated_at <= since[one.id]:
            continue  # read before the hold was there
        at = max(since[one.id], _left(uow, one, now))
        if one.incident.state.is_open:
            uow.exclusions.release(one.id, at, Ending.LIFTED)
            uow.exclusions.end(one.id, held[one.id], at, Ending.LIFTED)
            uow.ledger.audit(now, "bridge", "hold lifted", str(one.incident.ref), {"promotion": held[one.id]})
        else:
            uow.exclusions.release(one.id, at, OVER)


def _left(uow: UnitOfWork, one: SavedIncident, now: datetime) -> datetime:
    """When it was last given another state, as the source tells it."""
    states = [event for event in uow.incidents.timelines([one.id])[one.id] if event.kind is EventKind.STATE]
    return min(now, max((event.occurred_at for event in states), default=one.incident.updated_at))
