"""Whether a delivered project helped: its group stayed quiet, or its problem came again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.model.incident import Incident
from bridge.model.promotion import Promotion, PromotionState, move
from bridge.ports import UnitOfWork
from bridge.rules.durations import written
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import SKEW, later
from bridge.rules.on_recurrence import AfterDelivery
from bridge.rules.schema import Rule
from bridge.usecases.configured import Configured
from bridge.usecases.life.said import root_note
from bridge.usecases.reopen import reopening

MOST_NAMED = 10
USUAL_QUIET: timedelta = Rule.model_fields["quiet_for"].default
"""For a person's nomination, which no rule speaks for."""
_TICK = timedelta(microseconds=1)


def tick(uow: UnitOfWork, configured: Configured, now: datetime) -> None:
    """Judges every delivered promotion: one of its group was opened since, or it has been quiet for long enough.

    One whose rule is configured no more stays as it is: nobody can say what would be of its kind.
    """
    delivered = uow.promotions.in_states([PromotionState.DELIVERED])
    taken_in = uow.promotions.in_states([PromotionState.MERGED]) if delivered else []
    for promotion in delivered:
        rule = configured.rules.get(promotion.rule_id)
        if promotion.rule_id and rule is None:
            continue
        groups = [promotion, *(one for one in taken_in if one.merged_into == promotion.id)]
        _judge(uow, configured, promotion, rule, groups, now)


def _judge(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    rule: CompiledRule | None,
    groups: Iterable[Promotion],
    now: datetime,
) -> None:
    delivered = promotion.delivered_at or now
    for group in groups:
        since = came_again(uow, rule, group, delivered, now)
        if since is not None:
            newest = uow.groups.latest(group.rule_id, group.group_key, MOST_NAMED, now + SKEW)
            again = [incident for _, incident in newest if incident.opened_at > since]
            ineffective(uow, configured, promotion, again, now)
            return
    quiet = quiet_for(rule)
    if now - delivered >= quiet:
        verified = move(promotion, PromotionState.VERIFIED)
        uow.promotions.save(verified)
        length = written(quiet)
        uow.ledger.audit(now, "bridge", "verified", f"promotion {promotion.id}", {"quiet_for": length})
        name = f"verified {delivered.isoformat()}"
        root_note(uow, configured, verified, name, "project_verified", delivered_at=delivered, quiet=length)


def quiet_for(rule: CompiledRule | None) -> timedelta:
    """How long a group has to be quiet after the delivery of its project."""
    return rule.quiet_for if rule else USUAL_QUIET


def came_again(
    uow: UnitOfWork, rule: CompiledRule | None, group: Promotion, delivered: datetime, now: datetime
) -> datetime | None:
    """Since when the delivery counts as one that did not help, as an incident of the group was opened after it.

    None: none was.
    """
    since = _counted_from(rule, delivered)
    if since is None or since > now:
        return None
    again = uow.groups.opened(group.rule_id, group.group_key, since + _TICK, now + SKEW, 1)
    return since if again else None


def _counted_from(rule: CompiledRule | None, delivered: datetime) -> datetime | None:
    """What was opened later counts; None: nothing does. A rule may ignore what comes soon after the delivery."""
    asked = rule.rule.on_recurrence if rule else None
    if asked is None or asked.delivered is not AfterDelivery.IGNORE:
        return delivered
    return later(delivered, asked.within)


def ineffective(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, again: Sequence[Incident], now: datetime
) -> None:
    """A delivered project did not help: it says so, naming the incidents; one that goes back to work says it then."""
    failed = move(promotion, PromotionState.INEFFECTIVE)
    uow.promotions.save(failed)
    delivered = promotion.delivered_at or now
    incidents = sorted(again, key=lambda one: (one.opened_at, one.ref))
    detail = {"incidents": [str(one.ref) for one in incidents]}
    uow.ledger.audit(now, "bridge", "ineffective", f"promotion {promotion.id}", detail)
    if not uow.effects.is_stored(reopening(promotion.id, delivered)):
        name = f"ineffective {delivered.isoformat()}"
        values: dict[str, Any] = {"incidents": incidents, "delivered_at": delivered}
        root_note(uow, configured, failed, name, "project_ineffective", **values)


def came_back(uow: UnitOfWork, configured: Configured, promotion: Promotion, incident: Incident, now: datetime) -> None:
    """Somebody reopened an incident of a delivered project: for its caller the problem is still there."""
    if promotion.state is PromotionState.DELIVERED:
        ineffective(uow, configured, promotion, [incident], now)


def did_not_help(before: Promotion | None) -> list[str]:
    """What the reasons of a group's next promotion say of a delivered one before it; nothing where there was none.

    In a replay it is nowhere: only its name says something.
    """
    if before is None or before.delivered_at is None:
        return []
    where = f" ({before.identifier})" if before.identifier else ""
    which = f"promotion {before.id}" if before.tracker else "the project"
    return [f"{which} “{before.name}”{where}, delivered {before.delivered_at:%Y-%m-%d}, did not help"]
