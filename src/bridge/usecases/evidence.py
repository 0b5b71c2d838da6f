"""The evidence of a promotion, as the root issue and the wiki page show it."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.effect import EffectSpec
from bridge.model.incident import Incident
from bridge.model.promotion import Promotion, Role
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.policy import EVIDENCE_PAGE


@dataclass(frozen=True, slots=True)
class Evidence:
    """One incident of a promotion and why it belongs to it."""

    incident: Incident
    role: Role
    is_open: bool


def evidence_of(uow: UnitOfWork, promotion: Promotion) -> list[Evidence]:
    """All incidents of a promotion, oldest first."""
    members = uow.promotions.members(promotion.id)
    incidents = uow.incidents.many(member.incident_id for member in members)
    rows = [Evidence(incidents[m.incident_id], m.role, incidents[m.incident_id].state.is_open) for m in members]
    return sorted(rows, key=lambda row: (row.incident.opened_at, row.incident.ref))


def page_effect(promotion_id: int, *, after: tuple[str, ...] = ()) -> EffectSpec:
    """The effect that brings the evidence page up to date; what it says is found when it is delivered."""
    return project_effect(promotion_id, "page.write", EVIDENCE_PAGE, after=after)


def evidence_text(uow: UnitOfWork, configured: Configured, promotion: Promotion) -> str:
    """The bridge's section of the evidence page as it should be now."""
    return configured.texts.render(
        "evidence_page", promotion=configured.shown(promotion), evidence=evidence_of(uow, promotion)
    )
