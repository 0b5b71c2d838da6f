"""Whether an incident shows a value that was to be set; a source that can set none."""

from __future__ import annotations

from datetime import datetime

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotPossible
from bridge.model.incident import Incident

OWN = frozenset({"priority", "summary", "category"})
"""Values that an incident has of its own; others stand among its `fields`."""


def shown(incident: Incident, name: str) -> str:
    """A value as the incident shows it."""
    if name in OWN:
        value = getattr(incident, name)
        return "" if value is None else str(value)
    return incident.fields.get(name, "")


def shows(incident: Incident, name: str, value: str | datetime) -> bool:
    """Whether a value is there; of a moment at least its day, where the system keeps no more."""
    there = shown(incident, name)
    if not isinstance(value, datetime):
        return " ".join(there.split()) == " ".join(value.split())
    try:
        moment = datetime.fromisoformat(there)
    except ValueError:
        return False
    return moment.date() == value.date() if moment.tzinfo is None else abs(moment - value).total_seconds() < 60


class NoFieldValues:
    """Of a source to which nothing can be written."""

    def can_set(self, name: str) -> bool:  # noqa: ARG002 - the protocol's
        """Never."""
        return False

    def set(self, external_id: str, name: str, value: str | datetime) -> Incident:  # noqa: ARG002 - the protocol's
        """Always raises NotPossible."""
        raise NotPossible(f"incident {external_id}", f"its source cannot set {name}.", "Set it in the incident system.")

    def changed_at(self, external_id: str, name: str) -> datetime | None:  # noqa: ARG002 - the protocol's
        """Is not told."""
        return None

    def clock(self) -> ClockOffset | None:
        """Is not told."""
        return None
