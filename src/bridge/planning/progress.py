"""How a project stands against the plan with which it was opened: time, effort, scope, what holds it up and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bridge.planning.forecast import Forecast, forecast, slip, waiting_for
from bridge.planning.schedule import Workdays
from bridge.planning.work import Baseline, PlannedWork, WorkItem, leaves, predecessors

MOST_POINTS = 200
MOST_NAMED = 5
MUCH_MORE = 1.1
"""Effort beyond this share of the estimate is a reason for a delay."""


class Standing(StrEnum):
    """Whether the project keeps its first due date. `at_risk`: not late yet, but by the forecast it will be."""

    ON_TIME = "on_time"
    AT_RISK = "at_risk"
    LATE = "late"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a task is late, as far as figures tell."""

    WAITED = "waited"  # for another one that ended after this was to begin
    NOBODY = "nobody"  # it is nobody's
    EFFORT = "effort"  # it takes more than was estimated
    NOT_STARTED = "not_started"  # it was to have begun
    MOVED = "moved"  # people moved its dates
    SLOW = "slow"  # none of these


@dataclass(frozen=True, slots=True)
class Delay:
    """A task that ended, or by the forecast will end, some business days after it was planned to."""

    item: WorkItem
    days: int
    reason: Reason
    other: str = ""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """An open task for which `waiting` others wait, or (without one) a person with the most work left."""

    item: WorkItem | None
    person: str
    waiting: int
    hours: float


@dataclass(frozen=True, slots=True)
class Burn:
    """Hours of work left day by day, as planned and as it was; `name` is a milestone's, "" the whole project's."""

    name: str
    planned: tuple[tuple[date, float], ...]
    actual: tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True)
class MilestoneStanding:
    """A milestone: when it was planned, when it will be (or was) reached, and what is left until then."""

    name: str
    planned: date | None
    expected: date | None
    open: int
    hours_left: float


@dataclass(frozen=True, slots=True)
class Scope:
    """Tasks and hours: as planned, added since, dropped since (removed or refused), done, open."""

    planned: int
    added: int
    dropped: int
    done: int
    open: int
    hours_planned: float
    hours_added: float
    hours_dropped: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything that a project's report shows. `slip` is in business days, None when no due date is known."""

    standing: Standing
    due: date | None
    expected: date | None
    slip: int | None
    scope: Scope
    hours_now: float
    hours_spent: float
    hours_left: float
    forecast: Forecast
    milestones: tuple[MilestoneStanding, ...]
    burns: tuple[Burn, ...]
    delays: tuple[Delay, ...]
    bottlenecks: tuple[Bottleneck, ...]

    @property
    def done_share(self) -> float | None:
        """How much of the work is done, from 0 to 1."""
        return 1 - self.hours_left / self.hours_now if self.hours_now else None


History = Mapping[str, Sequence[tuple[date, float]]]
"""Hours left on days that were written down, by milestone, "" for the whole project."""


def progress(
    baseline: Baseline | None,
    items: Sequence[WorkItem],
    today: date,
    workdays: Workdays,
    *,
    due: date | None = None,
    delivered: date | None = None,
    history: History | None = None,
) -> Progress:
    """How a project stands today. `due` counts where there is no baseline, `delivered` is when it was handed over.

    Raises NoWorkingDays when the calendar has no day to work on.
    """
    work = leaves(items)
    plan = {task.key: task for task in baseline.tasks} if baseline else {}
    kept = [item for item in work if not item.dropped]
    ahead = forecast(items, today, workdays)
    closed = [item.closed_on for item in kept if item.closed_on and item.closed]
    expected = delivered or ahead.end or max(closed, default=None)
    promised = baseline.due if baseline else due
    return Progress(
        standing=_standing(promised, expected, today, done=delivered is not None or ahead.end is None),
        due=promised,
        expected=expected,
        slip=slip(promised, expected, workdays) if promised and expected else None,
        scope=_scope(plan, items, work),
        hours_now=sum(item.hours for item in kept),
        hours_spent=sum(item.spent for item in items),
        hours_left=sum(item.left for item in kept),
        forecast=ahead,
        milestones=tuple(_milestones(plan, kept, ahead)),
        burns=tuple(_burns(baseline, kept, today, history or {})),
        delays=tuple(_delays(plan, items, ahead, today, workdays)),
        bottlenecks=tuple(_bottlenecks(items, kept, ahead)),
    )


def _standing(due: date | None, expected: date | None, today: date, *, done: bool) -> Standing:
    if due is None or expected is None:
        return Standing.UNKNOWN
    if expected <= due:
        return Standing.ON_TIME
    return Standing.LATE if done or today > due else Standing.AT_RISK


def _scope(plan: Mapping[str, PlannedWork], items: Sequence[WorkItem], work: Sequence[WorkItem]) -> Scope:
    # A planned task that people split is a parent now: its parts are added, and it is not dropped.
    there = {item.key for item in items if item.key and not item.dropped}
    added = [item for item in work if item.key not in plan and not item.dropped]
    dropped = [task for key, task in plan.items() if key not in there]
    return Scope(
        planned=len(plan),
        added=len(added),
        dropped=len(dropped),
        done=sum(item.closed and not item.dropped for item in work),
        open=sum(item.is_open for item in work),
        hours_planned=sum(task.hours for task in plan.values()),
        hours_added=sum(item.hours for item in added),
        hours_dropped=sum(task.hours for task in dropped),
    )


