"""The three-way merge of one field against the value both sides last agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """One of the two systems of record."""

    INCIDENT = "incident"
    ISSUE = "issue"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.ISSUE if self is Side.INCIDENT else Side.INCIDENT


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of a field: the value, the side that must be written (None: neither) and the value that lost."""

    value: str
    write: Side | None = None
    lost: str | None = None


def merge(agreed: str, incident: str, issue: str, owner: Side) -> Merged:
    """Merges one field; when both sides moved apart the owner's value wins and the other one is reported as lost."""
    if incident == issue:
        return Merged(incident)
    if issue == agreed:
        return Merged(incident, write=Side.ISSUE)
    if incident == agreed:
        return Merged(issue, write=Side.INCIDENT)
    if owner is Side.INCIDENT:
        return Merged(incident, write=Side.ISSUE, lost=issue)
    return Merged(issue, write=Side.INCIDENT, lost=incident)
