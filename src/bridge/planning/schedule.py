"""Start and due dates for a work breakdown, over a working calendar and in whole days as Redmine keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from graphlib import TopologicalSorter
from itertools import islice

from bridge.calendar.business import BusinessCalendar
from bridge.planning.template import WbsTask, leaves, numbered, predecessors
from bridge.planning.tracker_days import follower_starts

# A calendar that has no working day for both sides within two years cannot carry a plan.
_SEARCHED_DAYS = 730


@dataclass(frozen=True, slots=True)
class Dates:
    """First and last day of a task, both included."""

    start: date
    due: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """The dates of every task by key; a parent's come from its children.

    `critical` holds the keys of the leaves without slack, in order of their start.
    """

    dates: Mapping[str, Dates]
    critical: tuple[str, ...]
    start: date
    due: date


class NoWorkingDays(Exception):  # noqa: N818 - named by what it says
    """The calendar and Redmine have no working day in common."""


@dataclass(frozen=True, slots=True)
class Workdays:
    """The days that count for a plan: business days of the calendar that Redmine counts as working too."""

    calendar: BusinessCalendar
    free: frozenset[int]

    def counts(self, day: date) -> bool:
        """True when work can be planned on the day."""
        return day.weekday() not in self.free and self.calendar.is_business_day(day)

    def first(self, start: datetime | date) -> tuple[date, float]:
        """The first day with working time left at or after a moment or day, and the hours left on it."""
        moment = start if isinstance(start, datetime) else None
        day = self.calendar.day_of(moment) if moment else start
        for _ in range(_SEARCHED_DAYS):
            if self.counts(day):
                left = self.calendar.hours_on(day)
                if moment:
                    left = min(left, self.calendar.elapsed(moment, self.calendar.end_of_day(day)) / 3600)
                if left > 0:
                    return day, left
            day += timedelta(days=1)
        raise NoWorkingDays

    def after(self, due: date) -> tuple[date, int]:
        """The first day on which a follower can start, and the delay of the relation that keeps it there."""
        for day, delay in islice(follower_starts(due, self.free), _SEARCHED_DAYS):
            if self.counts(day):
                return day, delay
        raise NoWorkingDays

    def delay(self, due: date, start: date) -> int:
        """The delay of a relation that lets a follower start on `start`, a day that counts, and not before.

        Raises NoWorkingDays when that is too far away.
        """
        for day, delay in islice(follower_starts(due, self.free), _SEARCHED_DAYS):
            if day >= start:
                return delay
        raise NoWorkingDays

    def last(self, day: date, hours_left: float, estimate: float) -> date:
        """The day on which an estimate (hours) is worked off that begins on `day` with some hours left."""
        remaining, idle = estimate - hours_left, 0
        while remaining > 0:
            day += timedelta(days=1)
            idle += 1
            if self.counts(day):
                remaining -= self.calendar.hours_on(day)
                idle = 0
            if idle > _SEARCHED_DAYS:
                raise NoWorkingDays
        return day


def schedule(tasks: tuple[WbsTask, ...], start: datetime | date, workdays: Workdays) -> Schedule:
    """Dates for tasks that begin as early as they can: the first ones now, followers on the next working day.

    The tasks must be free of cycles. Raises NoWorkingDays when there is no day to plan on.
    """
    by_key = {entry.task.key: entry.task for entry in numbered(tasks)}
    before = predecessors(tasks)
    first_day, hours_left = workdays.first(start)
    found: dict[str, Dates] = {}
    for key in TopologicalSorter(before).static_order():
        day, left = first_day, hours_left
        if before[key]:
            day = max(workdays.after(found[other].due)[0] for other in before[key])
            left = workdays.calendar.hours_on(day)
        found[key] = Dates(day, workdays.last(day, left, by_key[key].estimate))
    critical = _critical(before, found, workdays)
    for task in by_key.values():
        below = [found[leaf.key] for leaf in leaves(task)]
        found[task.key] = Dates(min(dates.start for dates in below), max(dates.due for dates in below))
    begin = min((dates.start for dates in found.values()), default=first_day)
    end = max((dates.due for dates in found.values()), default=first_day)
    return Schedule(found, critical, begin, end)


def _critical(before: Mapping[str, frozenset[str]], dates: Mapping[str, Dates], workdays: Workdays) -> tuple[str, ...]:
    """Every leaf from which the plan's end can be reached without a day to spare."""
    end = max((entry.due for entry in dates.values()), default=None)
    waiting = [key for key in before if dates[key].due == end]
    critical: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in critical:
            continue
        critical.add(key)
        waiting += [other for other in before[key] if workdays.after(dates[other].due)[0] == dates[key].start]
    return tuple(sorted((key for key in before if key in critical), key=lambda key: (dates[key].start, dates[key].due)))
