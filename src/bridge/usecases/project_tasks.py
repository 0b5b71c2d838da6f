"""The tasks of our projects as last read: one list for each project, kept so that nobody has to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.model.errors import Forbidden, NotFound
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import Promotion, PromotionState
from bridge.planning.work import waits_for
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.place import place_of

FOLLOWED = (PromotionState.ACTIVE, PromotionState.BLOCKED)
"""Projects that people work in."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A task and the promotion that it belongs to."""

    promotion: Promotion
    task: ProjectTask


def refresh(store: Store, tracker: ProjectTracker, clock: Clock, older_than: timedelta) -> int:
    """Reads the tasks of every project that people work in and whose snapshot is older; how many were read.

    One request for a hundred issues of a project. What is gone or archived is left as it was. Raises RemoteUnavailable.
    """
    with store.reading() as uow:
        due = [number for number in projects(uow) if _is_old(uow, number, clock.now() - older_than)]
    for number in due:
        try:
            tasks = tracker.tasks.of(number)
        except (Forbidden, NotFound):
            continue
        with store.transaction() as uow:
            uow.workload.save(number, tasks, clock.now())
    return len(due)


def projects(uow: UnitOfWork) -> list[int]:
    """The ids of the projects that people work in, each once."""
    running = uow.promotions.in_states(FOLLOWED)
    return list(dict.fromkeys(one.project_id for one in running if one.project_id is not None))


def open_tasks(uow: UnitOfWork) -> Iterator[Owned]:
    """The tasks that somebody has to do, as last read: open, and no other's parent.

    What stands above a task need not be asked any more: what that waits for is among what the task waits for.
    In a standing project a task belongs to the promotion below whose root it stands; others are nobody's here.
    """
    running = [one for one in uow.promotions.in_states(FOLLOWED) if one.project_id is not None]
    for number in projects(uow):
        tasks, _ = uow.workload.tasks(number)
        here = [one for one in running if one.project_id == number]
        roots = {one.root_issue_id: one for one in here}
        parents = {task.issue_id: task.parent_id for task in tasks}
        waits = waits_for({task.issue_id: task.after for task in tasks}, parents)
        for task in tasks:
            if task.closed or task.issue_id in parents.values() or task.issue_id in roots:
                continue
            alone = here[0] if len(here) == 1 and place_of(here[0]) is Place.PROJECT else None
            found = alone or _above(task.issue_id, parents, roots)
            if found is not None:
                yield Owned(found, replace(task, after=tuple(sorted(waits[task.issue_id]))))


def _above(issue_id: int, parents: dict[int, int | None], roots: dict[int | None, Promotion]) -> Promotion | None:
    seen: set[int] = set()
    number: int | None = issue_id
    while number is not None and number not in seen:
        if number in roots:
            return roots[number]
        seen.add(number)
        number = parents.get(number)
    return None


def _is_old(uow: UnitOfWork, project_id: int, before: datetime) -> bool:
    taken = uow.workload.tasks(project_id)[1]
    return taken is None or taken <= before
