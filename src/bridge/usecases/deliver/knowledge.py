"""Looks whether a project's knowledge page says what operations need before incidents are handed back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.promotion import PromotionState
from bridge.planning.knowledge import KNOWLEDGE_PAGE
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.hand_over import root_changed
from bridge.usecases.life.knowledge import CHECK, missing, say_missing
from bridge.usecases.place import page_title
from bridge.usecases.policy import ROOT_TASK

Save = Callable[[UnitOfWork], None]
_MAY_DELIVER = frozenset({PromotionState.ACTIVE, PromotionState.BLOCKED})


@dataclass(frozen=True, slots=True)
class KnowledgeDelivery:
    """The handler of `knowledge.check`."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {CHECK: self.check}

    def check(self, effect: Effect) -> Save:
        """Reads the page: what it lacks is said, and a delivery that only waited for it is handed back."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
        if promotion.project_id is None or promotion.state not in _MAY_DELIVER:
            return nothing
        lacks = missing(self.tracker.read_page(promotion.project_id, page_title(promotion, KNOWLEDGE_PAGE)).text)

        def save(uow: UnitOfWork) -> None:
            configured, now = self.configured(), self.clock.now()
            current = uow.promotions.get(promotion.id)
            root = uow.promotions.tasks(promotion.id, [ROOT_TASK])[ROOT_TASK]
            if current.state not in _MAY_DELIVER or root.status not in configured.policy.delivered:
                return
            if lacks:
                say_missing(uow, configured, current, lacks, now)
            else:
                root_changed(uow, configured, current, root.status, now, known=True)

        return save
