"""The link between an incident and its own Redmine issue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.incident import IncidentRef


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that a side does not take: what was to be written, what that side showed instead, and what it said."""

    value: str
    shown: str
    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """An incident and its own issue, with one agreed value per synced field: the base of the merge.

    `incident_note` and `issue_note` are the ids of the last note seen on either side (transaction, journal);
    empty means none yet. Notes on the incident up to `notes_since` (the source's time) were there before the link
    and are not carried over. `issue_id` is None until the issue has been created. `attention` is what a person
    should know about this link (an unmapped person, a state that cannot be carried over), empty when all is well.
    `incident_missed_at` and `issue_missed_at` are when that side was first not found, None while it is there.
    `refused` holds values that are not planned again as they are, by side and field (`issue.state`).
    """

    id: int
    incident_id: int
    ref: IncidentRef
    promotion_id: int
    task_key: str
    agreed: Mapping[str, str]
    created_at: datetime
    notes_since: datetime
    issue_id: int | None = None
    incident_note: str = ""
    issue_note: str = ""
    tracker: str = "redmine"
    instance: str = "main"
    ended_at: datetime | None = None
    ended_because: str = ""
    attention: str = ""
    incident_missed_at: datetime | None = None
    issue_missed_at: datetime | None = None
    refused: Mapping[str, Refusal] = field(default_factory=dict)
