"""What a rule says about the project that it opens, as it stands under `project`."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from bridge.rules.conditions import STRICT
from bridge.rules.durations import DueTime
from bridge.rules.later import NotYet
from bridge.rules.naming import compile_name


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