def _milestones(
    plan: Mapping[str, PlannedWork], work: Sequence[WorkItem], ahead: Forecast
) -> Iterator[MilestoneStanding]:
    names = dict.fromkeys([*(t.milestone for t in plan.values()), *(i.milestone for i in work)])
    for name in filter(None, names):
        mine = [item for item in work if item.milestone == name]
        still = [ahead.dates[item.issue_id].due for item in mine if item.issue_id in ahead.dates]
        reached = [item.closed_on for item in mine if item.closed_on and item.closed]
        yield MilestoneStanding(
            name,
            max((task.due for task in plan.values() if task.milestone == name), default=None),
            max(still or reached, default=None),
            len(still),
            sum(item.left for item in mine),
        )


def _burns(baseline: Baseline | None, work: Sequence[WorkItem], today: date, history: History) -> Iterator[Burn]:
    names = {item.milestone for item in work}
    names |= {task.milestone for task in baseline.tasks} if baseline else set()
    for name in ["", *sorted(filter(None, names))]:
        mine = [item for item in work if not name or item.milestone == name]
        planned = [t for t in baseline.tasks if not name or t.milestone == name] if baseline else []
        begun = baseline.made_on if baseline else min((i.created_on for i in mine if i.created_on), default=today)
        yield Burn(name, tuple(_planned(planned, begun)), tuple(_actual(mine, begun, today, history.get(name, ()))))


def _planned(tasks: Sequence[PlannedWork], begun: date) -> Iterator[tuple[date, float]]:
    left = sum(task.hours for task in tasks)
    if tasks:
        yield begun, left
    for day in sorted({task.due for task in tasks}):
        left -= sum(task.hours for task in tasks if task.due == day)
        yield day, max(0.0, left)


def _actual(
    work: Sequence[WorkItem], begun: date, today: date, written: Sequence[tuple[date, float]]
) -> Iterator[tuple[date, float]]:
    """What was written down counts; a day without is reckoned from when tasks were made and closed."""
    known = dict(written)
    days = max(0, (today - begun).days)
    step = days // MOST_POINTS + 1
    for number in range(0, days, step):
        day = begun + timedelta(days=number)
        yield day, known[day] if day in known else sum(item.hours for item in work if _open_on(item, day))
    yield max(begun, today), sum(item.left for item in work)


def _open_on(item: WorkItem, day: date) -> bool:
    made = item.created_on is None or item.created_on <= day
    return made and not (item.closed and (item.closed_on is None or item.closed_on <= day))


def _delays(
    plan: Mapping[str, PlannedWork], items: Sequence[WorkItem], ahead: Forecast, today: date, workdays: Workdays
) -> list[Delay]:
    work, waits = leaves(items), predecessors(items)
    by_id = {item.issue_id: item for item in work}
    found = []
    for item in work:
        planned = plan.get(item.key)
        due = planned.due if planned else item.due
        end = ahead.dates[item.issue_id].due if item.issue_id in ahead.dates else item.closed_on
        if due is None or end is None or item.dropped or end <= due:
            continue
        before = [by_id[one] for one in sorted(waits[item.issue_id])]
        reason, other = _reason(item, planned, before, ahead, today)
        found.append(Delay(item, slip(due, end, workdays), reason, other))
    return sorted(found, key=lambda delay: (-delay.days, delay.item.issue_id))


def _reason(
    item: WorkItem, planned: PlannedWork | None, before: Iterable[WorkItem], ahead: Forecast, today: date
) -> tuple[Reason, str]:
    start = planned.start if planned else item.start
    for other in before:
        end = ahead.dates[other.issue_id].due if other.issue_id in ahead.dates else other.closed_on
        if start and end and end >= start:
            return Reason.WAITED, other.subject
    if item.is_open and not item.assignee:
        return Reason.NOBODY, ""
    if item.spent + item.left > MUCH_MORE * (planned.hours if planned else item.hours):
        return Reason.EFFORT, ""
    if item.is_open and not item.done and not item.spent and start and start < today:
        return Reason.NOT_STARTED, ""
    if planned and item.due and item.due > planned.due:
        return Reason.MOVED, ""
    return Reason.SLOW, ""


def _bottlenecks(items: Sequence[WorkItem], work: Sequence[WorkItem], ahead: Forecast) -> list[Bottleneck]:
    by_id = {item.issue_id: item for item in work}
    waiting = waiting_for(items)
    first = sorted(waiting, key=lambda key: (key not in ahead.critical, -waiting[key], key))[:MOST_NAMED]
    left: dict[str, float] = defaultdict(float)
    for item in work:
        left[item.assignee] += item.left
    busy = sorted((one for one in left.items() if one[1] > 0), key=lambda one: (-one[1], one[0]))[:MOST_NAMED]
    return [
        *(Bottleneck(by_id[key], by_id[key].assignee, waiting[key], by_id[key].left) for key in first),
        *(Bottleneck(None, person, 0, hours) for person, hours in busy),
    ]
