"""What the settings file may say about clocks that run out, and about projects that need a word."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bridge.rules.durations import parse_duration
from bridge.usecases.telling.policy import EscalationPolicy, ReminderPolicy
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)
Level = Annotated[int, Field(ge=1, le=5)]
NO_DELAY = "0m"


def _delay(text: object) -> timedelta:
    return timedelta(0) if text == NO_DELAY else parse_duration(text)


def _upwards(delays: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    if list(delays) != sorted(delays):
        raise refused("is not in order", "write the shortest delay first")
    return delays


Delay = Annotated[timedelta, BeforeValidator(_delay)]
"""A length of time, or 0m."""
Delays = Annotated[tuple[Delay, ...], AfterValidator(_upwards)]


class EscalationSettings(BaseModel):
    """Who escalates a clock that runs out: the source (we only show it), or the bridge.

    `after` are the delays behind the due time by priority: the first is for whoever has the incident, the next ones for
    each lead further up. `other` stands for priorities that are not named.
    """

    model_config = STRICT

    response: Literal["by_source", "by_bridge"] = "by_source"
    resolution: Literal["by_source", "by_bridge"] = "by_source"
    after: dict[Level, Delays] = Field(default_factory=dict)
    other: Delays = (timedelta(0), timedelta(hours=1), timedelta(hours=4))

    def policy(self) -> EscalationPolicy:
        """The same in the use cases' words."""
        clocks = {"response": self.response, "resolution": self.resolution}
        return EscalationPolicy(
            clocks=frozenset(name for name, by in clocks.items() if by == "by_bridge"),
            after=self.after,
            other=self.other,
        )


class ReminderSettings(BaseModel):
    """When people are reminded of projects: business days before and after a due date, and without an update.

    `horizon_days` are the business days ahead in which resource conflicts are looked for. Off unless `on`.
    """

    model_config = STRICT

    on: bool = False
    due: tuple[Annotated[int, Field(ge=0, le=60)], ...] = (3, 1)
    overdue: tuple[Annotated[int, Field(ge=1, le=60)], ...] = (1, 3)
    silent_days: int = Field(3, ge=1, le=60)
    horizon_days: int = Field(20, ge=1, le=120)

    def policy(self) -> ReminderPolicy:
        """The same in the use cases' words."""
        return ReminderPolicy(
            on=self.on,
            due=self.due,
            overdue=self.overdue,
            silent_days=self.silent_days,
            horizon_days=self.horizon_days,
        )
