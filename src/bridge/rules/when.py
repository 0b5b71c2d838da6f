"""The reasons of a rule, as they stand under `when`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from bridge.rules.conditions import STRICT
from bridge.rules.durations import Duration
from bridge.rules.later import NotYet
from bridge.yamlfile import refused

MOST_OCCURRENCES = 1000


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
