"""The rule language, version 1: what an admin may write in `config/rules/*.yaml`."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from bridge.rules.conditions import STRICT, Node
from bridge.rules.durations import DueTime, Duration
from bridge.rules.fields import ANY_OWN_FIELD, GROUPABLE, KINDS, field
from bridge.rules.later import NotYet
from bridge.rules.naming import compile_name
from bridge.yamlfile import did_you_mean, refused

MOST_OCCURRENCES = 1000
MOST_RULES = 10_000


class Mode(StrEnum):
    """How far a rule goes by itself."""

    OFF = "off"
    SHADOW = "shadow"
    PROPOSE = "propose"
    AUTO = "auto"


class OnOpen(StrEnum):
    """What happens to an incident that is still open when it joins a promotion."""

    LINK = "link"
    HOLD = "hold"
    RESOLVE_WITH_WORKAROUND = "resolve_with_workaround"


class OnDelivery(StrEnum):
    """What happens to a promotion's open incidents when its project is delivered."""

    NOTE = "note"
    RESOLVE = "resolve"


class KpiPolicy(StrEnum):
    """How the time of promoted incidents counts in the adjusted KPIs."""

    PAUSE = "pause"
    REMOVE = "remove"
    NONE = "none"


class Recurs(BaseModel):
    """At least so many incidents of the group were opened within a length of time."""

    model_config = STRICT

    at_least: int = Field(ge=1, le=MOST_OCCURRENCES, strict=True)
    within: Duration
    distinct: NotYet = None


class OpenFor(BaseModel):
    """An incident of the group is open for longer than a length of time."""

    model_config = STRICT

    longer_than: Duration
    calendar: NotYet = None


class Trigger(BaseModel):
    """One reason to promote a group."""

    model_config = STRICT

    recurs: Recurs | None = None
    open_for: OpenFor | None = None
    on_hold_for: NotYet = None
    reopened: NotYet = None
    reassigned: NotYet = None
    effort: NotYet = None
    breached: NotYet = None
    rate: NotYet = None
    affected: NotYet = None
    schedule: NotYet = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.recurs is None) == (self.open_for is None):
            raise refused("must be exactly one of recurs and open_for")
        return self


class When(BaseModel):
    """When a group is promoted: for `any` of the reasons, or when `all` of them are there."""

    model_config = STRICT

    any_of: tuple[Trigger, ...] | None = Field(None, alias="any", min_length=1, max_length=20)
    all_of: tuple[Trigger, ...] | None = Field(None, alias="all", min_length=1, max_length=20)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.any_of is None) == (self.all_of is None):
            raise refused("needs exactly one of any and all", "for example any: [{recurs: {at_least: 5, within: 14d}}]")
        return self

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The reasons in the order of the file."""
        return self.any_of or self.all_of or ()


class ProjectPart(BaseModel):
    """The project that a promotion opens. `owner` and `members` are people and teams of the directory."""

    model_config = STRICT

    name: str = Field("{{ rule.title }}: {{ group.label }}", max_length=1000)
    template: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    members: tuple[str, ...] = Field((), max_length=100)
    due: DueTime | None = None
    parent: NotYet = None
    description: NotYet = None
    to: NotYet = None
    modules: NotYet = None
    trackers: NotYet = None
    categories: NotYet = None
    custom_fields: NotYet = None

    @field_validator("name")
    @classmethod
    def _renders(cls, name: str) -> str:
        compile_name(name)
        return name


class IncidentPart(BaseModel):
    """What a promotion does to its incidents that are still open. Those that are over are never written to."""

    model_config = STRICT

    open: OnOpen = OnOpen.LINK
    later: OnOpen = OnOpen.LINK
    on_delivery: OnDelivery = OnDelivery.NOTE
    resolve_at_most: NotYet = None

    @field_validator("open", "later")
    @classmethod
    def _possible(cls, what: OnOpen) -> OnOpen:
        if what is OnOpen.RESOLVE_WITH_WORKAROUND:
            raise refused("resolve_with_workaround is not available in this version", "right would be link or hold")
        return what


def _groupable(name: object) -> object:
    if not isinstance(name, str):
        return name
    if name in {"fingerprint", "similar"}:
        raise refused(f"“{name}” is not available in this version", "group by fields")
    if field(name) is None:
        raise refused(
            f"“{name[:60]}” is no field of an incident", did_you_mean(name, [*GROUPABLE, ANY_OWN_FIELD], "fields are")
        )
    if name in KINDS and name not in GROUPABLE:
        raise refused(
            f"incidents cannot be grouped by “{name}”", f"possible: {', '.join(sorted(GROUPABLE))} or {ANY_OWN_FIELD}"
        )
    return name


class Rule(BaseModel):
    """A rule: which incidents, what makes them one group, when that group is promoted, and to what."""

    model_config = STRICT

    id: str
    title: str = Field(min_length=1, max_length=200)
    mode: Mode = Mode.PROPOSE
    sources: tuple[str, ...] | None = Field(None, min_length=1, max_length=100)
    match: Node
    unless: Node | None = None
    group_by: tuple[Annotated[str, BeforeValidator(_groupable)], ...] = Field(min_length=1, max_length=20)
    when: When
    project: ProjectPart
    incident: IncidentPart = IncidentPart()
    kpi: KpiPolicy = KpiPolicy.PAUSE
    quiet_for: Duration = timedelta(days=90)
    priority: NotYet = None
    across_sources: NotYet = None
    on_recurrence: NotYet = None
    limits: NotYet = None
    similar: NotYet = None

    @field_validator("id")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", name):
            raise refused("must be lower-case letters, digits, - and _, at most 60 of them", "for example router-cpu")
        return name


class RuleFile(BaseModel):
    """One file of rules."""

    model_config = STRICT

    version: Literal[1]
    rules: tuple[Rule, ...] = Field(max_length=MOST_RULES)
