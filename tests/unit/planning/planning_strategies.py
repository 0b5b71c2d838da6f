"""Templates for the property tests: trees of tasks with dependencies and without cycles."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bridge.planning.template import WbsTask, WbsTemplate, find_cycle, numbered


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
