"""Delivers single values to incidents: read before and after, never to an incident that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bridge.model.effect import Effect
from bridge.model.errors import NotPossible
from bridge.model.link import Link
from bridge.ports import Clock, IncidentSource, Store, UnitOfWork
from bridge.sync.fields import name_for_people
from bridge.sync.merge import Side
from bridge.usecases.configured import Configured
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.refusals import agree

Save = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class FieldDelivery:
    """The handler of `incident.field`."""

    store: Store
    sources: Mapping[str, IncidentSource]
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """For IncidentDelivery, which ends the link of an incident that is gone, and waits for one's source."""
        return {"incident.field": self.field}

    def field(self, effect: Effect) -> Save:
        """Sets one value. When somebody changed it after this was planned theirs stays and it is planned again."""
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
        source = self.sources[link.ref.source]
        name = effect.payload["field"]
        value = effect.payload[name]
        table = self.configured().policy.table(link.ref.source, effect.payload["tracker"])
        incident = source.read(link.ref.external_id)
        there = table.on_incident(name, incident)
        if there != value:
            if not incident.state.is_open:
                return partial(_left_alone, link, str(incident.state), self.clock)
            if there != effect.payload["shown"][name]:
                return partial(_overtaken, link)
            told = table.for_incident(name, value)
            if told is None:
                what = f"the issue's {name_for_people(name)} “{value}” stands for nothing on the incident."
                raise NotPossible(str(link.ref), what, "Name it in `redmine.priorities`.")
            source.field_values.set(link.ref.external_id, *told)
        return partial(_agreed, link, name, value)


def _agreed(link: Link, name: str, value: str, uow: UnitOfWork) -> None:
    agree(uow, link.id, Side.INCIDENT, {name: value})


def _overtaken(link: Link, uow: UnitOfWork) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "overtaken"))


def _left_alone(link: Link, state: str, clock: Clock, uow: UnitOfWork) -> None:
    detail = {"kind": "incident.field", "state": state}
    uow.ledger.audit(clock.now(), "bridge", "left alone", str(link.ref), detail)
