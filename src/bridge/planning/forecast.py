"""When a project will be done if it goes on as it does, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter

from bridge.planning.experience import business_days
from bridge.planning.schedule import Dates, Workdays
from bridge.planning.work import WorkItem, leaves, pace, predecessors


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days of all tasks that are open, by issue; `critical` are those without a day to spare.

    `end` is the last of them, None when nothing is open. `pace` is how many hours an estimated one takes.
    """

    dates: Mapping[int, Dates]
    end: date | None
    critical: frozenset[int]
    pace: float


def forecast(items: Sequence[WorkItem], today: date, workdays: Workdays) -> Forecast:
    """Every open task as early as it can be: from today, its own start or after those it waits for.

    Work takes what is left of its estimate at the project's own pace. Tasks that wait for each other in a circle are
    taken as if they did not. Raises NoWorkingDays when there is no day to work on.
    """
    by_id = {item.issue_id: item for item in leaves(items) if item.is_open}
    waits = predecessors(items)
    before = _without_circles({key: {one for one in waits[key] if one in by_id} for key in by_id})
    factor = pace(items)
    found: dict[int, Dates] = {}
    for key in TopologicalSorter(before).static_order():
        item = by_id[key]
        earliest = max([today, item.start or today, *(workdays.after(found[one].due)[0] for one in before[key])])
        day, hours = workdays.first(earliest)
        found[key] = Dates(day, workdays.last(day, hours, item.left * factor))
    end = max((dates.due for dates in found.values()), default=None)
    return Forecast(found, end, _critical(before, found, end, workdays), factor)


def slip(planned: date, now: date, workdays: Workdays) -> int:
    """Business days from one day to another; less than 0 when it is earlier."""
    calendar = workdays.calendar
    return business_days(planned, now, calendar) if now >= planned else -business_days(now, planned, calendar)


def waiting_for(items: Sequence[WorkItem]) -> dict[int, int]:
    """How many open tasks wait for each open one, directly or not; those that none waits for are left out."""
    by_id = {item.issue_id: item for item in leaves(items) if item.is_open}
    followers: dict[int, set[int]] = {}
    waits = predecessors(items)
    for key in by_id:
        for one in waits[key]:
            followers.setdefault(one, set()).add(key)
    found: dict[int, int] = {}
    for key in by_id:
        seen: set[int] = set()
        waiting = [key]
        while waiting:
            more = followers.get(waiting.pop(), set()) - seen
            seen |= more
            waiting += more
        if seen - {key}:
            found[key] = len(seen - {key})
    return found


def _without_circles(before: dict[int, set[int]]) -> dict[int, set[int]]:
    while True:
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            for one, other in zip(error.args[1], error.args[1][1:], strict=False):
                before[other].discard(one)
        else:
            return before


def _critical(
    before: Mapping[int, set[int]], dates: Mapping[int, Dates], end: date | None, workdays: Workdays
) -> frozenset[int]:
    waiting = [key for key in dates if dates[key].due == end]
    critical: set[int] = set()
    while waiting:
        key = waiting.pop()
        critical.add(key)
        waiting += [
            one for one in before[key] if one not in critical and workdays.after(dates[one].due)[0] >= dates[key].start
        ]
    return frozenset(critical)
