"""The known workaround of a promotion, with which its open incidents are resolved."""

from __future__ import annotations

import re
from datetime import datetime

from bridge.model.effect import EffectSpec
from bridge.model.link import Link
from bridge.model.promotion import Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.deliver.effects import issue_effect
from bridge.usecases.resolving import WORKAROUND, resolve

LOOK = "link.workaround"
NAME = "workaround"
TITLES = ("workaround", "变通方案", "临时解决方案", "临时解决办法")
"""What the heading of the section is called, whatever its case."""
_HEADING = re.compile(r"^(?:h([1-6])\.|(#{1,6}))[ \t]+(.+?)[ \t#:\uff1a]*$", re.MULTILINE)
_MARKED = re.compile(r"<notextile bridge-|\[bridge-")
"""Where a section that the bridge keeps up to date itself begins or ends."""


def workaround(uow: UnitOfWork, promotion: Promotion, link: Link, now: datetime, after: tuple[str, ...]) -> None:
    """Resolves an incident with the rule's workaround, or looks for one in the project's wiki first."""
    text = promotion.terms.get("workaround", "")
    if text:
        resolve_with(uow, promotion, link, text, now, after)
    else:
        uow.effects.enqueue([look_effect(link, after)])


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
    """What stands under the heading “Workaround” of a wiki page in Textile or Markdown; empty when there is none.

    It ends at the next heading of the same or a higher level, and where a section of the bridge's own begins.
    """
    page = page.replace("\r\n", "\n")
    for heading in _HEADING.finditer(page):
        if heading[3].strip().casefold() not in TITLES:
            continue
        level = _level(heading)
        rest = page[heading.end() :]
        ends = [one.start() for one in _HEADING.finditer(rest) if _level(one) <= level]
        ends += [one.start() for one in _MARKED.finditer(rest)]
        text = rest[: min(ends, default=len(rest))].strip()
        if text:
            return text
    return ""


def _level(heading: re.Match[str]) -> int:
    return int(heading[1]) if heading[1] else len(heading[2])
