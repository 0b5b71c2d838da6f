"""A work breakdown template as people write it (`version: 1`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """An entry in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskEntry(Entry):
    """A task: `estimate` such as 4h or 2d, `after` the keys of tasks that must be done first."""

    key: Annotated[str, Field(max_length=60)]
    title: Annotated[str, Field(max_length=200)]
    role: str = ""
    estimate: str = ""
    priority: str = ""
    after: list[str] = []
    children: list[TaskEntry] = []
    description: Annotated[str, Field(max_length=20_000)] = ""


class TemplateFile(Entry):
    """The whole file. `roles` maps each role to a person or team of the directory; empty: the rule says who."""

    version: Literal[1]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    roles: dict[str, str | None] = {}
    tasks: list[TaskEntry]
