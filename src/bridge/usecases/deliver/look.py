"""Looks at a project for what no poll sees: closed, archived, moved, renamed, tasks removed, owner locked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotFound
from bridge.model.project import Changed, Project
from bridge.model.promotion import RUNNING, Promotion, Task, TaskKind
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.deliver.guard import project_or_why
from bridge.usecases.hand_over import HandOver
from bridge.usecases.life.owner import owner_lost
from bridge.usecases.life.place import LOOK, PARENT, follow, open_again, removed, shut
from bridge.usecases.policy import ROOT_TASK

Save = Callable[[UnitOfWork], None]
MOST_LEVELS = 20


@dataclass(frozen=True, slots=True)
class ProjectLook:
    """The handler of `project.look`."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {LOOK: self.look}

    def look(self, effect: Effect) -> Save:
        """Reads the project, its tasks, and whether its owner can act; writes nothing remotely."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            tasks = [task for task in uow.promotions.tasks(promotion.id).values() if task.issue_id is not None]
        if promotion.project_id is None or promotion.state not in RUNNING:
            return nothing
        project = project_or_why(self.tracker, promotion.project_id)
        if isinstance(project, str):
            return self._shut(promotion, project)
        if project.status != "active":
            return self._shut(promotion, project.status)
        configured = self.configured()
        known = project.parent_id is not None and project.parent_id == promotion.made.get(PARENT)
        below = known or self._is_below(project)
        found = {row.id: row for row in self.tracker.look([task.issue_id for task in tasks if task.issue_id])}
        gone = self._gone(tasks, found)
        owner = configured.directory.redmine_id(promotion.owner)
        locked = frozenset({owner} if owner is not None and not self.tracker.is_usable(owner) else ())

        def save(uow: UnitOfWork) -> None:
            now, present = self.clock.now(), self.configured()
            open_again(uow, uow.promotions.get(promotion.id), now)
            parent = present.policy.parent_project
            current = follow(uow, promotion, project, now, below=below, parent=parent)
            owner_lost(uow, present, current, locked, now)
            for task in gone:
                removed(uow, promotion, task, now)
            self._catch_up(uow, present, tasks, found)

        return save

    def _shut(self, promotion: Promotion, status: str) -> Save:
        def save(uow: UnitOfWork) -> None:
            shut(uow, uow.promotions.get(promotion.id), status, self.clock.now())

        return save

    def _is_below(self, project: Project) -> bool:
        """Whether the configured parent stands somewhere above."""
        wanted = self.configured().policy.parent_project
        current = project
        for _ in range(MOST_LEVELS):
            if current.identifier == wanted:
                return True
            if current.parent_id is None:
                return False
            try:
                current = self.tracker.project(current.parent_id)
            except (Forbidden, NotFound):
                return False
        return False

    def _gone(self, tasks: list[Task], found: Mapping[int, Changed]) -> list[Task]:
        """The tasks that are not there any more; none where the root is missing, too: then it is a right that was lost.

        An incident's own issue is its link's business.
        """
        missing = [task for task in tasks if task.issue_id not in found]
        if any(task.key == ROOT_TASK for task in missing):
            return []
        return [task for task in missing if task.kind is TaskKind.WORK]

    def _catch_up(
        self, uow: UnitOfWork, configured: Configured, tasks: list[Task], found: Mapping[int, Changed]
    ) -> None:
        """What changed without a poll having told it, as where the project was moved out of sight."""
        hand_over = HandOver(self.store, self.tracker, configured, self.clock)
        for task in tasks:
            row = found.get(task.issue_id or 0)
            if row is not None and row.status != task.status:
                hand_over.changed(uow, row, self.clock.now())
