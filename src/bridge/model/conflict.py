"""A field that both sides changed and no policy settles: stored, shown, never lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Why(StrEnum):
    """Why a field cannot be settled without a person."""

    MANUAL = "manual"  # its owner is `manual`
    TOO_CLOSE = "too close"  # its owner is `newest`, and it cannot be told which change came last
    FOUGHT_OVER = "fought over"  # something sets it back whenever the bridge writes it


class Resolution(StrEnum):
    """What settled a conflict: the value of a side, another value, or both sides by themselves."""

    INCIDENT = "incident"
    PROJECT = "project"
    VALUE = "value"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field of a link that is frozen until somebody resolves it.

    The values are those of the two sides when it was found, as the bridge compares them; `told` says for people what
    happened. `resolution` and `value` (what both are to have) are empty until then.
    """

    id: int
    link_id: int
    field: str
    incident_value: str
    project_value: str
    why: Why
    told: str
    found_at: datetime
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: Resolution | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Another system's clock minus ours: somewhere between `earliest` and `latest`."""

    earliest: timedelta
    latest: timedelta

    @property
    def middle(self) -> timedelta:
        """The best guess."""
        return (self.earliest + self.latest) / 2

    @property
    def error(self) -> timedelta:
        """How far the best guess may be off."""
        return (self.latest - self.earliest) / 2
