"""The reasons of a rule, as they stand under `when`.

A schedule is a reason by itself: work that comes round, whatever incidents there are.
Reasons about one incident (some incident of the group alone is the reason): open_for, on_hold_for, reopened,
reassigned. Reasons about the group (its incidents taken together): recurs, affected, effort, breached, rate.
All windows are closed, exact to the microsecond, and end with the group's newest incident.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bridge.rules.conditions import STRICT
from bridge.rules.durations import Duration, parse_duration
from bridge.rules.fields import ANY_OWN_FIELD, GROUPABLE, field
from bridge.rules.schedule import Schedule
from bridge.rules.sla import SlaClock
from bridge.yamlfile import did_you_mean, refused

MOST_OCCURRENCES = 1000
MONTH = timedelta(days=30)
_TIMES = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)\s*x\Z")

Count = Annotated[int, Field(ge=1, le=MOST_OCCURRENCES, strict=True)]


def _countable(name: object) -> object:
    """A field that incidents can be told apart by."""
    if not isinstance(name, str):
        return name
    if name not in GROUPABLE and (field(name) is None or "." not in name):
        raise refused(
            f"incidents cannot be told apart by “{name[:60]}”",
            did_you_mean(name, [*GROUPABLE, ANY_OWN_FIELD], "possible are"),
        )
    return name


def _worked(text: object) -> timedelta:
    if isinstance(text, str) and text.strip()[-1:] in {"d", "w"}:
        raise refused(f"“{text[:40]}” is no effort: days of work are of many lengths", "write hours, for example 16h")
    return parse_duration(text)


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)}m"


def _multiple(text: object) -> Fraction:
    """`3x` or `2.5x`. Raises PydanticCustomError."""
    if isinstance(text, Fraction):
        return text
    match = _TIMES.match(text.strip()) if isinstance(text, str) else None
    if match is None or Fraction(match[1]) <= 1:
        raise refused("must be a multiple of the usual rate, more than 1x", "right would be 3x or 2.5x")
    return Fraction(match[1])


WorkTime = Annotated[
    timedelta,
    BeforeValidator(_worked),
    PlainSerializer(_minutes, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\s*[mh]$", "examples": ["16h"]}),
]
"""Hours worked, in a model."""

Multiple = Annotated[
    Fraction,
    BeforeValidator(_multiple),
    PlainSerializer(lambda value: f"{float(value):g}x", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*x$", "examples": ["3x", "2.5x"]}),
]
"""How many times the usual rate, in a model."""


class Recurs(BaseModel):
    """At least so many incidents of the group were opened within a length of time.

    With `distinct` they count once per value of that field, and not at all without one: at least so many values.
    """

    model_config = STRICT

    at_least: Count
    within: Duration
    distinct: Annotated[str, BeforeValidator(_countable)] | None = None


class OpenFor(BaseModel):
    """An incident of the group is open for longer than a length of time.

    With `calendar` (a calendar of the directory) only its working time counts, so that 24h are three days of 8 hours.
    """

    model_config = STRICT

    longer_than: Duration
    calendar: str | None = Field(None, min_length=1)


class OnHoldFor(BaseModel):
    """An incident of the group is on hold, without a break, for longer than a length of time."""

    model_config = STRICT

    longer_than: Duration


class CameBack(BaseModel):
    """An incident of the group was reopened, or given to another team, so many times in its life.

    It must be open, or have changed within the length of time: what happened long ago is no reason for work now.
    """

    model_config = STRICT

    at_least: Count
    within: Duration = MONTH


class Effort(BaseModel):
    """The incidents of the group that were opened within a length of time together cost so many worked hours."""

    model_config = STRICT

    at_least: WorkTime
    within: Duration = MONTH


class Breached(BaseModel):
    """So many incidents of the group, opened within a length of time, broke an SLA clock."""

    model_config = STRICT

    clock: SlaClock
    times: Count = 1
    within: Duration = MONTH


class Rate(BaseModel):
    """Incidents of the group are opened more than so many times as often as usual.

    The number opened `within` a length of time is compared with that of the `baseline` just before it, in proportion
    to their lengths. A group without incidents in its baseline has only `at_least` to reach.
    """

    model_config = STRICT

    above: Multiple
    baseline: Duration = timedelta(days=90)
    at_least: Count
    within: Duration = timedelta(days=7)

    @model_validator(mode="after")
    def _longer(self) -> Self:
        if self.baseline < self.within:
            raise refused("the baseline is shorter than the stretch compared with it", "write a longer baseline")
        return self


class Concerned(StrEnum):
    """Who or what incidents affect."""

    CALLER = "caller"
    LOCATION = "location"
    CI = "ci"


class Affected(BaseModel):
    """So many different callers, locations or CIs had an incident of the group within a length of time."""

    model_config = STRICT

    at_least: Count
    distinct: Concerned = Concerned.CALLER
    within: Duration

    @property
    def field(self) -> str:
        """The field of an incident that tells them apart."""
        return "site" if self.distinct is Concerned.LOCATION else self.distinct.value


REASONS = (
    *("recurs", "open_for", "on_hold_for", "reopened", "reassigned", "effort", "breached", "rate", "affected"),
    "schedule",
)


class Trigger(BaseModel):
    """One reason to promote a group."""

    model_config = STRICT

    recurs: Recurs | None = None
    open_for: OpenFor | None = None
    on_hold_for: OnHoldFor | None = None
    reopened: CameBack | None = None
    reassigned: CameBack | None = None
    effort: Effort | None = None
    breached: Breached | None = None
    rate: Rate | None = None
    affected: Affected | None = None
    schedule: Schedule | None = None

    @field_validator(*REASONS, mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise refused("is empty", "for example recurs: {at_least: 5, within: 14d}")
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in REASONS) != 1:
            raise refused(f"must be exactly one of {', '.join(REASONS[:-1])} and {REASONS[-1]}")
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
        if len(self.triggers) > 1 and any(one.schedule for one in self.triggers):
            raise refused("a schedule is a reason of its own", "make it a rule of its own")
        return self

    @property
    def schedule(self) -> Schedule | None:
        """When work comes round by itself; None for a rule about incidents."""
        return self.triggers[0].schedule

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The reasons in the order of the file."""
        return self.any_of or self.all_of or ()
