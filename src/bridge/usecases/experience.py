"""How long the earlier projects of a rule took: offered as due date where the rule names none."""

from __future__ import annotations

from bridge.calendar.business import BusinessCalendar
from bridge.model.promotion import Promotion, PromotionState
from bridge.planning.experience import Experience, experience
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured

MOST_LOOKED_AT = 50
_DONE = (PromotionState.DELIVERED, PromotionState.VERIFIED, PromotionState.INEFFECTIVE)


def experience_of(uow: UnitOfWork, rule_id: str, calendar: BusinessCalendar) -> Experience | None:
    """What the rule's latest delivered projects say; None where there is none."""
    if not rule_id:
        return None
    earlier = uow.promotions.of_rule(rule_id, _DONE, MOST_LOOKED_AT)
    return experience([(p.opened_at, p.delivered_at) for p in earlier if p.opened_at and p.delivered_at], calendar)


def offered(uow: UnitOfWork, configured: Configured, promotion: Promotion) -> Experience | None:
    """What a candidate's due date will rest on; None where a person or the rule names one, or nothing is known."""
    rule = configured.rules.get(promotion.rule_id)
    if rule is None or promotion.due is not None or rule.project.due is not None:
        return None
    calendar = configured.directory.calendar_of(promotion.owner or rule.project.owner)
    return experience_of(uow, promotion.rule_id, calendar)
