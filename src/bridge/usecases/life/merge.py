"""Joins two projects: one goes on with the incidents of both, the other is closed and points at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.model.errors import NotPossible
from bridge.model.exclusion import Ending, Exclusion
from bridge.model.promotion import RUNNING, Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.usecases.attach import attach
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.ledger.leases import lease_end
from bridge.usecases.life.parting import close_effect
from bridge.usecases.life.said import root_note, root_stored

_S = PromotionState
_ADVICE = {
    _S.OPENING: "Wait until it is active.",
    _S.BLOCKED: "See `queue dead` and retry, or demote it.",
    _S.DELIVERED: "It is done; set its root issue back to work first.",
}


def merge_projects(
    uow: UnitOfWork, configured: Configured, promotion_id: int, into: int, actor: str, now: datetime, reason: str
) -> Promotion:
    """Lets an open project take in another active one: its incidents, and later ones of its group.

    Incidents that are open get an issue of their own there and are told; those that are over are only evidence. The
    time of the first is excluded up to now, that of the other from now on. A second time changes nothing.
    Raises NotFound, and NotPossible without a reason, into itself, or for projects that are not open.
    """
    promotion, target = uow.promotions.get(promotion_id), uow.promotions.get(into)
    if promotion.state is _S.MERGED and promotion.merged_into == into:
        return promotion
    where = f"promotion {promotion.id} “{promotion.name}”"
    if promotion.id == target.id:
        raise NotPossible(where, "cannot be merged into itself.", "Name the project that goes on.")
    if promotion.state is not _S.ACTIVE:
        what = f"is {promotion.state}: only an active project can be merged."
        raise NotPossible(where, what, _ADVICE.get(promotion.state, ""))
    if target.state not in RUNNING:
        what = f"promotion {into} “{target.name}” is {target.state}: only an open project can take it in."
        raise NotPossible(where, what, "See `promotions list --state active`.")
    if not reason.strip():
        raise NotPossible(where, "to merge it needs a reason.", "Say why: --reason.")
    merged = move(promotion, _S.MERGED)
    merged = replace(
        merged, decided_at=now, decision_note=reason.strip(), approved_by=actor, merged_into=into, attention=""
    )
    uow.promotions.save(merged)
    uow.ledger.audit(now, actor, "merged", f"promotion {promotion.id}", {"into": into, "reason": reason.strip()})
    members = [member.incident_id for member in uow.promotions.members(promotion.id)]
    running = [one for one in uow.exclusions.of_promotion(promotion.id) if one.ended_at is None]
    for incident_id in members:
        uow.exclusions.end(incident_id, promotion.id, now, Ending.MERGED)
    attach(uow, configured, target, members, now)
    _go_on(uow, configured, target, running, now)
    _owner_joins(uow, promotion, target)
    _tell(uow, configured, merged, target, actor, len(members))
    uow.effects.enqueue([close_effect(merged)])
    return merged


def _go_on(
    uow: UnitOfWork, configured: Configured, target: Promotion, running: Sequence[Exclusion], now: datetime
) -> None:
    """What was excluded when it was resolved stays so only while the project that goes on is one."""
    joined = {member.incident_id for member in uow.promotions.members(target.id)}
    ends = lease_end(configured, target, now)
    for one in running:
        if one.incident_id in joined and not uow.incidents.get(one.incident_id).state.is_open:
            of = (one.incident_id, target.id, one.policy)
            uow.exclusions.start(*of, now, target.reason, target.rule_version, expires_at=ends)


def _owner_joins(uow: UnitOfWork, promotion: Promotion, target: Promotion) -> None:
    """Who owned the one is a member of the other; its owner stays."""
    if promotion.owner and promotion.owner != target.owner:
        person = {"person": promotion.owner, "owner": False, "role": ""}
        after = root_stored(uow, target)
        uow.effects.enqueue([project_effect(target.id, "member.add", promotion.owner, after=after, **person)])


def _tell(
    uow: UnitOfWork, configured: Configured, merged: Promotion, target: Promotion, actor: str, incidents: int
) -> None:
    decided: dict[str, Any] = {"actor": actor, "reason": merged.decision_note}
    url = configured.policy.project_url
    if merged.root_issue_id is not None:
        there: dict[str, Any] = {"other": target.name, "url": url(target.identifier)}
        root_note(uow, configured, merged, "merged", "project_merged", parting=True, **there, **decided)
    here: dict[str, Any] = {"other": merged.name, "url": url(merged.identifier), "incidents": incidents}
    root_note(uow, configured, target, f"took in {merged.id}", "project_took_in", **here, **decided)
