"""Work breakdown templates as data, and what can be wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from bridge.planning.gates import Gate

HOURS_PER_DAY = 8
_ESTIMATE = re.compile(r"(-?)(\d+(?:\.\d+)?)\s*([hdw])")
_HOURS = {"h": 1, "d": HOURS_PER_DAY, "w": 5 * HOURS_PER_DAY}


@dataclass(frozen=True, slots=True)
class WbsTask:
    """A task of a template. `estimate` is in working hours; `after` holds the keys of tasks that must be done first.

    A task with `children` stands for them: it has no estimate of its own, and `after` holds for all of them.
    """

    key: str
    title: str
    role: str = ""
    estimate: float = 0.0
    priority: str = ""
    after: tuple[str, ...] = ()
    children: tuple[WbsTask, ...] = ()
    description: str = ""
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point to be reached: when all its `tasks` (keys, children included) are done."""

    key: str
    title: str
    description: str = ""
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WbsTemplate:
    """A work breakdown. `roles` maps each role to the person or team that fills it; empty: the rule says who."""

    name: str
    title: str
    tasks: tuple[WbsTask, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    milestones: tuple[Milestone, ...] = ()

    @property
    def task_roles(self) -> tuple[str, ...]:
        """Every role that a task has, in the order of the tasks."""
        return tuple(dict.fromkeys(entry.task.role for entry in numbered(self.tasks) if entry.task.role))

    @property
    def all_roles(self) -> tuple[str, ...]:
        """Every role that somebody may be named for: those of the tasks, then those that the file lists."""
        return tuple(dict.fromkeys([*self.task_roles, *self.roles]))

    @property
    def opens_change(self) -> bool:
        """Whether a gate of it insists that the bridge opens its change request."""
        return any(entry.task.gate is not None and entry.task.gate.open for entry in numbered(self.tasks))


@dataclass(frozen=True, slots=True)
class Numbered:
    """A task with its place in the breakdown: `number` is 1, 1.1 …, `parent` the parent's key or empty."""

    number: str
    parent: str
    task: WbsTask


def parse_estimate(text: str) -> float:
    """The working hours of `4h`, `2d` (8 hours each) or `1w` (5 days). Raises ValueError."""
    match = _ESTIMATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"“{text}” is not an estimate; right would be 4h, 2d (8 working hours each) or 1w (5 days)")
    if match[1]:
        raise ValueError(f"“{text}” is less than nothing; an estimate is 0h or more")
    return float(match[2]) * _HOURS[match[3]]


def numbered(tasks: tuple[WbsTask, ...], parent: str = "", prefix: str = "") -> Iterator[Numbered]:
    """All tasks with their numbers, parents before their children."""
    for position, task in enumerate(tasks, start=1):
        number = f"{prefix}{position}"
        yield Numbered(number, parent, task)
        yield from numbered(task.children, task.key, f"{number}.")


def leaves(task: WbsTask) -> Iterator[WbsTask]:
    """The tasks below a task that are worked on; itself when it has no children."""
    if not task.children:
        yield task
    for child in task.children:
        yield from leaves(child)


def predecessors(tasks: tuple[WbsTask, ...]) -> dict[str, frozenset[str]]:
    """For every leaf the leaves that must be done before it, its parents' predecessors and its gates included.

    Names in `after` and `blocks` that no task has are left out.
    """
    by_key = {entry.task.key: entry.task for entry in numbered(tasks)}
    gates = blocked_by(tasks)
    found: dict[str, frozenset[str]] = {}

    def walk(task: WbsTask, inherited: frozenset[str]) -> None:
        before = inherited.union(leaf.key for key in task.after if key in by_key for leaf in leaves(by_key[key]))
        if not task.children:
            found[task.key] = before | gates.get(task.key, frozenset())
        for child in task.children:
            walk(child, before)

    for task in tasks:
        walk(task, frozenset())
    return found


def blocked_by(tasks: tuple[WbsTask, ...]) -> dict[str, frozenset[str]]:
    """For every leaf that a gate blocks the keys of those gates."""
    by_key = {entry.task.key: entry.task for entry in numbered(tasks)}
    found: dict[str, frozenset[str]] = {}
    for task in by_key.values():
        for key in task.gate.blocks if task.gate else ():
            for leaf in leaves(by_key[key]) if key in by_key else ():
                if leaf is not task:
                    found[leaf.key] = found.get(leaf.key, frozenset()) | {task.key}
    return found


def find_cycle(tasks: tuple[WbsTask, ...]) -> tuple[str, ...]:
    """The keys of tasks that wait for each other, each for the next, the first again at the end; empty when none do.

    It begins with the task that stands first in the template.
    """
    graph = {key: sorted(before) for key, before in predecessors(tasks).items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # graphlib names the nodes so that each is waited for by the next: reversed, each waits for the next.
        circle = list(reversed(error.args[1]))[:-1]
        first = circle.index(next(key for key in graph if key in circle))
        return (*circle[first:], *circle[: first + 1])
    return ()
