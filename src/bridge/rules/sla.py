"""When an incident's clocks are broken: by the source's own word, else by a simple target per priority.

Full SLA policies take the place of `breach` without touching the reasons: those only see the moment it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

NO_TARGETS: Mapping[int, timedelta] = MappingProxyType({})


class SlaClock(StrEnum):
    """What is measured: how long until somebody took the incident up, or until it was resolved."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class SlaTargets:
    """How long each clock may run, by priority 1 … 5; elapsed time, on hold included. Without a target none breaks."""

    response: Mapping[int, timedelta] = field(default_factory=lambda: NO_TARGETS)
    resolution: Mapping[int, timedelta] = field(default_factory=lambda: NO_TARGETS)

    def of(self, clock: SlaClock, priority: int | None) -> timedelta | None:
        """The target of a clock for incidents of a priority."""
        table = self.response if clock is SlaClock.RESPONSE else self.resolution
        return None if priority is None else table.get(priority)

    @property
    def shortest(self) -> timedelta | None:
        """The shortest of all targets."""
        return min((*self.response.values(), *self.resolution.values()), default=None)


def breach(
    verdict: bool | None, opened_at: datetime, ended_at: datetime | None, target: timedelta | None
) -> datetime | None:
    """The moment at which a clock was broken, or will be when nobody stops it; None when it never is.

    `verdict` is the source's own word on it and wins, None when it says nothing; it tells no moment, so that of the
    opening stands for it. `ended_at` is when the clock stopped, None while it runs. Met exactly on time is met.
    """
    if verdict is not None:
        return opened_at if verdict else None
    if target is None:
        return None
    try:
        due = opened_at + target
    except OverflowError:
        return None
    return None if ended_at is not None and ended_at <= due else due
