"""Values that a side does not take are remembered on the link, so that they are not planned again as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.model.link import Refusal
from bridge.ports import UnitOfWork
from bridge.sync.merge import Side
from bridge.sync.plan import refusal_key, refusal_report
from bridge.usecases.reconcile import reconcile_effect

_SIDES = {
    "issue.update": Side.ISSUE,
    "incident.state": Side.INCIDENT,
    "incident.assign": Side.INCIDENT,
    "incident.field": Side.INCIDENT,
}


def remember(uow: UnitOfWork, effect: Effect, error: BridgeError) -> None:
    """Remembers what is refused for good when a planned write dies; other deaths leave no trace here."""
    side = _SIDES.get(effect.kind)
    if side is not None and error.permanent:
        refuse(uow, effect, side, dict.fromkeys(effect.payload.get("shown", {}), error))


def refuse(uow: UnitOfWork, effect: Effect, side: Side, errors: Mapping[str, BridgeError]) -> None:
    """Remembers the refused fields of a planned write on its link, and shows them in the link's attention.

    A write that no plan made (a hold, a delivery) is never planned again: nothing is remembered of it.
    """
    shown = effect.payload.get("shown", {})
    new = {
        refusal_key(side, name): Refusal(effect.payload[name], shown[name], error.what)
        for name, error in errors.items()
        if name in shown
    }
    if not new:
        return
    link = uow.links.get(effect.payload["link"])
    lines = [*filter(None, link.attention.split("\n")), *(refusal_report(key, one) for key, one in new.items())]
    attention = "\n".join(dict.fromkeys(lines))
    uow.links.save(replace(link, refused={**link.refused, **new}, attention=attention))


def agree(uow: UnitOfWork, link_id: int, side: Side, agreed: Mapping[str, str]) -> None:
    """Stores what both sides agree on now that it is written; what was refused before is planned anew."""
    link = uow.links.get(link_id)
    taken = {refusal_key(side, name) for name in agreed} & set(link.refused)
    kept = {key: refusal for key, refusal in link.refused.items() if key not in taken}
    uow.links.save(replace(link, agreed={**link.agreed, **agreed}, refused=kept))
    if taken:
        uow.effects.enqueue_if_idle(reconcile_effect(link, "taken after all"))
