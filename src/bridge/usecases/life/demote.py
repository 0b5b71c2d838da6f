"""Undoes a promotion that should not have been one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.model.effect import EffectSpec
from bridge.model.errors import NotPossible
from bridge.model.exclusion import Ending
from bridge.model.incident import Incident, State
from bridge.model.link import Link
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import incident_effect
from bridge.usecases.life.parting import PARTING, close_effect
from bridge.usecases.life.said import root_note
from bridge.usecases.unlink import DEMOTED, ended

_UNDOABLE = RUNNING | {PromotionState.DELIVERED}


def demote(
    uow: UnitOfWork, configured: Configured, promotion_id: int, actor: str, reason: str, now: datetime
) -> Promotion:
    """Takes a promotion back: links end, clocks run as if it had not been, its project is closed with a note.

    Open incidents are told privately, and what the bridge put on hold goes on; those that are over are not touched,
    nothing is deleted. Its group stays silent for the rule's `quiet_for`, as after a rejection. A second time changes
    nothing. Raises NotFound, and NotPossible without a reason or for a promotion that has no project to be undone.
    """
    promotion = uow.promotions.get(promotion_id)
    if promotion.state is PromotionState.DEMOTED:
        return promotion
    where = f"promotion {promotion.id} “{promotion.name}”"
    if promotion.state not in _UNDOABLE:
        advice = f"Say `promotions reject {promotion.id} --reason …`." if promotion.state in WAITING else ""
        raise NotPossible(where, f"is {promotion.state}: there is no project to be undone.", advice)
    if not reason.strip():
        raise NotPossible(where, "to undo it needs a reason.", "Say why: --reason.")
    demoted = move(promotion, PromotionState.DEMOTED)
    demoted = replace(demoted, decided_at=now, decision_note=reason.strip(), attention="")
    uow.promotions.save(demoted)
    uow.ledger.audit(now, actor, "demoted", f"promotion {promotion.id}", {"reason": reason.strip()})
    _resume_clocks(uow, promotion)
    _unlink(uow, promotion, reason.strip(), now)
    if promotion.root_issue_id is not None:
        values = {"actor": actor, "reason": reason.strip()}
        root_note(uow, configured, demoted, "demoted", "project_demoted", parting=True, **values)
    uow.effects.enqueue([close_effect(demoted)])
    return demoted


def _resume_clocks(uow: UnitOfWork, promotion: Promotion) -> None:
    """Its running exclusions end when they began: they take off nothing."""
    members = [member.incident_id for member in uow.promotions.members(promotion.id)]
    for incident_id, exclusions in uow.exclusions.of_incidents(members).items():
        for one in exclusions:
            if one.promotion_id == promotion.id and one.ended_at is None:
                uow.exclusions.end(incident_id, promotion.id, one.started_at, Ending.DEMOTED)


def _unlink(uow: UnitOfWork, promotion: Promotion, reason: str, now: datetime) -> None:
    links = [link for link in uow.links.all(promotion.id) if link.ended_at is None]
    incidents = uow.incidents.many(link.incident_id for link in links)
    for link in links:
        incident = incidents[link.incident_id]
        if incident.state.is_open:
            uow.effects.enqueue(_farewell(uow, link, incident, reason))
        ended(link, DEMOTED, now)(uow)


def _farewell(uow: UnitOfWork, link: Link, incident: Incident, reason: str) -> list[EffectSpec]:
    """What an open incident is told, and the end of a hold that the bridge set."""
    told: dict[str, Any] = {"text": "incident_demoted", "what": "demoted", "values": {"reason": reason}}
    effects = [incident_effect(link, "incident.tell", "demoted", **told, **PARTING)]
    held = uow.effects.is_stored(incident_effect(link, "incident.state", "hold").unique)
    if held and incident.state is State.ON_HOLD:
        state: dict[str, Any] = {"state": str(State.IN_PROGRESS), "was": str(State.ON_HOLD)}
        effects.append(incident_effect(link, "incident.state", "unhold", **state, **PARTING))
    return effects
