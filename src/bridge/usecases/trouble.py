"""What happens to a promotion when one of its writes can not be delivered, and when a person mends that."""

from __future__ import annotations

from dataclasses import replace

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.model.promotion import PromotionState, move
from bridge.ports import UnitOfWork
from bridge.usecases.refusals import remember

_OPENING_KINDS = ("project.", "task.", "page.", "member.", "promotion.")


def blocked(uow: UnitOfWork, effect: Effect, error: BridgeError) -> None:
    """A dead effect that builds a project blocks its promotion; any other is shown to a person and blocks nothing.

    A value of a planned write that is refused for good is remembered on its link.
    """
    remember(uow, effect, error)
    if effect.promotion_id is None:
        return
    promotion = uow.promotions.get(effect.promotion_id)
    what = _line(effect, error)
    kept = [line for line in promotion.attention.split("\n") if line and not line.startswith(_mark(effect))]
    attention = "\n".join([*kept, what])
    promotion = replace(promotion, attention=attention)
    if effect.kind.startswith(_OPENING_KINDS) and promotion.state is PromotionState.OPENING:
        promotion = move(promotion, PromotionState.BLOCKED)
    uow.promotions.save(promotion)


def unblocked(uow: UnitOfWork, effect: Effect) -> None:
    """The effect is tried again: its complaint goes, and without any other the promotion goes on opening."""
    if effect.promotion_id is None:
        return
    promotion = uow.promotions.get(effect.promotion_id)
    kept = [line for line in promotion.attention.split("\n") if not line.startswith(_mark(effect))]
    promotion = replace(promotion, attention="\n".join(kept))
    others = [dead for dead in uow.effects.dead(promotion.id) if dead.id != effect.id]
    if promotion.state is PromotionState.BLOCKED and not others:
        promotion = move(promotion, PromotionState.OPENING)
    uow.promotions.save(promotion)


def _mark(effect: Effect) -> str:
    return f"{effect.kind} of {effect.key}"


def _line(effect: Effect, error: BridgeError) -> str:
    told = " ".join(str(error).split())
    return (
        f"{_mark(effect)} could not be delivered and waits in the dead letters (effect {effect.id}): {told} "
        "After mending: `queue retry`."
    )
