"""Resolutions of a promotion's open incidents, no faster than their rule allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import Postponed
from bridge.model.link import Link
from bridge.model.promotion import HANDED_OVER, RUNNING, Promotion
from bridge.ports import Clock, Store, UnitOfWork
from bridge.rules.incident_part import Pace, parse_pace
from bridge.usecases.deliver.effects import incident_effect, nothing

KIND = "incident.turn"
NO_REMOTE = "bridge"
"""The endpoint of what writes to no remote system."""
DELIVERED, WORKAROUND = "delivered", "workaround"
_MEANWHILE = {
    DELIVERED: HANDED_OVER,
    WORKAROUND: RUNNING | HANDED_OVER,
}
"""The states of its promotion in which a resolution that had to wait is still wanted."""


def resolve(
    uow: UnitOfWork,
    promotion: Promotion,
    link: Link,
    name: str,
    now: datetime,
    *,
    why: str,
    tell: Mapping[str, Any],
    reason: str,
    after: tuple[str, ...] = (),
) -> None:
    """Tells an open incident and resolves it; with a pace it waits for its turn.

    `why` is DELIVERED or WORKAROUND; `tell` is the payload of the closing note.
    """
    asked = {"name": name, "why": why, "tell": dict(tell), "reason": reason}
    pace = _pace(promotion)
    if pace is None:
        uow.effects.enqueue(_effects(link, asked, after))
        return
    key = _line(promotion)
    before = len(uow.effects.unfinished(key)) + len(_taken(uow, promotion, pace, now))
    turn = EffectSpec(
        kind=KIND,
        key=key,
        unique=turn_name(link, name),
        endpoint=NO_REMOTE,
        payload={"link": link.id, **asked},
        after=after,
        run_at=now + before // pace.number * pace.per,
        promotion_id=promotion.id,
    )
    uow.effects.enqueue([turn])


def turn_name(link: Link, name: str) -> str:
    """The unique name of the effect that waits for a resolution's turn."""
    return f"link:{link.id}:{KIND}:{name}"


def _effects(link: Link, asked: Mapping[str, Any], after: tuple[str, ...] = ()) -> list[EffectSpec]:
    """The closing note, then the state."""
    told = incident_effect(link, "incident.tell", asked["name"], after=after, **asked["tell"])
    last = (told.unique,)
    resolved = incident_effect(
        link, "incident.state", asked["name"], state="resolved", reason=asked["reason"], after=last
    )
    return [told, resolved]


def _line(promotion: Promotion) -> str:
    """One line for all resolutions of a rule: whoever is first in it waits for the pace, the others behind."""
    return f"resolve:{promotion.rule_id or promotion.id}"


def _pace(promotion: Promotion) -> Pace | None:
    text = promotion.terms.get("resolve_at_most", "")
    return parse_pace(text) if text else None


def _taken(uow: UnitOfWork, promotion: Promotion, pace: Pace, now: datetime) -> list[datetime]:
    return uow.resolutions.taken(_line(promotion), now - pace.per, now, pace.number)


@dataclass(frozen=True, slots=True)
class Turns:
    """The handler of `incident.turn`. Never more resolutions than the pace in any stretch of its length.

    A resolution that was released and is not finished counts as if it were sent now, so that a source that was down
    does not get them all at once; it counts from the end of its sending.
    """

    store: Store
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Callable[[UnitOfWork], None]]]:
        """Kinds of effects and who delivers them."""
        return {KIND: self.turn}

    def turn(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Releases a resolution. Raises Postponed while the pace is used up."""
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            promotion = uow.promotions.get(link.promotion_id)
            now = self.clock.now()
            pace = _pace(promotion)
            taken = _taken(uow, promotion, pace, now) if pace else []
        if promotion.state not in _MEANWHILE[effect.payload["why"]]:
            return nothing
        if pace is not None and len(taken) >= pace.number:
            free = taken[pace.number - 1] + pace.per - now
            told = f"waits: the rule resolves {pace}."
            raise Postponed(str(link.ref), told, retry_after=max(free, timedelta(seconds=1)).total_seconds())
        told_and_resolved = _effects(link, effect.payload)

        def save(uow: UnitOfWork) -> None:
            uow.effects.enqueue(told_and_resolved)
            uow.resolutions.release(_line(promotion), told_and_resolved[-1].unique, self.clock.now())

        return save
