"""What is still written for a promotion that was undone or went into another one, and that nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.model.effect import Effect, EffectSpec
from bridge.model.promotion import Promotion, PromotionState
from bridge.usecases.candidates import effects as candidates
from bridge.usecases.deliver.effects import project_effect

CLOSE = "project.close"
PARTING: Mapping[str, Any] = {"parting": True}
"""Marks, in its payload, an effect that is delivered although its promotion is over."""
OVER = frozenset({PromotionState.DEMOTED, PromotionState.MERGED})
_IN_ITS_ISSUE = frozenset({candidates.OPEN, candidates.READ, candidates.SYNC, candidates.WRITE, candidates.TELL})


def close_effect(promotion: Promotion) -> EffectSpec:
    """Closes the project of a promotion that is over; one that was still being made is closed, too."""
    return project_effect(promotion.id, CLOSE, "", **PARTING)


def is_wanted(effect: Effect, promotion: Promotion) -> bool:
    """Whether an effect is still to be delivered. What was planned before a promotion ended falls away with it."""
    if promotion.state not in OVER or effect.kind in _IN_ITS_ISSUE:
        return True
    return bool(effect.payload.get("parting"))
