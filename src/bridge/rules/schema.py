"""The rule language, version 1: what an admin may write in `config/rules/*.yaml`."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from bridge.rules.conditions import STRICT, Node
from bridge.rules.durations import Duration
from bridge.rules.fields import ANY_OWN_FIELD, FINGERPRINT, GROUPABLE, KINDS, field
from bridge.rules.incident_part import IncidentPart
from bridge.rules.limits import Limits
from bridge.rules.on_recurrence import OnRecurrence
from bridge.rules.project_part import Place, ProjectPart
from bridge.rules.when import When
from bridge.yamlfile import did_you_mean, refused

MOST_RULES = 10_000


class Mode(StrEnum):
    """How far a rule goes by itself."""

    OFF = "off"
    SHADOW = "shadow"
    PROPOSE = "propose"
    AUTO = "auto"


class KpiPolicy(StrEnum):
    """How the time of promoted incidents counts in the adjusted KPIs."""

    PAUSE = "pause"
    REMOVE = "remove"
    NONE = "none"


def _groupable(name: object) -> object:
    if not isinstance(name, str):
        return name
    if name == FINGERPRINT:
        return name
    if name == "similar":
        raise refused("“similar” is a key of the rule", f"write group_by: [{FINGERPRINT}] and beside it similar: 85")
    if field(name) is None:
        raise refused(
            f"“{name[:60]}” is no field of an incident",
            did_you_mean(name, [FINGERPRINT, *GROUPABLE, ANY_OWN_FIELD], "fields are"),
        )
    if name in KINDS and name not in GROUPABLE:
        raise refused(
            f"incidents cannot be grouped by “{name}”", f"possible: {', '.join(sorted(GROUPABLE))} or {ANY_OWN_FIELD}"
        )
    return name


def _of_no_incident(raw: object) -> object:
    """A scheduled rule says nothing about incidents, so that it gets a `match` that none fulfils."""
    when = raw.get("when") if isinstance(raw, dict) else None
    reasons = when.get("any") or when.get("all") if isinstance(when, dict) else None
    if not isinstance(raw, dict) or not isinstance(reasons, list):
        return raw
    if not any(isinstance(one, dict) and "schedule" in one for one in reasons):
        return raw
    if about := [name for name in _ABOUT_INCIDENTS if name in raw]:
        raise refused(f"a rule with a schedule is not about incidents: {', '.join(about)}", "remove what is about them")
    return {**raw, "match": {"field": "source", "equals": "(no incident)"}, "group_by": ["source"]}


_ABOUT_INCIDENTS = ("match", "unless", "group_by", "sources", "across_sources", "similar", "incident", "on_recurrence")


def _not_required(schema: dict[str, Any]) -> None:
    """An editor cannot know whether a rule is about incidents: `check` does."""
    schema["required"] = [name for name in schema["required"] if name not in _ABOUT_INCIDENTS]


class Rule(BaseModel):
    """A rule: which incidents, what makes them one group, when that group is promoted, and to what.

    A rule with a `schedule` has nothing about incidents: its projects are cycles of work in a standing project.
    """

    model_config = STRICT | ConfigDict(json_schema_extra=_not_required)

    id: str
    title: str = Field(min_length=1, max_length=200)
    mode: Mode = Mode.PROPOSE
    priority: int = Field(100, ge=1, le=1000, strict=True)
    """The rule with the lower number looks first; equal ones in the order of the files."""
    sources: tuple[str, ...] | None = Field(None, min_length=1, max_length=100)
    match: Node
    unless: Node | None = None
    group_by: tuple[Annotated[str, BeforeValidator(_groupable)], ...] = Field(min_length=1, max_length=20)
    across_sources: bool = Field(default=False, strict=True)
    """Whether incidents of different sources can belong to one group."""
    when: When
    project: ProjectPart
    incident: IncidentPart = IncidentPart()
    kpi: KpiPolicy = KpiPolicy.PAUSE
    lease: int | None = Field(None, ge=1, le=250, strict=True)
    """After how many business days without progress of its project an exclusion ends; without it the settings say."""
    quiet_for: Duration = timedelta(days=90)
    on_recurrence: OnRecurrence = OnRecurrence()
    limits: Limits = Limits()
    similar: int | None = Field(None, ge=1, le=100, strict=True)
    """From which score on (1 to 100) a summary is one with a group's first one; only with group_by: [fingerprint]."""

    @field_validator("similar")
    @classmethod
    def _about_texts(cls, score: int | None, info: ValidationInfo) -> int | None:
        if FINGERPRINT not in info.data.get("group_by", (FINGERPRINT,)):
            raise refused("compares fingerprints, by which this rule does not group", f"add {FINGERPRINT} to group_by")
        if find_spec("rapidfuzz") is None:
            raise refused("needs a library that is not installed", "pip install 'redmine-itsm-bridge[similar]'")
        return score

    @model_validator(mode="before")
    @classmethod
    def _scheduled(cls, raw: object) -> object:
        return _of_no_incident(raw)

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.when.schedule is not None and self.project.to is Place.PROJECT:
            raise refused("periodic work goes into a standing project", "say to: version and in: its identifier")
        return self

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
