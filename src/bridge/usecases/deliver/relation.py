"""Relates issues and incidents: added where they are missing, never removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.model.link import Link
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.deliver.file import REFUSALS
from bridge.usecases.deliver.guard import raise_if_shut

Save = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class RelationDelivery:
    """Handlers of the effects on relations. One that is refused is told once and left."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    clock: Clock

    def on_issue(self, effect: Effect) -> Save:
        """Relates an incident's own issue to another; any relation that the two have is enough."""
        link = self._link(effect)
        if link.issue_id is None:
            return nothing
        try:
            self.tracker.relate(link.issue_id, effect.payload["other"], effect.payload["relation"])
        except REFUSALS as error:
            raise_if_shut(self.store, self.tracker, link, error)
            return partial(self._told, link, error)
        return nothing

    def on_incident(self, effect: Effect) -> Save:
        """Lets an open incident refer to another one of its source."""
        link = self._link(effect)
        source = self.sources[link.ref.source]
        if source.extras.relations is None:
            return nothing
        if not source.read(link.ref.external_id).state.is_open:
            return nothing
        try:
            source.extras.relations.relate(link.ref.external_id, effect.payload["other"])
        except REFUSALS as error:
            return partial(self._told, link, error)
        return nothing

    def _told(self, link: Link, error: BridgeError, uow: UnitOfWork) -> None:
        uow.ledger.audit(self.clock.now(), "bridge", "reported", str(link.ref), {"what": str(error)})

    def _link(self, effect: Effect) -> Link:
        with self.store.reading() as uow:
            return uow.links.get(effect.payload["link"])
