"""Templates for the property tests: trees of tasks with dependencies and without cycles."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bridge.planning.gates import Gate, GateKind
from bridge.planning.template import WbsTask, WbsTemplate, find_cycle, leaves, numbered


@st.composite
def templates(draw: st.DrawFn) -> WbsTemplate:
    """Up to twelve tasks on up to three levels."""
    count = draw(st.integers(1, 12))
    parents = [draw(st.sampled_from([None, *range(max(0, number - 4), number)])) for number in range(count)]
    tasks = _tree(draw, parents, None)
    keys = [f"t{number}" for number in range(count)]
    for _ in range(draw(st.integers(0, 14))):
        candidate = _with_after(tasks, draw(st.sampled_from(keys)), draw(st.sampled_from(keys)))
        if candidate is not None and not find_cycle(candidate):
            tasks = candidate
    for _ in range(draw(st.integers(0, 3))):
        candidate = _with_gate(tasks, draw(st.sampled_from(keys)), draw(st.sampled_from(keys)))
        if candidate is not None and not find_cycle(candidate):
            tasks = candidate
    return WbsTemplate("drawn", "Drawn", tasks)


def _tree(draw: st.DrawFn, parents: list[int | None], parent: int | None) -> tuple[WbsTask, ...]:
    tasks = []
    for number, above in enumerate(parents):
        if above == parent:
            children = _tree(draw, parents, number)
            estimate = 0.0 if children else draw(st.sampled_from([0, 0.5, 2, 4, 7.5, 8, 9, 16, 40, 100]))
            tasks.append(WbsTask(f"t{number}", f"Task {number}", estimate=estimate, children=children))
    return tuple(tasks)


def _with_after(tasks: tuple[WbsTask, ...], key: str, before: str) -> tuple[WbsTask, ...] | None:
    """The tasks with one dependency more; None for one between a task and its own part."""
    family = {entry.task.key: {below.task.key for below in numbered((entry.task,))} for entry in numbered(tasks)}
    if before in family[key] or key in family[before]:
        return None

    def changed(task: WbsTask) -> WbsTask:
        children = tuple(changed(child) for child in task.children)
        after = (*task.after, before) if task.key == key and before not in task.after else task.after
        return replace(task, children=children, after=after)

    return tuple(changed(task) for task in tasks)


def _with_gate(tasks: tuple[WbsTask, ...], key: str, blocked: str) -> tuple[WbsTask, ...] | None:
    """The tasks with `key` as a gate that blocks another; None where a template could not say so."""
    by_key = {entry.task.key: entry.task for entry in numbered(tasks)}
    family = {one.key: {below.task.key for below in numbered((one,))} for one in by_key.values()}
    is_part = blocked in family[key] or key in family[blocked]
    if by_key[key].children or is_part or any(key in leaf.after for leaf in leaves(by_key[blocked])):
        return None

    def changed(task: WbsTask) -> WbsTask:
        children = tuple(changed(child) for child in task.children)
        gate = Gate(GateKind.CHANGE, blocks=(blocked,)) if task.key == key else task.gate
        return replace(task, children=children, gate=gate)

    return tuple(changed(task) for task in tasks)
