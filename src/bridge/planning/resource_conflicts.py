"""Who has more work than hours: tasks that must be done within the same days, and what those days hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MOST_PROPOSALS = 3
_MORE_DAYS = 60
_HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Load:
    """An open task of somebody. `hours` are what is left of its estimate, `start` and `due` the days it may take.

    `rank` orders by urgency: the greater, the sooner it may wait. `owner` is whose project it is.
    """

    issue_id: int
    subject: str
    project: str
    who: str
    start: date
    due: date
    hours: float
    rank: int = 0
    owner: str = ""


Capacity = Callable[[str, date], float]
"""The hours that somebody has on a day for projects: the calendar's without what incidents take."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way out: `move` a task to another due day, `give` it to somebody with the hours, `free` or `cut`.

    To free is to keep hours clear of incidents, to cut is to do less.

    `hours` are the task's, or those to be freed or cut.
    """

    kind: str
    hours: float
    issue_id: int | None = None
    day: date | None = None
    who: str = ""


@dataclass(frozen=True, slots=True)
class ResourceConflict:
    """Tasks that all lie within [start, end] and need more hours than there are in those days; the worst such span."""

    who: str
    start: date
    end: date
    hours: float
    capacity: float
    tasks: tuple[Load, ...]
    proposals: tuple[Proposal, ...] = ()


def conflicts(
    loads: Iterable[Load],
    capacity: Capacity,
    today: date,
    until: date,
    colleagues: Mapping[str, Sequence[str]],
    freed: Callable[[str, date, date], float],
) -> list[ResourceConflict]:
    """The worst conflict of each person or resource who has one, the greatest lack of hours first.

    Two tasks at least; work is looked at from `today` on, and a task that is overdue may take until `until`. What is
    due after `until` counts for no conflict. `colleagues` are those to whom work may be given, `freed` tells how many
    hours of somebody's days incidents take.
    """
    by_person: dict[str, list[Load]] = defaultdict(list)
    for load in loads:
        if load.hours > 0:
            by_person[load.who].append(load)
    found = []
    for who, mine in sorted(by_person.items()):
        worst = _worst(mine, who, capacity, today, until)
        if worst is None:
            continue
        ways = _proposals(worst, mine, by_person, capacity, today, until, colleagues.get(who, ()), freed)
        found.append(
            ResourceConflict(
                worst.who, worst.start, worst.end, worst.hours, worst.capacity, worst.tasks, ways[:MOST_PROPOSALS]
            )
        )
    return sorted(found, key=lambda one: (one.capacity - one.hours, one.who))


def _worst(loads: Sequence[Load], who: str, capacity: Capacity, today: date, until: date) -> ResourceConflict | None:
    """The span with the greatest lack; the shortest of several.

    Work that can be interrupted fits if and only if no span holds more of it than hours, and only spans from a start
    to an end of a task need to be looked at.
    """
    spans = [(*_span(load, today, until), load) for load in loads]
    spans = [(start, end, load) for start, end, load in spans if end <= until]
    hours = _hours(who, capacity, today, until)
    found: ResourceConflict | None = None
    best = (-_HAIR, 0)
    for start in sorted({start for start, _, _ in spans}):
        for end in sorted({end for _, end, _ in spans if end >= start}):
            inside = [load for first, last, load in spans if start <= first and last <= end]
            if len(inside) < 2:
                continue
            needed, there = sum(load.hours for load in inside), hours(start, end)
            lack = (there - needed, (end - start).days)
            if lack < best:
                best = lack
                tasks = tuple(sorted(inside, key=lambda load: (load.due, load.issue_id)))
                found = ResourceConflict(who, start, end, needed, there, tasks)
    return found


def _span(load: Load, today: date, until: date) -> tuple[date, date]:
    """The days that are left for a task."""
    start = max(load.start, today)
    return (min(start, until), until) if load.due < today else (min(start, load.due), load.due)


def _hours(who: str, capacity: Capacity, today: date, until: date) -> Callable[[date, date], float]:
    """The hours between two days, both included; reckoned once."""
    sums, day, total = {today - timedelta(days=1): 0.0}, today, 0.0
    while day <= until:
        total += max(0.0, capacity(who, day))
        sums[day] = total
        day += timedelta(days=1)
    return lambda start, end: sums[end] - sums[start - timedelta(days=1)]


def _proposals(
    found: ResourceConflict,
    mine: Sequence[Load],
    everybody: Mapping[str, Sequence[Load]],
    capacity: Capacity,
    today: date,
    until: date,
    colleagues: Sequence[str],
    freed: Callable[[str, date, date], float],
) -> tuple[Proposal, ...]:
    lack = found.hours - found.capacity
    ways = [_moved(found, mine, capacity, today), _given(found, everybody, capacity, today, until, colleagues)]
    taken = freed(found.who, found.start, found.end)
    if taken >= lack - _HAIR:
        ways.append(Proposal("free", round(lack, 1)))
    elif taken < _HAIR:
        ways.append(Proposal("cut", round(lack, 1)))
    return tuple(way for way in ways if way is not None)


def _moved(found: ResourceConflict, mine: Sequence[Load], capacity: Capacity, today: date) -> Proposal | None:
    """The least urgent task that helps, with the first later day on which nothing lacks any more."""
    lack = found.hours - found.capacity
    enough = [load for load in found.tasks if load.hours >= lack - _HAIR]
    latest = max(load.due for load in found.tasks)
    for load in sorted(enough, key=lambda one: (-one.rank, -one.due.toordinal(), one.hours)):
        rest = [one for one in mine if one.issue_id != load.issue_id]
        for days in range(1, _MORE_DAYS):
            day = max(latest, today) + timedelta(days=days)
            if not capacity(found.who, day):
                continue
            later = Load(load.issue_id, load.subject, load.project, load.who, load.start, day, load.hours)
            if _worst([*rest, later], found.who, capacity, today, day) is None:
                return Proposal("move", load.hours, load.issue_id, day)
    return None


def _given(
    found: ResourceConflict,
    everybody: Mapping[str, Sequence[Load]],
    capacity: Capacity,
    today: date,
    until: date,
    colleagues: Sequence[str],
) -> Proposal | None:
    """The smallest task that helps, and the colleague who has the most hours left with it and no conflict."""
    lack = found.hours - found.capacity
    for load in sorted(found.tasks, key=lambda one: (one.hours, one.issue_id)):
        if load.hours < lack - _HAIR:
            continue
        able = []
        for other in colleagues:
            theirs = [*everybody.get(other, ()), load]
            hours = _hours(other, capacity, today, until)
            start, end = _span(load, today, until)
            spare = hours(start, end) - sum(one.hours for one in theirs if one.due <= end)
            if spare >= -_HAIR and _worst(theirs, other, capacity, today, until) is None:
                able.append((spare, other))
        if able:
            return Proposal("give", load.hours, load.issue_id, who=max(able)[1])
    return None
