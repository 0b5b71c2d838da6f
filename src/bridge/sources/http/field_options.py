"""Options that say how single values of an incident are set, and when they changed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bridge.sources.http.calls import ListRequest, Path, Request


class FieldRequest(Request):
    """Sets one value of an incident.

    `{value}` is sent as it is: a text, with `format: number` a number (nothing where there is none), with
    `format: time` a moment as `times` says, else a day such as 2026-12-31.
    """

    PLACEHOLDERS = frozenset({"id", "value"})

    format: Literal["text", "number", "time"] = "text"


class FieldChangesRequest(ListRequest):
    """Lists what changed in an incident, oldest first: `field` is what, `at` when.

    `names` maps a value's name to what the system calls it there, where it differs.
    """

    field: Path = "field"
    at: Path = "at"
    names: dict[str, str] = Field(default_factory=dict)
