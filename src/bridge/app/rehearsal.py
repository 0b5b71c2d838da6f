"""What `once --dry-run` tells: the effects that would be stored, each with what it is about in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.effect import Effect
from bridge.model.errors import NotFound
from bridge.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Planned:
    """An effect that would be stored. `about` names its incident or promotion."""

    effect: Effect
    about: str


def planned(uow: UnitOfWork, effects: list[Effect]) -> list[Planned]:
    """Effects with what they are about."""
    return [Planned(effect, _about(uow, effect)) for effect in effects]


def _about(uow: UnitOfWork, effect: Effect) -> str:
    try:
        if "link" in effect.payload:
            link = uow.links.get(effect.payload["link"])
            issue = f" (issue #{link.issue_id})" if link.issue_id else ""
            number = uow.incidents.find(link.ref)
            summary = f" “{uow.incidents.get(number).summary}”" if number is not None else ""
            return f"{link.ref}{summary}{issue}"
        if effect.promotion_id is not None:
            promotion = uow.promotions.get(effect.promotion_id)
            return f"promotion “{promotion.name}”"
    except NotFound:
        return effect.key
    return effect.key
