"""What can be wrong with the gates and milestones of a work breakdown template."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from bridge.model.errors import Problem
from bridge.planning.gates import GateKind
from bridge.planning.schema import MilestoneEntry, TaskEntry, TemplateFile
from bridge.yamlfile import Marked, Path, did_you_mean

Placed = tuple[Path, TaskEntry]
_ONLY_FOR: Mapping[str, frozenset[GateKind]] = {
    "checklist": frozenset({GateKind.HANDOVER}),
    "number": frozenset({GateKind.CHANGE}),
    "open": frozenset({GateKind.CHANGE}),
    "closed_by": frozenset(GateKind),
    "blocks": frozenset(GateKind),
}
_NOTHING: tuple[object, ...] = ("", [], None)


def gate_problems(
    file: TemplateFile,
    placed: Sequence[Placed],
    family: Mapping[str, set[str]],
    names: Collection[str] | None,
    marked: Marked,
) -> Iterator[Problem]:
    """Every problem of the gates. `family` maps a task to its parts and wholes, `names` are people and teams."""
    by_key = {entry.key: entry for _, entry in placed}
    for path, entry in placed:
        yield from _keys(path, entry, marked)
        if entry.gate is None:
            continue
        if entry.children:
            yield marked.problem((*path, "gate"), f"task {entry.key} has children and cannot be a gate", "split it")
        if entry.gate is GateKind.APPROVAL and not (entry.closed_by or entry.role):
            what = f"nobody is named who may close the approval {entry.key}"
            yield marked.problem((*path, "gate"), what, "add closed_by: [owner], or a role")
        yield from _closers(path, entry, file, names, marked)
        yield from _blocked(path, entry, by_key, family, marked)


def _keys(path: Path, entry: TaskEntry, marked: Marked) -> Iterator[Problem]:
    for name, kinds in _ONLY_FOR.items():
        if name in entry.model_fields_set and getattr(entry, name) not in _NOTHING and entry.gate not in kinds:
            kind = " | ".join(sorted(kinds))
            what = f"“{name}” is for a gate"
            yield marked.problem((*path, name), what, f"add gate: {kind}, or remove it", key=True)


def _closers(
    path: Path, entry: TaskEntry, file: TemplateFile, names: Collection[str] | None, marked: Marked
) -> Iterator[Problem]:
    for index, name in enumerate(entry.closed_by):
        if name != "owner" and name not in file.roles and names is not None and name not in names:
            known = ["owner", *file.roles, *names]
            what = f"“{name}” is neither a role of the template nor a person or team"
            yield marked.problem((*path, "closed_by", index), what, did_you_mean(name, known))


def _blocked(
    path: Path,
    entry: TaskEntry,
    by_key: Mapping[str, TaskEntry],
    family: Mapping[str, set[str]],
    marked: Marked,
) -> Iterator[Problem]:
    for index, key in enumerate(entry.blocks):
        at = (*path, "blocks", index)
        if key not in by_key:
            yield marked.problem(at, f"there is no task “{key}”", did_you_mean(key, by_key, "tasks are"))
        elif key in family[entry.key]:
            yield marked.problem(at, f"task {entry.key} cannot block {key}: one is part of the other", "remove it")
        else:
            for leaf in _leaves(by_key[key]):
                if entry.key in leaf.after:
                    what = f"task {leaf.key} is blocked by {entry.key} and has it in `after` too"
                    yield marked.problem(at, what, f"remove it from `after` of {leaf.key}: blocked means after, too")


def _leaves(entry: TaskEntry) -> Iterator[TaskEntry]:
    if not entry.children:
        yield entry
    for child in entry.children:
        yield from _leaves(child)


def milestone_problems(
    milestones: Sequence[MilestoneEntry], keys: Collection[str], marked: Marked
) -> Iterator[Problem]:
    """Every problem of the milestones; `keys` are the tasks'."""
    seen: dict[str, int] = {}
    for number, one in enumerate(milestones):
        path: Path = ("milestones", number)
        for name in ("key", "title"):
            value = getattr(one, name)
            if seen.setdefault(f"{name} {value}", number) != number:
                yield marked.problem(
                    (*path, name), f"there is another milestone with the {name} “{value}”", "rename it"
                )
        for index, key in enumerate(one.tasks):
            if key not in keys:
                what = f"there is no task “{key}”"
                yield marked.problem((*path, "tasks", index), what, did_you_mean(key, keys, "tasks are"))
