"""The three-way merge of one field against the value both sides last agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.model.conflict import ClockOffset, Why
from bridge.sync.clock_offset import UNMEASURED

CLOSE = timedelta(seconds=2)
"""Changes that lie no further apart, measured errors of the clocks aside, are told by no clock which came last."""


class Side(StrEnum):
    """One of the two systems of record."""

    INCIDENT = "incident"
    ISSUE = "issue"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.ISSUE if self is Side.INCIDENT else Side.INCIDENT


class Direction(StrEnum):
    """Which side the bridge may write a field on."""

    BOTH = "both"
    TO_ISSUE = "to_issue"
    TO_INCIDENT = "to_incident"
    NONE = "none"

    def writes(self, side: Side) -> bool:
        """Whether that side may be written."""
        return self is Direction.BOTH or self is (Direction.TO_ISSUE if side is Side.ISSUE else Direction.TO_INCIDENT)


class Owner(StrEnum):
    """Whose value stays when both sides changed a field."""

    INCIDENT = "incident"
    PROJECT = "project"
    NEWEST = "newest"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of a field: the value, the side that must be written (None: neither) and the value that lost.

    `apart`: the sides differ and stay so, for the side that would be written may not be.
    """

    value: str
    write: Side | None = None
    lost: str | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Undecided:
    """Both sides changed a field and nobody but a person can say which value is right."""

    why: Why
    told: str


@dataclass(frozen=True, slots=True)
class Moments:
    """When each side's value was set, by its own clock, and how far that clock is from ours.

    `exact`: the incident system told when this very field changed; else `incident` is its last change of all, before
    which the field may have changed.
    """

    incident: datetime
    issue: datetime
    exact: bool = True
    incident_clock: ClockOffset = UNMEASURED
    issue_clock: ClockOffset = UNMEASURED


def merge(agreed: str, incident: str, issue: str, owner: Side) -> Merged:
    """Merges one field; when both sides moved apart the owner's value wins and the other one is reported as lost."""
    if incident == issue:
        return Merged(incident)
    if issue == agreed:
        return Merged(incident, write=Side.ISSUE)
    if incident == agreed:
        return Merged(issue, write=Side.INCIDENT)
    return _won(owner, incident, issue)


def both_moved(agreed: str | None, incident: str, issue: str) -> bool:
    """Whether both sides changed a field, and differently. Without an agreed value an empty one counts as unchanged."""
    return len({agreed or "", incident, issue}) == 3


def merge_owned(
    agreed: str | None, incident: str, issue: str, owner: Owner, direction: Direction, moments: Moments | None = None
) -> Merged | Undecided:
    """Merges one field by its row of the table; `moments` are needed where the newest change wins.

    Without an agreed value (the field is new in the table) an empty side follows the other; two different values are a
    change of both. A side that may not be written keeps what it has.
    """
    if not both_moved(agreed, incident, issue):
        merged = merge(agreed or "", incident, issue, Side.INCIDENT)
    else:
        winner = _winner(owner, moments)
        if isinstance(winner, Undecided):
            return winner
        merged = _won(winner, incident, issue)
    if merged.write is not None and not direction.writes(merged.write):
        return Merged(merged.value, apart=True)
    return merged


def newest(moments: Moments) -> Side | None:
    """The side that changed last; None when that cannot be told, for the moments are too close or not exact."""
    incident = moments.incident - moments.incident_clock.middle
    issue = moments.issue - moments.issue_clock.middle
    margin = CLOSE + moments.incident_clock.error + moments.issue_clock.error
    if issue - incident > margin:
        return Side.ISSUE
    return Side.INCIDENT if moments.exact and incident - issue > margin else None


def _winner(owner: Owner, moments: Moments | None) -> Side | Undecided:
    if owner is Owner.MANUAL:
        return Undecided(Why.MANUAL, "both sides changed it, and its owner is “manual”")
    if owner is not Owner.NEWEST:
        return Side.INCIDENT if owner is Owner.INCIDENT else Side.ISSUE
    side = newest(moments) if moments is not None else None
    return side if side is not None else Undecided(Why.TOO_CLOSE, _too_close(moments))


def _too_close(moments: Moments | None) -> str:
    if moments is None:
        return "both sides changed it, and when is not known"
    if not moments.exact:
        return (
            "both sides changed it, and the incident system tells when the incident changed last but not when this "
            "field did, which may have been before the issue's"
        )
    error = (moments.incident_clock.error + moments.issue_clock.error).total_seconds()
    return f"both sides changed it within {CLOSE.total_seconds():g} s and the clocks' error of {error:.1f} s"


def _won(owner: Side, incident: str, issue: str) -> Merged:
    if owner is Side.INCIDENT:
        return Merged(incident, write=Side.ISSUE, lost=issue)
    return Merged(issue, write=Side.INCIDENT, lost=incident)
