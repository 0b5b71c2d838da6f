"""Options of the source kind `rt`."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from bridge.model.fills import Fills
from bridge.model.incident import State
from bridge.sources.build import BROKEN, Words
from bridge.sources.connection import STRICT, ConnectionOptions, ways_to_give
from bridge.sources.fills import filled
from bridge.sources.tables import Priorities, States
from bridge.yamlfile import refused

RT_STATES: States = {
    "new": State.NEW,
    "open": State.IN_PROGRESS,
    "stalled": State.ON_HOLD,
    "resolved": State.RESOLVED,
    "rejected": State.CANCELLED,
    "deleted": State.CANCELLED,
}
_ALWAYS = ("summary", "url", "acknowledged_at", "resolved_at", "closed_at", "parent")
_COUNTED = ("reopen_count", "reassignment_count")
RT_PRIORITIES = {"80-100": 1, "60-79": 2, "40-59": 3, "20-39": 4, "0-19": 5}


class RtFields(BaseModel):
    """Which field of RT feeds which field of an incident; empty: none.

    `Queue`, `Owner`, `Requestor`, `Cc`, `AdminCc`, `SLA`, `Priority` … as REST2 names them, `CF.<name>` a custom field,
    `Role.<name>` a custom role. Several values are joined with a comma.
    """

    model_config = STRICT

    service: str = "CF.Service"
    category: str = ""
    subcategory: str = ""
    ci: str = "CF.Affected CIs"
    site: str = ""
    type: str = ""
    team: str = "Queue"
    person: str = "Owner"
    caller: str = "Requestor"
    problem: str = ""
    hold_reason: str = ""
    priority: str = "Priority"
    impact: str = ""
    urgency: str = ""
    description: str = ""
    effort: str = "TimeWorked"
    """Minutes."""
    response_breached: str = ""
    resolution_breached: str = ""


class RtChanges(BaseModel):
    """Requests for change are tickets of `queue`; which of their statuses mean that one is approved or rejected.

    Without `approved` RT does not tell.
    """

    model_config = STRICT

    queue: str = Field(min_length=1)
    approved: Words = frozenset()
    rejected: Words = frozenset({"rejected", "deleted"})


class RtOptions(ConnectionOptions):
    """A Request Tracker 5 and the account that the bridge uses there.

    `url` is RT's web address without `/REST/2.0`. `query` is TicketSQL: what it does not match is not taken in, but an
    incident once taken in is followed wherever it goes. `timezone` is the zone of the account: RT reads dates in
    queries in that zone. `overlap` is how many transaction ids below the newest are looked at again, for PostgreSQL
    commits them out of order. `events` says whether a backfill asks for the transactions too: without, a ticket's
    timeline is derived from its dates. `broken` is what stands for a broken SLA clock (in any case; anything else is
    kept). `changes`: where requests for change are opened (absent: nowhere).
    """

    url: str
    token: SecretStr | None = None
    token_file: Path | None = None
    query: str = "Queue = 'Incidents'"
    timezone: str = "UTC"
    fields: RtFields = RtFields()
    states: States = RT_STATES
    write_states: dict[State, str] = Field(default_factory=dict)
    priorities: Priorities = RT_PRIORITIES
    impacts: Priorities = Field(default_factory=dict)
    urgencies: Priorities = Field(default_factory=dict)
    broken: Words = BROKEN
    overlap: int = Field(50, ge=0, le=99)
    page_size: int = Field(100, ge=1, le=100)
    events: bool = True
    changes: RtChanges | None = None

    @field_validator("url")
    @classmethod
    def _base(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            message = "must begin with http:// or https://"
            raise ValueError(message)
        return url.rstrip("/").removesuffix("/REST/2.0")

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"“{name}” is not a time zone, for example Europe/Paris"
            raise ValueError(message) from error
        return name

    @model_validator(mode="after")
    def _one_token(self) -> RtOptions:
        if (self.token is None) == (self.token_file is None):
            raise refused("exactly one of token and token_file is needed", ways_to_give("<NAME>", "token"))
        return self

    def fills(self) -> Fills:
        """What tickets can hold: all their custom fields are kept, and a merged one is cancelled.

        How often one was reopened and reassigned is counted in its timeline.
        """
        levels = {"priority": self.priorities, "impact": self.impacts, "urgency": self.urgencies}
        states = frozenset({*self.states.values(), State.CANCELLED})
        always = {*_ALWAYS, *(_COUNTED if self.events else ())}
        return Fills(filled(self.fields, levels, states, always), None, states)
