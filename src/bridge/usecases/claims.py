"""Which promotion has an incident: the first rule that claims it wins, until its project is done with it."""

from __future__ import annotations

from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import UnitOfWork


def claimed_by(uow: UnitOfWork, incident_id: int, rule_id: str) -> Promotion | None:
    """The promotion that keeps an incident from one of this rule; None when it is free.

    A delivered project keeps its incidents from other rules: they are being handed back. Its own rule may take one
    that is still open into the next project.
    """
    promotion = uow.promotions.of_incident(incident_id)
    if promotion is not None and promotion.state is PromotionState.DELIVERED and promotion.rule_id == rule_id:
        return None
    return promotion
