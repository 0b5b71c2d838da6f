"""What becomes of a candidate: approved, rejected, deferred, merged. The same for the command line and for Redmine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from bridge.model.errors import NotPossible
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.usecases.attach import attach
from bridge.usecases.candidates.effects import tell
from bridge.usecases.candidates.form import edit, lacking
from bridge.usecases.candidates.policy import Outcome
from bridge.usecases.candidates.rules import rule_for
from bridge.usecases.claims import claims
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import activation
from bridge.usecases.opening import open_promotion
from bridge.usecases.taking import add_open_ones

_S = PromotionState
_UNSAID = {"until": "", "url": "", "project": ""}


def approve(
    uow: UnitOfWork,
    configured: Configured,
    promotion_id: int,
    actor: str,
    now: datetime,
    form: Mapping[str, str] | None = None,
    *,
    seen: bool = False,
) -> Promotion:
    """Opens a candidate's project, also of one that has expired. Approving it a second time changes nothing.

    `form` are last changes of its form. `seen`: the issue shows the decision already.
    Raises NotFound, NotPossible (owner or objective are missing, the rule is gone) and InvalidTransition (rejected,
    merged).
    """
    promotion = uow.promotions.get(promotion_id)
    if promotion.opened_at is not None and promotion.state not in WAITING:
        return promotion
    if promotion.state is _S.EXPIRED:
        promotion = _revived(uow, promotion, now)
    move(promotion, _S.OPENING)
    if form:
        promotion = edit(uow, configured, promotion_id, form, actor, now)
    where = _where(promotion)
    rule = rule_for(configured, promotion, now.date())
    if rule is None:
        raise NotPossible(
            where,
            f"its rule {promotion.rule_id} is no longer configured.",
            "Put the rule back, or reject the candidate.",
        )
    if missing := lacking(promotion):
        options = " ".join(f"--{name} …" for name in missing)
        what = f"it cannot be approved without {' and '.join(missing)}."
        raise NotPossible(where, what, f"Say `promotions approve {promotion.id} {options}`, or fill in its issue.")
    template = rule.project.template
    if template not in configured.templates:
        raise NotPossible(where, f"its template {template} is no longer there.", "Choose another one.")
    add_open_ones(uow, promotion, now)
    opened = open_promotion(uow, configured, promotion, rule, actor, now)
    _tell_decided(uow, configured, opened, Outcome.APPROVE, actor, "", seen=seen)
    tell(uow, opened, "opened", "candidate_opened", after=(activation(opened.id),))
    return opened


def _revived(uow: UnitOfWork, promotion: Promotion, now: datetime) -> Promotion:
    """A candidate that nobody decided in time is decided after all, unless another one took its place or incidents."""
    newest = uow.promotions.of_group(promotion.rule_id, promotion.group_key)
    if newest is not None and newest.id != promotion.id:
        what = f"has expired, and promotion {newest.id} took its place."
        raise NotPossible(_where(promotion), what, f"Decide about promotion {newest.id}.")
    taken = claims(uow, [member.incident_id for member in uow.promotions.members(promotion.id)], promotion.rule_id)
    for by in taken.values():
        what = (
            f"has expired, and {len(taken)} of its incidents belong to others, such as promotion {by.id} “{by.name}”."
        )
        raise NotPossible(_where(promotion), what, f"Decide about promotion {by.id}, or propose what is left anew.")
    revived = replace(move(promotion, _S.CANDIDATE), decided_at=None, decision_note="", waiting_since=now)
    uow.promotions.save(revived)
    return revived


def reject(
    uow: UnitOfWork,
    configured: Configured,
    promotion_id: int,
    actor: str,
    reason: str,
    now: datetime,
    *,
    seen: bool = False,
) -> Promotion:
    """Rejects a candidate for a reason that is kept.

    Raises NotFound, NotPossible without a reason, and InvalidTransition when it is no candidate any more.
    """
    promotion = uow.promotions.get(promotion_id)
    if promotion.state is _S.REJECTED:
        return promotion
    if not reason.strip():
        raise NotPossible(_where(promotion), "a rejection needs a reason.", "Say why, so that it is not asked again.")
    rejected = replace(move(promotion, _S.REJECTED), decided_at=now, decision_note=reason.strip(), approved_by=actor)
    uow.promotions.save(rejected)
    uow.ledger.audit(now, actor, "rejected", f"promotion {promotion.id}", {"reason": reason.strip()})
    _tell_decided(uow, configured, rejected, Outcome.REJECT, actor, reason, seen=seen)
    return rejected


def defer(
    uow: UnitOfWork,
    configured: Configured,
    promotion_id: int,
    actor: str,
    until: date,
    now: datetime,
    reason: str = "",
    *,
    seen: bool = False,
) -> Promotion:
    """Puts a candidate off until a day, when it comes back by itself.

    Raises NotFound, NotPossible for a day that has begun, InvalidTransition when it is no candidate any more.
    """
    promotion = uow.promotions.get(promotion_id)
    back = datetime.combine(until, time(), UTC)
    if back <= now:
        raise NotPossible(_where(promotion), f"{until} is no day to come.", "Choose a later one.")
    deferred = replace(
        move(promotion, _S.DEFERRED), deferred_until=back, decision_note=reason.strip(), from_history=False
    )
    if deferred == promotion:
        return promotion
    uow.promotions.save(deferred)
    uow.ledger.audit(now, actor, "deferred", f"promotion {promotion.id}", {"until": str(until), "reason": reason})
    _tell_decided(uow, configured, deferred, Outcome.DEFER, actor, reason, seen=seen, until=str(until))
    return deferred


def merge(
    uow: UnitOfWork,
    configured: Configured,
    promotion_id: int,
    into: int,
    actor: str,
    now: datetime,
    reason: str = "",
    *,
    seen: bool = False,
) -> Promotion:
    """Lets an open project take in a candidate: its incidents join it, and so do later ones of its group.

    Raises NotFound, NotPossible when there is no such open project, InvalidTransition.
    """
    promotion, target = uow.promotions.get(promotion_id), uow.promotions.get(into)
    if promotion.state is _S.MERGED and promotion.merged_into == into:
        return promotion
    if target.state not in RUNNING:
        what = f"promotion {into} “{target.name}” is {target.state}: only an open project can take it in."
        raise NotPossible(_where(promotion), what, "See `promotions list --state active`.")
    if promotion.state not in WAITING:
        raise NotPossible(_where(promotion), f"is {promotion.state}: only a waiting candidate can be merged.")
    add_open_ones(uow, promotion, now)
    merged = replace(
        move(promotion, _S.MERGED), decided_at=now, decision_note=reason.strip(), approved_by=actor, merged_into=into
    )
    uow.promotions.save(merged)
    uow.ledger.audit(now, actor, "merged", f"promotion {promotion.id}", {"into": into, "reason": reason.strip()})
    attach(uow, configured, target, [member.incident_id for member in uow.promotions.members(promotion.id)], now)
    url = configured.policy.project_url(target.identifier)
    _tell_decided(uow, configured, merged, Outcome.MERGE, actor, reason, seen=seen, url=url, project=target.name)
    return merged


def _tell_decided(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    outcome: Outcome,
    actor: str,
    reason: str,
    *,
    seen: bool,
    **values: Any,
) -> None:
    """Shows a decision in the candidate's issue; one that was made there is shown already, but for a merger's link."""
    if seen and outcome is not Outcome.MERGE:
        return
    status = "" if seen else configured.policy.candidates.status_for(outcome)
    # A deferred candidate comes back, and may be deferred again.
    name = f"{outcome} {values['until']}" if "until" in values else str(outcome)
    given = {"actor": actor, "outcome": str(outcome), "reason": reason.strip(), **_UNSAID, **values}
    tell(uow, promotion, name, "candidate_decided", status=status, **given)


def _where(promotion: Promotion) -> str:
    return f"promotion {promotion.id} “{promotion.name}”"
