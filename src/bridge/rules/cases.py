"""The language of rule tests, version 1: incidents at times, and what a rule is to make of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from bridge.model.incident import State
from bridge.rules.conditions import STRICT, Names
from bridge.rules.durations import Duration
from bridge.yamlfile import refused

MOST_CASES = 1000
MOST_INCIDENTS = 1000
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_PART = re.compile(r"([0-9]{1,5})([mhdw])")
_RIGHT = "right would be 3d, 3d 4h, or 2026-01-31T08:00Z"
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def _elapsed(text: object) -> timedelta:
    """`0h`, `3d` or `3d 4h`. Raises PydanticCustomError."""
    parts = text.split() if isinstance(text, str) else []
    found = [_PART.fullmatch(part) for part in parts]
    if not found or None in found:
        raise refused("must be how long after the incident was opened", "right would be 4h or 3d 4h")
    return sum((int(one[1]) * _UNITS[one[2]] for one in found if one), timedelta())


def _moment(text: object) -> datetime | timedelta:
    """A date and time (without a zone: UTC), or how long after the beginning of the case."""
    if isinstance(text, datetime | timedelta):
        return text
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return _elapsed(text)
    except PydanticCustomError:
        raise refused("must be how long after the beginning, or a date and time", _RIGHT) from None


def _date(text: object) -> datetime:
    moment = _moment(text)
    if isinstance(moment, timedelta):
        raise refused("must be a date or a date and time", "right would be 2026-01-31 or 2026-01-31T08:00Z")
    return moment


_TIME = {"type": "string", "examples": ["0d", "3d 4h", "2026-01-31T08:00Z"]}
Moment = Annotated[Any, BeforeValidator(_moment), WithJsonSchema(_TIME)]
Elapsed = Annotated[Any, BeforeValidator(_elapsed), WithJsonSchema({"type": "string", "examples": ["0h", "3d 4h"]})]
Start = Annotated[Any, BeforeValidator(_date), WithJsonSchema({"type": "string", "examples": ["2026-01-31T08:00Z"]})]
Level = Annotated[int, Field(ge=1, le=5, strict=True)]


class Outcome(StrEnum):
    """What a rule does about a group."""

    NOTHING = "nothing"
    CANDIDATE = "candidate"
    OPENED = "opened"
    ATTACH = "attach"
    REOPENED = "reopened"


class Values(BaseModel):
    """Values of an incident's fields; what is not written is as it was, at first empty, in state new.

    When it was taken up, resolved and closed follows from its state.
    """

    model_config = STRICT

    source: str | None = None
    summary: str | None = None
    description: str | None = None
    state: State | None = None
    hold_reason: str | None = None
    priority: Level | None = None
    impact: Level | None = None
    urgency: Level | None = None
    type: str | None = None
    service: str | None = None
    category: str | None = None
    subcategory: str | None = None
    ci: str | None = None
    site: str | None = None
    caller: str | None = None
    team: str | None = None
    person: str | None = None
    parent: str | None = None
    problem: str | None = None
    reopen_count: int | None = Field(None, ge=0, strict=True)
    reassignment_count: int | None = Field(None, ge=0, strict=True)
    effort: float | None = Field(None, ge=0)
    response_breached: bool | None = None
    resolution_breached: bool | None = None
    tags: Names | None = None
    fields: Mapping[str, str] | None = None

    def given(self) -> dict[str, Any]:
        """The fields of an incident that are written here, by name."""
        return {name: getattr(self, name) for name in Values.model_fields if name in self.model_fields_set}


class Change(Values):
    """What changed so long after the incident was opened."""

    after: Elapsed


class Given(Values):
    """An incident that was opened `at` some time; with `times` so many of them, one `every` so often.

    It is called `id`, or by its number in the case; several are called `id-1`, `id-2` and so on.
    """

    at: Moment
    id: str | None = Field(None, min_length=1, max_length=100)
    times: int = Field(1, ge=1, le=MOST_INCIDENTS, strict=True)
    every: Duration | None = None
    then: tuple[Change, ...] = Field((), max_length=100)

    @model_validator(mode="after")
    def _repeated(self) -> Self:
        if self.times > 1 and self.every is None:
            raise refused("needs `every` beside `times`", "for example times: 5, every: 2d")
        return self


class Deed(StrEnum):
    """What people do with a promotion."""

    APPROVE = "approve"
    REJECT = "reject"
    DELIVER = "deliver"
    RESUME = "resume"


class Act(BaseModel):
    """What somebody does with the promotion of an incident's group (`of`; without: the newest incident's)."""

    model_config = STRICT

    at: Moment
    do: Deed
    of: str | None = None


class Expected(BaseModel):
    """What the rule did last about an incident's group by that time, since the expectation before; and why.

    `of` names the incident, without it is the newest one. `why` maps the name of a reason of the rule, or `match`,
    `unless`, `sources`, `group_by` or `decision`, to texts that must stand in what is told of it. A reason that is
    named beside anything but `nothing` must be there.
    """

    model_config = STRICT

    at: Moment
    outcome: Outcome
    of: str | None = None
    why: Mapping[str, Names] = Field(default_factory=dict, max_length=20)


class Case(BaseModel):
    """A story about one rule, told among all the rules there are. Times count from `start`, a Monday at 8:00 UTC."""

    model_config = STRICT

    name: str = Field(min_length=1, max_length=200)
    rule: str = Field(min_length=1)
    start: Start = _START
    usual: Values = Values()
    """What all its incidents have unless they say something else."""
    incidents: tuple[Given, ...] = Field(min_length=1, max_length=MOST_INCIDENTS)
    people: tuple[Act, ...] = Field((), max_length=100)
    expect: tuple[Expected, ...] = Field(min_length=1, max_length=100)


class CaseFile(BaseModel):
    """One file of rule tests."""

    model_config = STRICT

    version: Literal[1]
    cases: tuple[Case, ...] = Field(min_length=1, max_length=MOST_CASES)
