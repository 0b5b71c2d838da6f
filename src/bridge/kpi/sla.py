"""SLA policies: which targets an incident has, when a clock is due, how much of it has run. docs/kpi.md has the words.

A clock runs in working time of its calendar, from its start to its stop, but for pauses. Due forward and elapsed
backward are inverse: at the due moment exactly the target has elapsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import CalendarSpec, Span

AROUND_THE_CLOCK = "around-the-clock"
OF_TEAM = "team"
Pause = tuple[datetime, datetime | None]
_NOTHING = timedelta(0)


class Clock(StrEnum):
    """What has a target: how long until somebody took an incident up, or until it was resolved."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


class Start(StrEnum):
    """When the resolution clock starts. The response clock starts when the incident is opened."""

    OPENED = "opened"
    RESPONDED = "responded"


class Stop(StrEnum):
    """When the resolution clock stops: at the resolution of the report's basis, or at leaving the open states for good.

    The response clock stops when somebody takes the incident up.
    """

    RESOLVED = "resolved"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Match:
    """Which incidents a policy is for: any where a part is empty. Compared without regard to case."""

    sources: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    priorities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. `response` and `resolution` are targets by priority, 0 for every other one.

    `calendar` is AROUND_THE_CLOCK, OF_TEAM or a name in the directory. `pauses` are the hold reasons that stop the
    clock, None: every hold does, empty: none.
    """

    id: str
    match: Match = Match()
    response: Mapping[int, timedelta] = field(default_factory=dict)
    resolution: Mapping[int, timedelta] = field(default_factory=dict)
    calendar: str = AROUND_THE_CLOCK
    start: Start = Start.OPENED
    stop: Stop = Stop.RESOLVED
    pauses: frozenset[str] | None = None

    def target(self, clock: Clock, priority: int | None) -> timedelta | None:
        """The target for incidents of a priority, None: there is none."""
        table = self.response if clock is Clock.RESPONSE else self.resolution
        return table.get(priority or 0, table.get(0))

    def pauses_for(self, reason: str) -> bool:
        """Whether a hold for this reason stops the clock."""
        return self.pauses is None or reason.casefold() in self.pauses


Calendars = Callable[[Policy, str, str], BusinessCalendar]
"""The calendar of a policy for a source's team: the policy, the source, the team there."""


def around_the_clock() -> BusinessCalendar:
    """Every hour counts."""
    return BusinessCalendar(CalendarSpec(AROUND_THE_CLOCK, "UTC", ((Span(0, 24 * 60),),) * 7))


def elapsed(calendar: BusinessCalendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
    """The working time of a clock between two moments without its pauses, which may touch and overlap."""
    total = calendar.elapsed(start, end)
    for begin, finish in joined(pauses):
        low, high = max(begin, start), end if finish is None else min(finish, end)
        if low < high:
            total -= calendar.elapsed(low, high)
    return timedelta(seconds=total)


def due(
    calendar: BusinessCalendar, start: datetime, target: timedelta, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """When a clock that started then has run for its target; None while a pause that lasts keeps it from that."""
    left, at = target, start
    for begin, finish in joined(pauses):
        if begin > at:
            worked = timedelta(seconds=calendar.elapsed(at, begin))
            if worked >= left:
                break
            left -= worked
        if finish is None:
            return None
        at = max(at, finish)
    return calendar.due(at, left.total_seconds())


def joined(pauses: Sequence[Pause]) -> list[Pause]:
    """Intervals in order, overlapping and touching ones made one."""
    made: list[Pause] = []
    for begin, finish in sorted(pauses, key=lambda one: one[0]):
        if made and (made[-1][1] is None or begin <= made[-1][1]):
            first, last = made[-1]
            made[-1] = (first, None if last is None or finish is None else max(last, finish))
        else:
            made.append((begin, finish))
    return made
