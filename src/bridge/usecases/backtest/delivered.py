"""Delivered projects of a replay: whether they helped, judged as bridge.usecases.life.verify judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.promotion import Promotion, PromotionState, move
from bridge.rules.ruleset import RuleSet
from bridge.usecases.backtest.book import Book
from bridge.usecases.backtest.near import NONE, Trace
from bridge.usecases.life.verify import came_again, quiet_for


@dataclass(slots=True)
class Delivered:
    """Looks at a delivered project when something happens to its group, and when its group is to have been quiet.

    In between nothing could come of it: rules look at one that did not help as at one that is only delivered.
    """

    book: Book
    rules: RuleSet
    _happened: list[Promotion] = field(default_factory=list)

    def happened(self, trace: Trace) -> None:
        """Something happened to a group."""
        delivered = self._of(trace)
        if delivered is not None:
            self._happened.append(delivered)

    def look(self, now: datetime) -> None:
        """What happened is decided: a project whose problem came again did not help."""
        for one in self._happened:
            promotion = self.book.promotions.get(one.id)
            if promotion.state is PromotionState.DELIVERED:
                self._failed(promotion, now)
        self._happened.clear()

    def quiet(self, trace: Trace, now: datetime) -> Promotion | None:
        """The group's project, when it is verified now."""
        promotion = self._of(trace)
        if promotion is None or self._failed(promotion, now):
            return None
        if now - (promotion.delivered_at or now) < quiet_for(self.rules.get(promotion.rule_id)):
            return None  # it went back to work meanwhile, and was delivered again
        verified = move(promotion, PromotionState.VERIFIED)
        self.book.promotions.save(verified)
        return verified

    def _of(self, trace: Trace) -> Promotion | None:
        """The group's project if it is delivered, and nothing more was found about it."""
        promotion = None if trace.promotion == NONE else self.book.promotions.all[trace.promotion]
        return promotion if promotion is not None and promotion.state is PromotionState.DELIVERED else None

    def _failed(self, promotion: Promotion, now: datetime) -> bool:
        rule, delivered = self.rules.get(promotion.rule_id), promotion.delivered_at or now
        if came_again(self.book.as_uow(), rule, promotion, delivered, now) is None:
            return False
        self.book.promotions.save(move(promotion, PromotionState.INEFFECTIVE))
        return True
