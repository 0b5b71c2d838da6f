"""Options of the source kind `http`: a JSON interface described by configuration alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field, field_validator, model_validator

from bridge.model.fills import Fills
from bridge.model.incident import EventKind
from bridge.sources.build import BROKEN, EffortUnit, Words
from bridge.sources.connection import STRICT, ConnectionOptions
from bridge.sources.fills import filled
from bridge.sources.http.auth_options import Auth, NoAuth
from bridge.sources.http.calls import (
    ChangeRequests,
    ChangesRequest,
    HistoryRequest,
    LinksRequest,
    NotesRequest,
    Path,
    ReadRequest,
    Writes,
)
from bridge.sources.http.extra_options import Attachments, Relations, Work
from bridge.sources.http.field_options import FieldChangesRequest, FieldRequest
from bridge.sources.tables import Priorities, States
from bridge.sources.times import Times
from bridge.yamlfile import refused

UNSET = frozenset({"", "0", "0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"})


class Meaning(StrEnum):
    """What an error in an answer's body means."""

    AUTHENTICATION = "authentication"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class ErrorSign(BaseModel):
    """An error told in the body, whatever the status: `when` is true, or has the value `equals`."""

    model_config = STRICT

    when: Path
    equals: Any = None
    message: Path = ""
    means: Meaning = Meaning.REJECTED


class Timeline(BaseModel):
    """The history that an incident carries: `items` within it, one change each, oldest first.

    `kinds` maps the source's name of a field to the kind of event; values go through the tables of states and
    priorities.
    """

    model_config = STRICT

    items: Path
    id: Path = "id"
    at: Path = "at"
    field: Path = "field"
    value: Path = "new"
    kinds: dict[str, EventKind]


class Mapping(BaseModel):
    """Which value of the answer feeds which field of an incident; empty: none. Lists are joined with a comma."""

    model_config = STRICT

    id: Path = "id"
    summary: Path = "summary"
    state: Path = "state"
    opened_at: Path = "opened_at"
    updated_at: Path = "updated_at"
    url: Path = ""
    description: Path = ""
    hold_reason: Path = ""
    priority: Path = ""
    impact: Path = ""
    urgency: Path = ""
    type: Path = ""
    service: Path = ""
    category: Path = ""
    subcategory: Path = ""
    ci: Path = ""
    site: Path = ""
    caller: Path = ""
    team: Path = ""
    person: Path = ""
    acknowledged_at: Path = ""
    resolved_at: Path = ""
    closed_at: Path = ""
    reopen_count: Path = ""
    reassignment_count: Path = ""
    effort: Path = ""
    response_breached: Path = ""
    resolution_breached: Path = ""
    tags: Path = ""
    parent: Path = ""
    problem: Path = ""


class HttpOptions(ConnectionOptions):
    """An incident system with a JSON interface.

    `times` is how it writes moments, `unset_times` what it writes where there is none. `extra` names further values
    kept in an incident's `fields`. `web_url` is the address that a person opens, with `{id}`. `effort_unit` is what
    efforts are counted in, `broken` what stands for a broken SLA clock (in any case; anything else is kept).
    `change_requests` says how what `writes.change` opened is read back: without, it could be opened twice.
    `field_writes` are requests that set one value, by its name: `priority`, `summary`, `category` or one of `extra`.
    `field_changes` lists what changed in an incident, for fields whose newest value wins.
    """

    base_url: str
    auth: Auth = NoAuth()
    headers: dict[str, str] = Field(default_factory=dict)
    times: Times = Times()
    unset_times: frozenset[str] = UNSET
    changes: ChangesRequest
    history: HistoryRequest | None = None
    read: ReadRequest
    notes: NotesRequest | None = None
    links: LinksRequest | None = None
    fields: Mapping = Mapping()
    extra: dict[str, Path] = Field(default_factory=dict)
    web_url: str = ""
    timeline: Timeline | None = None
    states: States
    priorities: Priorities = Field(default_factory=dict)
    impacts: Priorities = Field(default_factory=dict)
    urgencies: Priorities = Field(default_factory=dict)
    effort_unit: EffortUnit = "hours"
    broken: Words = BROKEN
    writes: Writes = Writes()
    change_requests: ChangeRequests | None = None
    field_writes: dict[str, FieldRequest] = Field(default_factory=dict)
    field_changes: FieldChangesRequest | None = None
    attachments: Attachments | None = None
    work_log: Work | None = None
    relations: Relations | None = None
    errors: tuple[ErrorSign, ...] = ()

    @model_validator(mode="after")
    def _found_again(self) -> HttpOptions:
        if self.writes.change is not None and self.change_requests is None:
            advice = "add `change_requests` with its `read` and `find`"
            raise refused("what writes.change opens could not be found again after a crash", advice)
        return self

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            message = "must begin with http:// or https://"
            raise ValueError(message)
        return url.rstrip("/")

    def fills(self) -> Fills:
        """What incidents can hold: what is mapped, and what is kept as `extra`."""
        levels = {"priority": self.priorities, "impact": self.impacts, "urgency": self.urgencies}
        states = frozenset(self.states.values())
        always = ("url",) if self.web_url else ()
        return Fills(filled(self.fields, levels, states, always), frozenset(self.extra), states)
