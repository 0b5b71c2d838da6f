"""Closes the project of a promotion that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotApplied, NotFound
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.life.parting import CLOSE
from bridge.usecases.life.said import report
from bridge.usecases.place import place_of

Save = Callable[[UnitOfWork], None]
CLOSE_BY_HAND = "its project could not be closed: "


@dataclass(frozen=True, slots=True)
class Parting:
    """The handler of `project.close`."""

    store: Store
    tracker: ProjectTracker
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {CLOSE: self.close}

    def close(self, effect: Effect) -> Save:
        """Closes a project of its own; a standing one is people's and stays. A refusal is reported."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
        if promotion.project_id is None or place_of(promotion) is not Place.PROJECT:
            return nothing
        try:
            self.tracker.close_project(promotion.project_id)
        except (Forbidden, NotApplied, NotFound) as error:
            line = f"{CLOSE_BY_HAND}{error.what} Close it by hand; nothing is written to it any more."

            def told(uow: UnitOfWork) -> None:
                report(uow, promotion, CLOSE_BY_HAND, line, self.clock.now())

            return told
        return nothing
