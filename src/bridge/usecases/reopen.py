"""A delivered project goes back to work, because its group's incidents have come again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect

KIND = "root.reopen"


def reopening(promotion_id: int, delivered: datetime) -> str:
    """The unique name of the effect that puts a delivered project back to work."""
    return project_effect(promotion_id, KIND, delivered.isoformat()).unique


def reopen(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, incident_ids: Iterable[int], now: datetime
) -> None:
    """Asks for the root issue to be set to work, with a note that names the incidents; once per delivery.

    The promotion is active again, and the incidents join it, when that has been read back.
    """
    delivered = promotion.delivered_at or now
    ids = list(incident_ids)
    incidents = sorted(uow.incidents.many(ids).values(), key=lambda one: (one.opened_at, one.ref))
    origin = configured.policy.origin(f"promotion {promotion.id}", f"reopened after {delivered.isoformat()}")
    text = configured.texts.render(
        "project_reopened", promotion=configured.shown(promotion), incidents=incidents, delivered_at=delivered
    )
    effect = project_effect(
        promotion.id,
        KIND,
        delivered.isoformat(),
        text=f"{text}\n\n{origin}",
        origin=origin,
        delivered=delivered.isoformat(),
    )
    if uow.effects.enqueue([effect]):
        why = {"incidents": [str(one.ref) for one in incidents]}
        uow.ledger.audit(now, f"rule {promotion.rule_id}", "reopens", f"promotion {promotion.id}", why)
