"""A work breakdown template as people write it (`version: 1`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.planning.gates import GateKind


class Entry(BaseModel):
    """An entry in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskEntry(Entry):
    """A task: `estimate` such as 4h or 2d, `after` the keys of tasks that must be done first.

    A `gate` may say who closes it (`closed_by`) and which tasks cannot be closed before (`blocks`); `checklist` are the
    points of a handover, `number` is how the numbers of change requests begin. `open`: whether the bridge opens the
    change request (default: where the incident system can).
    """

    key: Annotated[str, Field(max_length=60)]
    title: Annotated[str, Field(max_length=200)]
    role: str = ""
    estimate: str = ""
    priority: str = ""
    after: list[str] = []
    children: list[TaskEntry] = []
    description: Annotated[str, Field(max_length=20_000)] = ""
    gate: GateKind | None = None
    closed_by: list[str] = []
    blocks: list[str] = []
    checklist: Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(max_length=20)] = []
    number: Annotated[str, Field(max_length=20)] = ""
    open: Annotated[bool | None, Field(strict=True)] = None


class MilestoneEntry(Entry):
    """A version of the project: it is due when the last of its tasks (by key, children included) is."""

    key: Annotated[str, Field(max_length=60)]
    title: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=120)] = ""
    tasks: Annotated[list[str], Field(min_length=1)]


class TemplateFile(Entry):
    """The whole file. `roles` maps each role to a person or team of the directory; empty: the rule says who."""

    version: Literal[1]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    roles: dict[str, str | None] = {}
    milestones: list[MilestoneEntry] = []
    tasks: list[TaskEntry]
