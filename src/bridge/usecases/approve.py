"""A person's decision about a candidate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.model.errors import NotPossible
from bridge.model.promotion import WAITING, Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.opening import open_promotion


def approve(uow: UnitOfWork, configured: Configured, promotion_id: int, actor: str, now: datetime) -> Promotion:
    """Opens a candidate's project. Approving it a second time changes nothing.

    Raises NotFound, NotPossible (the rule is gone) and InvalidTransition (rejected, expired, merged).
    """
    promotion = uow.promotions.get(promotion_id)
    if promotion.opened_at is not None and promotion.state not in WAITING:
        return promotion
    rule = configured.rules.get(promotion.rule_id)
    if rule is None:
        raise NotPossible(
            f"promotion {promotion.id} “{promotion.name}”",
            f"its rule {promotion.rule_id} is no longer configured.",
            "Put the rule back, or reject the candidate.",
        )
    return open_promotion(uow, configured, promotion, rule, actor, now)


def reject(uow: UnitOfWork, promotion_id: int, actor: str, reason: str, now: datetime) -> Promotion:
    """Rejects a candidate for a reason that is kept.

    Raises NotFound, NotPossible without a reason, and InvalidTransition when it is no candidate any more.
    """
    promotion = uow.promotions.get(promotion_id)
    if promotion.state is PromotionState.REJECTED:
        return promotion
    if not reason.strip():
        raise NotPossible(f"promotion {promotion.id} “{promotion.name}”", "a rejection needs a reason.")
    rejected = replace(
        move(promotion, PromotionState.REJECTED), decided_at=now, decision_note=reason, approved_by=actor
    )
    uow.promotions.save(rejected)
    uow.ledger.audit(now, actor, "rejected", f"promotion {promotion.id}", {"reason": reason})
    return rejected
