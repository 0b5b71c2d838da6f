"""What a rule says about the project that it opens, as it stands under `project`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from bridge.rules.conditions import STRICT
from bridge.rules.durations import DueTime
from bridge.rules.naming import LONGEST_TEXT, compile_name, compile_text
from bridge.yamlfile import did_you_mean, refused

NEEDED_MODULES = ("issue_tracking", "wiki")
"""Modules that every project of the bridge has: it works with issues and writes the evidence on a wiki page."""
MODULES = {
    "issue tracking": "issue_tracking",
    "gantt": "gantt",
    "calendar": "calendar",
    "wiki": "wiki",
    "time": "time_tracking",
    "news": "news",
    "documents": "documents",
    "files": "files",
    "repository": "repository",
    "forums": "boards",
}
"""Redmine's own modules by the names that rules use."""
USUAL_MODULES = ("issue tracking", "gantt", "calendar", "wiki", "time")
_IDENTIFIER = r"^[0-9_-]{0,50}[a-z][a-z0-9_-]{0,49}$"


class Place(StrEnum):
    """What a promotion becomes in the tracker."""

    PROJECT = "project"
    ISSUE = "issue"
    VERSION = "version"


class Member(BaseModel):
    """A team's people, or a person, and the role that they get in the project; without: the settings' role."""

    model_config = STRICT

    team: str = ""
    person: str = ""
    role: str = Field("", max_length=255)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.team) == bool(self.person):
            raise refused("needs exactly one of team and person", "for example {team: vpn, role: Reporter}")
        return self

    @property
    def name(self) -> str:
        """The key in the directory."""
        return self.team or self.person


def _member(value: object) -> object:
    return {"team": value} if isinstance(value, str) else value


_MEMBER_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("team", "person", "role")},
        },
    ]
}
MemberEntry = Annotated[Member, BeforeValidator(_member), WithJsonSchema(_MEMBER_SCHEMA)]


def _text(value: object) -> object:
    """A number under custom_fields is meant as it is written."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Trackers(BaseModel):
    """Names of the tracker for each kind of issue; empty: the settings', else the project's first one."""

    model_config = STRICT

    root: str = ""
    task: str = ""
    incident: str = ""


class ProjectPart(BaseModel):
    """The project that a promotion opens. `owner`, `members` and `roles` name people and teams of the directory.

    `to: project` is a private project of its own below `parent`; `to: issue` a root issue with its tasks, `to: version`
    a version with a root issue and its tasks, both in the standing project `in`. `roles` says who fills the template's
    roles. `custom_fields` are set on the project and on every issue that the bridge creates there. With
    `knowledge: required` no incident is handed back before the knowledge page has a cause and a fix; without it the
    settings decide.
    """

    model_config = STRICT

    name: str = Field("{{ rule.title }}: {{ group.label }}", max_length=1000)
    description: str | None = Field(None, min_length=1, max_length=LONGEST_TEXT)
    template: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    roles: Mapping[str, str] = Field(default_factory=dict, max_length=50)
    members: tuple[MemberEntry, ...] = Field((), max_length=100)
    due: DueTime | None = None
    to: Place = Place.PROJECT
    parent: str | None = Field(None, pattern=_IDENTIFIER)
    standing: str | None = Field(None, alias="in", pattern=_IDENTIFIER)
    modules: tuple[str, ...] = Field(USUAL_MODULES, max_length=20)
    trackers: Trackers = Trackers()
    categories: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = Field((), max_length=50)
    custom_fields: Mapping[str, Annotated[str, BeforeValidator(_text), Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=50
    )

    knowledge: Literal["optional", "required"] | None = None

    @field_validator("name")
    @classmethod
    def _renders(cls, name: str) -> str:
        compile_name(name)
        return name

    @field_validator("description")
    @classmethod
    def _describes(cls, description: str) -> str:
        compile_text(description)
        return description

    @field_validator("custom_fields")
    @classmethod
    def _fills(cls, values: Mapping[str, str]) -> Mapping[str, str]:
        for value in values.values():
            compile_text(value)
        return values

    @field_validator("modules")
    @classmethod
    def _known_modules(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in MODULES:
                raise refused(f"“{name[:60]}” is no module of Redmine", did_you_mean(name, MODULES, "modules are"))
        return names

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.to is Place.PROJECT:
            if self.standing is not None:
                raise refused("`in` names a standing project", "say to: issue or to: version, or `parent` instead")
            return self
        if self.standing is None:
            raise refused(f"to: {self.to} needs a standing project", "for example in: operations-routine")
        for key in ("parent", "modules"):
            if key in self.model_fields_set:
                raise refused(f"`{key}` is for projects of their own", f"remove it, or say to: project (not {self.to})")
        return self

    @property
    def module_names(self) -> tuple[str, ...]:
        """The modules by Redmine's names, what the bridge needs first."""
        return tuple(dict.fromkeys([*NEEDED_MODULES, *(MODULES[name] for name in self.modules)]))

    def values(self, **given: Mapping[str, Any]) -> dict[str, str]:
        """The custom fields with their templates filled in."""
        return {name: compile_text(value)(given) for name, value in self.custom_fields.items()}
