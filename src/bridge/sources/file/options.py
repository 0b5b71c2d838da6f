"""Options of the source kind `file`."""

from __future__ import annotations

from codecs import BOM_UTF8
from enum import StrEnum

from pydantic import BaseModel, Field, field_validator, model_validator

from bridge.model.fills import Fills
from bridge.sources.build import BROKEN, EffortUnit, Words
from bridge.sources.connection import STRICT
from bridge.sources.fills import filled
from bridge.sources.tables import Priorities, States
from bridge.sources.times import Times


class RowsAre(StrEnum):
    """What a row stands for: an incident, or one entry of an incident's audit trail."""

    INCIDENTS = "incidents"
    EVENT_LOG = "event_log"


class FileFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


class Columns(BaseModel):
    """Which column feeds which field of an incident; empty: none. A text with columns in braces joins them, as in
    `{category} / {subcategory}`.
    """

    model_config = STRICT

    id: str
    opened_at: str
    updated_at: str
    state: str
    summary: str = ""
    description: str = ""
    url: str = ""
    hold_reason: str = ""
    priority: str = ""
    impact: str = ""
    urgency: str = ""
    type: str = ""
    service: str = ""
    category: str = ""
    subcategory: str = ""
    ci: str = ""
    site: str = ""
    caller: str = ""
    team: str = ""
    person: str = ""
    acknowledged_at: str = ""
    resolved_at: str = ""
    closed_at: str = ""
    reopen_count: str = ""
    reassignment_count: str = ""
    effort: str = ""
    response_breached: str = ""
    resolution_breached: str = ""
    parent: str = ""
    problem: str = ""
    tags: str = ""


class FileOptions(BaseModel):
    """Incidents in files: `path` is one file or a pattern; .gz and .zip are read as what they contain.

    An event log has one row per change of an incident; the rows of an incident stand together, oldest first.
    `missing` are the texts that mean “no value”. `fields` are further columns kept under their own names (`["*"]`: all
    that feed nothing else). `final` are columns that carry an incident's last value on each row of an event log, also
    on rows written before it was known: the timeline learns them only from the row that makes the incident resolved.
    `effort_unit` is what efforts are counted in, `broken` what stands for a broken SLA clock (in any case; anything
    else is kept).
    """

    model_config = STRICT

    path: str
    format: FileFormat | None = None
    rows: RowsAre = RowsAre.INCIDENTS
    encoding: str = "utf-8-sig"
    delimiter: str = Field(",", min_length=1, max_length=1)
    columns: Columns
    fields: tuple[str, ...] = ()
    final: frozenset[str] = frozenset()
    times: Times = Times()
    missing: frozenset[str] = frozenset({""})
    states: States
    priorities: Priorities = Field(default_factory=dict)
    impacts: Priorities = Field(default_factory=dict)
    urgencies: Priorities = Field(default_factory=dict)
    effort_unit: EffortUnit = "hours"
    broken: Words = BROKEN
    page_size: int = Field(1000, ge=1)

    @field_validator("encoding")
    @classmethod
    def _line_by_line(cls, name: str) -> str:
        try:
            plain = "\n,".encode(name).removeprefix(BOM_UTF8) == b"\n,"
        except LookupError:
            plain = False
        if not plain:
            message = f"“{name}” is not read: save the file as UTF-8"
            raise ValueError(message)
        return name

    @model_validator(mode="after")
    def _final_needs_log(self) -> FileOptions:
        if self.final and self.rows is not RowsAre.EVENT_LOG:
            message = "final has a meaning only with rows: event_log"
            raise ValueError(message)
        return self

    def fills(self) -> Fills:
        """What incidents can hold: what is mapped, and the columns kept in `fields`."""
        levels = {"priority": self.priorities, "impact": self.impacts, "urgency": self.urgencies}
        states = frozenset(self.states.values())
        own = None if "*" in self.fields else frozenset(self.fields)
        return Fills(filled(self.columns, levels, states), own, states)
