"""What a dry run tells: the effects that would be stored, each with what it is about in people's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.app.cycle import Cycle
from bridge.app.handlers import handlers
from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, NotFound
from bridge.ports import UnitOfWork
from bridge.store.rehearsal import Rehearsal
from bridge.usecases.broadcast import LISTEN
from bridge.usecases.command import decide
from bridge.usecases.reconcile import KIND as RECONCILE

if TYPE_CHECKING:
    from bridge.app.app import App


READING = frozenset({RECONCILE, LISTEN})
"""Effects that compare both sides and write nothing remotely themselves, but store what is to be written."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An effect that would be stored. `about` names its incident or promotion."""

    effect: Effect
    about: str


def planned(uow: UnitOfWork, effects: list[Effect]) -> list[Planned]:
    """Effects with what they are about."""
    return [Planned(effect, _about(uow, effect)) for effect in effects]


def look_closer(app: App, rehearsal: Rehearsal, cycle: Cycle) -> list[Effect]:
    """Carries out what only reads remotely; returns the other effects, with those that it would store."""
    able = handlers(rehearsal, app.sources, app.tracker, app.notifiers, lambda: app.configured, app.clock)
    for effect in rehearsal.stored_effects():
        if effect.kind not in READING:
            continue
        try:
            save = able[effect.kind](effect)
        except BridgeError as error:
            cycle.failures[effect.endpoint.partition(":")[2] or effect.endpoint] = error
            continue
        with rehearsal.transaction() as uow:
            save(uow)
    return [effect for effect in rehearsal.stored_effects() if effect.kind not in READING]


def rehearse_command(app: App, name: str, args: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Planned]]:
    """What a person's decision would bring and write, without anything being stored. Raises BridgeError."""
    with Rehearsal.of(app.database) as rehearsal, rehearsal.transaction() as uow:
        configured = app.configuration.configured(uow.ledger.instance())
        result = decide(uow, configured, name, args, app.clock.now())
        return result, planned(uow, rehearsal.stored_effects())
    raise AssertionError("a rehearsal always runs")


def _about(uow: UnitOfWork, effect: Effect) -> str:
    try:
        if "link" in effect.payload:
            link = uow.links.get(effect.payload["link"])
            issue = f" (issue #{link.issue_id})" if link.issue_id else ""
            number = uow.incidents.find(link.ref)
            summary = f" “{uow.incidents.get(number).summary}”" if number is not None else ""
            return f"{link.ref}{summary}{issue}"
        if effect.promotion_id is not None:
            promotion = uow.promotions.get(effect.promotion_id)
            return f"promotion “{promotion.name}”"
    except NotFound:
        return effect.key
    return effect.key
