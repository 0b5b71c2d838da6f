"""A template becomes a plan: tasks with dates in the order of their creation, and relations that move nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import WEEKDAYS, CalendarSpec, Span
from bridge.directory.directory import NOBODY_LOCKED, Directory, Person
from bridge.model.errors import Problem
from bridge.planning.gates import Gate
from bridge.planning.schedule import NoWorkingDays, Schedule, Workdays, schedule
from bridge.planning.template import Numbered, WbsTemplate, blocked_by, numbered, predecessors
from bridge.planning.tracker_days import WEEKEND

OWNER_ROLE = "owner"
_NAME_SOMEBODY = "name somebody under `roles` of the template, or of the rule's `project`"


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task to be created.

    `key` is unique in the plan, `parent` the parent's key or empty, `number` the place in the breakdown (1, 1.1 …).
    `estimate_hours` is None on parents. `critical` marks tasks whose delay delays the plan. `milestone` is the key of
    the milestone that the task belongs to, the first of several.
    """

    key: str
    number: str
    parent: str
    title: str
    role: str
    priority: str
    description: str
    start: date
    due: date
    estimate_hours: float | None
    critical: bool
    gate: Gate | None = None
    milestone: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMilestone:
    """A version to be created; `due` is the day on which the last of its tasks is due."""

    key: str
    title: str
    description: str
    due: date


@dataclass(frozen=True, slots=True)
class Relation:
    """A dependency between two tasks by key: `precedes` (`follower` starts after `task` is done), or `blocks` (a gate:
    `follower` cannot be closed before).

    `delay_days` is in working days as Redmine counts them; it bridges holidays that Redmine does not know.
    """

    task: str
    follower: str
    kind: str = "precedes"
    delay_days: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be created: tasks parents first, then relations in this very order, else Redmine moves tasks.

    `start` and `due` are the root issue's, `end` is the day the tasks end. `critical_path` holds task keys in order of
    their start. `hours` is the sum of the estimates. `roles` maps each role of the tasks to the person or team that the
    template names for it, "" where the rule says who; `closers` the same for the roles that may close a gate.
    """

    tasks: tuple[PlannedTask, ...]
    relations: tuple[Relation, ...]
    start: date
    due: date
    end: date
    critical_path: tuple[str, ...]
    hours: float
    roles: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    milestones: tuple[PlannedMilestone, ...] = ()
    closers: Mapping[str, str] = field(default_factory=dict)


def plan_tasks(
    template: WbsTemplate,
    start: datetime | date,
    calendar: BusinessCalendar,
    due: date | None = None,
    *,
    tracker_free: frozenset[int] = WEEKEND,
) -> Plan:
    """Plans a checked template over a calendar and the weekdays that Redmine does not work.

    `start` is a moment, or a day whose working time counts as a whole.
    `due` is the rule's date: a later one than the computed end becomes the root's, an earlier one is reported and the
    computed dates stay. Problems are warnings; nothing is raised for them.
    """
    problems = []
    # Redmine works every day when all seven are marked as free.
    free = tracker_free if len(tracker_free) < len(WEEKDAYS) else frozenset()
    workdays = Workdays(calendar, free)
    try:
        made = schedule(template.tasks, start, workdays)
    except NoWorkingDays:
        workdays = Workdays(_every_day(calendar), free)
        made = schedule(template.tasks, start, workdays)
        problems.append(
            _warning(
                f"calendar {calendar.name}",
                "has no working day that Redmine counts as one; planned as if every day had eight hours.",
                "give the calendar hours on a weekday, or let Redmine work on the calendar's days",
            )
        )
    if due is not None and due < made.due:
        problems.append(
            _warning(
                f"template {template.name}",
                f"its tasks end on {made.due.isoformat()}, after the due date of {due.isoformat()}; "
                "the computed dates were kept.",
                "shorten the template, add people, or move the due date",
            )
        )
    return _plan(template, made, workdays, due, tuple(problems))


def _plan(
    template: WbsTemplate, made: Schedule, workdays: Workdays, due: date | None, problems: tuple[Problem, ...]
) -> Plan:
    entries = tuple(numbered(template.tasks))
    used = dict.fromkeys(template.task_roles)
    closers = dict.fromkeys(
        name for entry in entries if entry.task.gate for name in entry.task.gate.closed_by if name in template.roles
    )
    milestone_of = _milestones_of(template)
    return Plan(
        tasks=tuple(_task(entry, made, milestone_of.get(entry.task.key, "")) for entry in entries),
        relations=(*_anchors(template, made, workdays), *_relations(template, entries, made, workdays)),
        start=made.start,
        due=max(made.due, due) if due else made.due,
        end=made.due,
        critical_path=made.critical,
        hours=sum(entry.task.estimate for entry in entries),
        roles={role: template.roles.get(role, "") for role in used},
        closers={role: template.roles[role] for role in closers},
        problems=problems,
        milestones=tuple(
            PlannedMilestone(one.key, one.title, one.description, max(made.dates[key].due for key in one.tasks))
            for one in template.milestones
        ),
    )


def _milestones_of(template: WbsTemplate) -> dict[str, str]:
    by_key = {entry.task.key: entry.task for entry in numbered(template.tasks)}
    found: dict[str, str] = {}
    for milestone in template.milestones:
        for key in milestone.tasks:
            for entry in numbered((by_key[key],)):
                found.setdefault(entry.task.key, milestone.key)
    return found


def _task(entry: Numbered, made: Schedule, milestone: str) -> PlannedTask:
    task = entry.task
    dates = made.dates[task.key]
    return PlannedTask(
        key=task.key,
        number=entry.number,
        parent=entry.parent,
        title=task.title,
        role=task.role,
        priority=task.priority,
        description=task.description,
        start=dates.start,
        due=dates.due,
        estimate_hours=None if task.children else task.estimate,
        critical=task.key in made.critical,
        gate=task.gate,
        milestone=milestone,
    )


def _anchors(template: WbsTemplate, made: Schedule, workdays: Workdays) -> tuple[Relation, ...]:
    """For each task that only waits for a gate a relation that keeps its start; these must be created first.

    A blocking relation moves no dates in Redmine: any other relation would pull such a task forward.
    """
    own = {entry.task.key: entry.task.after for entry in numbered(template.tasks)}
    before, gates = predecessors(template.tasks), blocked_by(template.tasks)
    anchors = []
    for key in (key for key in before if key in gates):
        start = made.dates[key].start
        others = before[key] - gates[key]
        if not others or any(workdays.after(made.dates[other].due)[0] == start for other in others):
            continue
        last = max(own[key] or sorted(others), key=lambda other: made.dates[other].due)
        anchors.append(Relation(last, key, delay_days=workdays.delay(made.dates[last].due, start)))
    return tuple(anchors)


def _relations(
    template: WbsTemplate, entries: tuple[Numbered, ...], made: Schedule, workdays: Workdays
) -> tuple[Relation, ...]:
    """The relations that hold a follower's start first, each with the delay that keeps it there, then the slack ones.

    Redmine pulls a follower forward to a relation's earliest day unless an earlier relation already holds it.
    """
    anchored = {(anchor.task, anchor.follower) for anchor in _anchors(template, made, workdays)}
    holding, slack = [], []
    for entry in entries:
        for key in dict.fromkeys(entry.task.after):
            if (key, entry.task.key) in anchored:
                continue
            earliest, delay = workdays.after(made.dates[key].due)
            if earliest == made.dates[entry.task.key].start:
                holding.append(Relation(key, entry.task.key, delay_days=delay))
            else:
                slack.append(Relation(key, entry.task.key))
    blocking = [
        Relation(gate, key, "blocks") for key, gates in blocked_by(template.tasks).items() for gate in sorted(gates)
    ]
    return (*holding, *slack, *blocking)


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who fills each role of a plan; a role that nobody fills is missing from `people`."""

    people: Mapping[str, Person]
    reports: tuple[Problem, ...] = ()


