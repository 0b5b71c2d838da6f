"""Reads work breakdown templates and checks what a model cannot see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path as FilePath

from bridge.model.errors import Problem
from bridge.planning.gate_checks import Placed, gate_problems, milestone_problems
from bridge.planning.gates import Gate, GateKind
from bridge.planning.plan import OWNER_ROLE
from bridge.planning.schema import TaskEntry, TemplateFile
from bridge.planning.template import Milestone, WbsTask, WbsTemplate, find_cycle, numbered, parse_estimate
from bridge.shipped import shipped
from bridge.yamlfile import Marked, Path, did_you_mean, load, validate

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
# The project's own root issue has this key.
_RESERVED = "root"
_LONGEST_HOURS = 2000.0


def load_templates(
    directories: Sequence[FilePath], names: Collection[str] | None = None
) -> tuple[dict[str, WbsTemplate], list[Problem]]:
    """The shipped templates by file name, each replaced by the first of `directories` that has a file of that name.

    `names` are the directory's people and teams, so that roles at nobody are found; None leaves that out. A template
    with an error is missing from the result.
    """
    problems = [
        Problem(str(directory), "there is no such folder of templates", "create it")
        for directory in reversed(directories)
        if not directory.is_dir()
    ]
    templates = {}
    for name, path in template_files(directories).items():
        template, found = load_template(path, names)
        problems += found
        if template is not None:
            templates[name] = template
    return templates, problems


def template_files(directories: Sequence[FilePath]) -> dict[str, FilePath]:
    """The file of each template by its name, whatever is wrong with it; earlier directories come before later ones."""
    files: dict[str, FilePath] = {}
    for directory in (shipped("templates", "wbs"), *reversed(directories)):
        files |= {path.stem: path for path in sorted(directory.glob("*.yaml"))}
    return files


def load_template(path: FilePath, names: Collection[str] | None = None) -> tuple[WbsTemplate | None, list[Problem]]:
    """One template and every problem of its file; None when any of them is an error."""
    marked, problems = load(path)
    if marked is None:
        return None, problems
    file, found = validate(TemplateFile, marked)
    problems += found
    if file is None:
        return None, problems
    tasks = tuple(_task(entry) for entry in file.tasks)
    roles = {role: name or "" for role, name in file.roles.items()}
    problems += _check(file, tasks, names, marked)
    if names is not None:
        problems += [
            marked.problem(("roles", role), f"there is no person or team “{name}”", did_you_mean(name, names))
            for role, name in roles.items()
            if name and name not in names
        ]
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    milestones = tuple(Milestone(one.key, one.title, one.description, tuple(one.tasks)) for one in file.milestones)
    return WbsTemplate(path.stem, file.title, tasks, roles, milestones), problems


def _task(entry: TaskEntry) -> WbsTask:
    return WbsTask(
        key=entry.key,
        title=entry.title.strip(),
        role=entry.role,
        estimate=_hours(entry),
        priority=entry.priority,
        after=tuple(dict.fromkeys(entry.after)),
        children=tuple(_task(child) for child in entry.children),
        description=entry.description.strip(),
        gate=_gate(entry),
    )


def _gate(entry: TaskEntry) -> Gate | None:
    if entry.gate is None:
        return None
    closed_by = entry.closed_by or ([entry.role] if entry.gate is GateKind.APPROVAL and entry.role else [])
    return Gate(entry.gate, tuple(closed_by), tuple(entry.blocks), tuple(entry.checklist), entry.number, entry.open)


def _hours(entry: TaskEntry) -> float:
    """The estimate; 0 for one that is reported as wrong."""
    try:
        return parse_estimate(entry.estimate) if entry.estimate else 0.0
    except ValueError:
        return 0.0


def _check(
    file: TemplateFile, tasks: tuple[WbsTask, ...], names: Collection[str] | None, marked: Marked
) -> list[Problem]:
    placed = list(_placed(file.tasks, ("tasks",)))
    problems = [problem for path, entry in placed for problem in _check_task(path, entry, file, marked)]
    problems += _check_keys(placed, marked)
    problems += gate_problems(file, placed, _families(tasks), names, marked)
    problems += milestone_problems(file.milestones, [entry.key for _, entry in placed], marked)
    return [*problems, *_check_order(placed, tasks, marked)]


def _placed(entries: Sequence[TaskEntry], path: Path) -> Iterator[Placed]:
    """All tasks with their place in the file, parents first."""
    for index, entry in enumerate(entries):
        yield (*path, index), entry
        yield from _placed(entry.children, (*path, index, "children"))


def _check_task(path: Path, entry: TaskEntry, file: TemplateFile, marked: Marked) -> Iterator[Problem]:
    if not entry.title.strip():
        yield marked.problem((*path, "title"), f"task {entry.key} has an empty title", "say what is to be done")
    if entry.estimate:
        try:
            if parse_estimate(entry.estimate) > _LONGEST_HOURS:
                what = f"task {entry.key} would take more than a year"
                yield marked.problem((*path, "estimate"), what, "split it into smaller tasks")
        except ValueError as error:
            yield marked.problem((*path, "estimate"), str(error))
    if entry.children:
        for field in ("estimate", "priority"):
            if getattr(entry, field):
                what = f"task {entry.key} has children: its {field} comes from them"
                yield marked.problem((*path, field), what, "remove it here", key=True)
    if entry.role and entry.role not in {OWNER_ROLE, *file.roles}:
        advice = did_you_mean(entry.role, [OWNER_ROLE, *file.roles], "roles are")
        what = f"role “{entry.role}” is not among the template's roles: only a rule can say who that is"
        yield marked.problem((*path, "role"), what, advice, severity="warning")


def _check_keys(placed: Sequence[Placed], marked: Marked) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for path, entry in placed:
        at = (*path, "key")
        if not _KEY.fullmatch(entry.key) or entry.key == _RESERVED:
            advice = f"use a-z, 0-9, - and _, and not “{_RESERVED}”"
            yield marked.problem(at, f"“{entry.key}” cannot be a task's key", advice)
        elif first.setdefault(entry.key, at) is not at:
            where = marked.where(first[entry.key])
            yield marked.problem(at, f"the key “{entry.key}” stands here a second time", f"the first is at {where}")


def _check_order(placed: Sequence[Placed], tasks: tuple[WbsTask, ...], marked: Marked) -> list[Problem]:
    keys = [entry.key for _, entry in placed]
    family = _families(tasks)
    problems = []
    for path, entry in placed:
        for index, key in enumerate(entry.after):
            at = (*path, "after", index)
            if key not in keys:
                problems.append(marked.problem(at, f"there is no task “{key}”", did_you_mean(key, keys, "tasks are")))
            elif key in family[entry.key]:
                what = f"task {entry.key} cannot wait for {key}: one is part of the other"
                problems.append(marked.problem(at, what, "remove it"))
    cycle = find_cycle(tasks) if not problems else ()
    if cycle:
        place = next(path for path, entry in placed if entry.key == cycle[0])
        circle = " → ".join(cycle)
        problems.append(marked.problem(place, f"tasks wait for each other: {circle}", "remove one `after` or `blocks`"))
    return problems


def _families(tasks: tuple[WbsTask, ...]) -> dict[str, set[str]]:
    """For each key the tasks that contain it or that it contains, itself included."""
    family: dict[str, set[str]] = {}
    for entry in numbered(tasks):
        mine = family.setdefault(entry.task.key, {entry.task.key})
        for below in numbered(entry.task.children):
            mine.add(below.task.key)
            family.setdefault(below.task.key, {below.task.key}).add(entry.task.key)
    return family
