"""The link between an incident and its own Redmine issue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.model.incident import IncidentRef


@dataclass(frozen=True, slots=True)
class Link:
    """An incident and its own issue, with one agreed value per synced field: the base of the merge.

    `incident_note` and `issue_note` are the ids of the last note seen on either side (transaction, journal);
    empty means none yet. Notes on the incident up to `notes_since` (the source's time) were there before the link
    and are not carried over. `issue_id` is None until the issue has been created. `attention` is what a person
    should know about this link (an unmapped person, a state that cannot be carried over), empty when all is well.
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
