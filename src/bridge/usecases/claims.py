"""Which promotion has an incident: the first rule that claims it wins, until its project is done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.model.promotion import HANDED_OVER, Promotion
from bridge.ports import UnitOfWork


def claimed_by(uow: UnitOfWork, incident_id: int, rule_id: str) -> Promotion | None:
    """The promotion that keeps an incident from one of this rule; None when it is free."""
    return claims(uow, [incident_id], rule_id).get(incident_id)


def claims(uow: UnitOfWork, incident_ids: Iterable[int], rule_id: str) -> Mapping[int, Promotion]:
    """The promotions that keep incidents from one of this rule; those that are free are left out.

    A delivered project keeps its incidents from other rules: they are being handed back. Its own rule may take one
    that is still open into the next project.
    """
    found = uow.promotions.claims(incident_ids)
    return {
        incident_id: promotion
        for incident_id, promotion in found.items()
        if promotion.state not in HANDED_OVER or promotion.rule_id != rule_id
    }
