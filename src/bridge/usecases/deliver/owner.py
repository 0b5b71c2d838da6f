"""Looks who gave a promotion's root issue to another than its owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotFound
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing
from bridge.usecases.life.owner import LOOK, OTHER, SEEN, assignment, reassigned
from bridge.usecases.life.said import report

Save = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class OwnerDelivery:
    """The handler of `owner.look`."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {LOOK: self.look}

    def look(self, effect: Effect) -> Save:
        """Judges the last reassignment of the root, each once; what the bridge assigned itself is nobody's word."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
        if promotion.root_issue_id is None:
            return nothing
        try:
            root = self.tracker.read_issue(promotion.root_issue_id)
        except (NotFound, Forbidden):
            return nothing
        last = assignment(root)
        if last is None or last.id <= promotion.made.get(SEEN, 0):
            return nothing
        with self.store.reading() as uow:
            if uow.own_writes.known(TRACKER_SYSTEM, str(root.id), [str(last.id)]):
                return nothing
        roles = self.tracker.roles(promotion.identifier).get(last.user_id, frozenset())

        def save(uow: UnitOfWork) -> None:
            configured, now = self.configured(), self.clock.now()
            current = uow.promotions.get(promotion.id)
            if root.assignee_id == configured.directory.redmine_id(current.owner):
                report(uow, current, OTHER, "", now)
            else:
                reassigned(uow, configured, current, root, last, roles, now)

        return save