def names_for_roles(plan: Plan, *, owner: str, roles: Mapping[str, str] | None = None) -> dict[str, str]:
    """The person or team for each role, as keys of the directory: the rule's choice, else the template's."""
    named = {role: name for role, name in {**plan.closers, **plan.roles}.items() if name}
    return {OWNER_ROLE: owner, **named, **(roles or {})}


def people_for_roles(
    plan: Plan,
    directory: Directory,
    *,
    owner: str,
    roles: Mapping[str, str] | None = None,
    locked: frozenset[int] = NOBODY_LOCKED,
) -> Staffing:
    """The people for a plan's roles: the rule's choice, else the template's; the role `owner` is the owner.

    A team is represented by its lead, and whoever cannot work by their stand-in; both are reported. Tasks of roles
    that nobody fills stay unassigned.
    """
    chosen = names_for_roles(plan, owner=owner, roles=roles)
    people: dict[str, Person] = {}
    reports: list[Problem] = []
    for role in plan.roles:
        name = chosen.get(role, "")
        if not name:
            reports.append(_warning(f"role {role}", "nobody fills it; its tasks stay unassigned.", _NAME_SOMEBODY))
            continue
        found = directory.stand_in(name, locked)
        reports += found.reports
        if found.person is not None:
            people[role] = found.person
    return Staffing(people, tuple(reports))


def _every_day(calendar: BusinessCalendar) -> BusinessCalendar:
    office = (Span(9 * 60, 17 * 60),)
    return BusinessCalendar(CalendarSpec(calendar.name, calendar.spec.zone, (office,) * len(WEEKDAYS)))


def _warning(where: str, what: str, advice: str) -> Problem:
    return Problem(where, what, advice, severity="warning")
