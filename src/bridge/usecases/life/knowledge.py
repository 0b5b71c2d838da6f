"""Nothing is handed back before operations can read the cause and the fix, where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.model.effect import EffectSpec
from bridge.model.promotion import Promotion, PromotionState
from bridge.planning.knowledge import KNOWLEDGE_PAGE, filled
from bridge.ports import UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import project_effect
from bridge.usecases.gates import with_line
from bridge.usecases.life.said import report, root_note
from bridge.usecases.place import KNOWLEDGE_TERM, page_title, place_of

CHECK = "knowledge.check"
NEEDED = ("cause", "fix")
HELD = "delivered, but its knowledge page lacks "
"""Begins the line that says what keeps a delivery from being handed back."""


def is_required(configured: Configured, promotion: Promotion) -> bool:
    """Whether a promotion waits for its knowledge page: its rule says, else the settings for projects of their own."""
    asked = promotion.terms.get(KNOWLEDGE_TERM, "")
    if asked:
        return asked == "required"
    return configured.policy.life.knowledge and place_of(promotion) is Place.PROJECT


def check_effect(promotion: Promotion, why: str) -> EffectSpec:
    """Asks to look whether the page is filled in; it only reads. `why` tells one request from the others."""
    return project_effect(promotion.id, CHECK, why)


def ask(uow: UnitOfWork, promotion: Promotion, now: datetime) -> None:
    """The root says delivered: the page is looked at before anything is handed back."""
    uow.effects.enqueue_if_idle(check_effect(promotion, f"delivered:{now.isoformat()}"))


def tick(uow: UnitOfWork, now: datetime) -> None:
    """No poll sees a wiki page: those that keep a delivery waiting are looked at again, once a minute."""
    for promotion in uow.promotions.in_states([PromotionState.ACTIVE, PromotionState.BLOCKED]):
        if HELD in promotion.attention:
            uow.effects.enqueue([check_effect(promotion, f"again:{now.isoformat(timespec='minutes')}")])


def missing(text: str) -> tuple[str, ...]:
    """The needed parts in which nothing stands on a page."""
    return tuple(name for name in filled(text).missing if name in NEEDED)


def say_missing(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, lacks: Sequence[str], now: datetime
) -> None:
    """What holds the incidents back, on the root and for a person; once for each set of parts."""
    title = page_title(promotion, KNOWLEDGE_PAGE)
    line = f"{HELD}{' and '.join(lacks)}: fill in the wiki page {title}; nothing was handed back."
    if line in promotion.attention:
        return
    shown = report(uow, promotion, HELD, line, now)
    root_note(
        uow, configured, shown, f"knowledge {'+'.join(lacks)}", "knowledge_missing", missing=list(lacks), page=title
    )


def let_go(promotion: Promotion) -> Promotion:
    """The promotion without the line that says what held it back."""
    return replace(promotion, attention=with_line(promotion.attention, HELD, ""))
