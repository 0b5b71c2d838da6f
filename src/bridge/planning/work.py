"""A project's work as it was planned and as it stands: what reports and forecasts are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bridge.planning.plan import Plan

USUAL_HOURS = 8.0
"""What a task without an estimate is taken for."""


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """A task of the plan as it was made. `hours` is its estimate, `milestone` the title of its milestone, "" none."""

    key: str
    subject: str
    start: date
    due: date
    hours: float
    milestone: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The plan as it was made when the project was opened; it never changes. Only tasks that are worked on."""

    made_on: date
    due: date
    tasks: tuple[PlannedWork, ...]

    @property
    def hours(self) -> float:
        """The sum of the estimates."""
        return sum(task.hours for task in self.tasks)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A task as it stands. `key` is the planned task's, "" for one that people added.

    `estimate` and `spent` in hours, `done` from 0 to 1, `after` the ids of tasks that must be done first. A `dropped`
    one was refused: nobody works on it.
    """

    issue_id: int
    subject: str
    key: str = ""
    start: date | None = None
    due: date | None = None
    estimate: float | None = None
    spent: float = 0.0
    done: float = 0.0
    closed: bool = False
    dropped: bool = False
    created_on: date | None = None
    closed_on: date | None = None
    assignee: str = ""
    milestone: str = ""
    parent_id: int | None = None
    after: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is work left."""
        return not self.closed and not self.dropped

    @property
    def hours(self) -> float:
        """How much work it is, as estimated."""
        return USUAL_HOURS if self.estimate is None else self.estimate

    @property
    def left(self) -> float:
        """Hours that are left, as estimated."""
        return self.hours * (1 - self.done) if self.is_open else 0.0


def baseline(plan: Plan, made_on: date) -> Baseline:
    """A plan to be compared with later: the tasks that are worked on, without those that stand for others."""
    titles = {milestone.key: milestone.title for milestone in plan.milestones}
    tasks = (
        PlannedWork(one.key, one.title, one.start, one.due, one.estimate_hours, titles.get(one.milestone, ""))
        for one in plan.tasks
        if one.estimate_hours is not None
    )
    return Baseline(made_on, plan.due, tuple(tasks))


def leaves(items: Sequence[WorkItem]) -> list[WorkItem]:
    """The tasks that are worked on: those that are no other's parent."""
    parents = {item.parent_id for item in items}
    return [item for item in items if item.issue_id not in parents]


def waits_for(after: Mapping[int, Iterable[int]], parents: Mapping[int, int | None]) -> dict[int, frozenset[int]]:
    """What each task that is no other's parent waits for, in such tasks: also what those above it wait for.

    `after` has the relations of every issue, `parents` what each stands below. A parent stands for the tasks below it.
    """
    above = {key: _with_those_above(key, parents) for key in parents if key not in parents.values()}
    below: dict[int, set[int]] = {}
    for key, line in above.items():
        for one in line:
            below.setdefault(one, set()).add(key)
    return {
        key: frozenset(
            leaf
            for one in line
            for before in after.get(one, ())
            if before not in line
            for leaf in below.get(before, ())
        )
        for key, line in above.items()
    }


def predecessors(items: Iterable[WorkItem]) -> dict[int, frozenset[int]]:
    """The same of work items, by issue."""
    each = list(items)
    return waits_for({item.issue_id: item.after for item in each}, {item.issue_id: item.parent_id for item in each})


def _with_those_above(key: int, parents: Mapping[int, int | None]) -> list[int]:
    line: list[int] = []
    at: int | None = key
    while at is not None and at not in line:
        line.append(at)
        at = parents.get(at)
    return line


def pace(items: Iterable[WorkItem], least: int = 3) -> float:
    """How many hours an estimated one takes here, from finished tasks; 1 below `least` of them, within 0.5 and 3."""
    done = [item for item in items if item.closed and not item.dropped and item.estimate and item.spent]
    if len(done) < least:
        return 1.0
    return min(3.0, max(0.5, sum(item.spent for item in done) / sum(item.hours for item in done)))
