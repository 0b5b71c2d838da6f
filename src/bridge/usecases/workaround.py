"""The known workaround of a promotion, with which its open incidents are resolved."""

from __future__ import annotations

from datetime import datetime

from bridge.model.effect import EffectSpec
from bridge.model.link import Link
from bridge.model.promotion import Promotion
from bridge.planning import knowledge
from bridge.ports import UnitOfWork
from bridge.usecases.deliver.effects import issue_effect
from bridge.usecases.resolving import WORKAROUND, resolve

LOOK = "link.workaround"
NAME = "workaround"
SAID = "workaround.said"
"""Where a promotion keeps the workaround that a person said (`Promotion.terms`)."""


def workaround(uow: UnitOfWork, promotion: Promotion, link: Link, now: datetime, after: tuple[str, ...]) -> None:
    """Resolves an incident with the rule's workaround, or looks for one in the project's wiki first."""
    text = known(promotion)
    if text:
        resolve_with(uow, promotion, link, text, now, after)
    else:
        uow.effects.enqueue([look_effect(link, after)])


def known(promotion: Promotion) -> str:
    """What helps until the project is done, in a person's words, else the rule's; empty: perhaps its wiki knows."""
    return promotion.terms.get(SAID, "") or promotion.terms.get("workaround", "")


def look_effect(link: Link, after: tuple[str, ...]) -> EffectSpec:
    """The effect that looks for the workaround in the project's wiki."""
    return issue_effect(link, LOOK, NAME, after=after)


def resolve_with(
    uow: UnitOfWork, promotion: Promotion, link: Link, text: str, now: datetime, after: tuple[str, ...] = ()
) -> None:
    """Resolves an incident with a workaround as its closing note."""
    tell = {"text": "incident_workaround", "what": NAME, "values": {"workaround": text}}
    resolve(
        uow, promotion, link, NAME, now, why=WORKAROUND, tell=tell, reason=" ".join(text.split())[:200], after=after
    )


def section(page: str) -> str:
    """What stands under the heading “Workaround” of a wiki page; empty when there is none, see planning.knowledge."""
    return knowledge.section(page, knowledge.TITLES["workaround"])
