"""Looks for a project's workaround in its wiki, for an incident that is to be resolved with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, Forbidden, NotFound, Postponed
from bridge.model.promotion import Promotion
from bridge.planning.knowledge import KNOWLEDGE_PAGE
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.place import page_title, place_of
from bridge.usecases.policy import EVIDENCE_PAGE
from bridge.usecases.workaround import LOOK, known, resolve_with, section

Save = Callable[[UnitOfWork], None]
PAGES = ("Workaround", "Wiki", KNOWLEDGE_PAGE)
"""Where a project of its own may have it, beside the evidence page."""
ASK_AGAIN = 60.0
"""Seconds."""
NONE_KNOWN = (
    "no workaround is known, so incidents are linked and not resolved: write one under the heading “Workaround” of the"
    f" wiki page {EVIDENCE_PAGE}, in the rule as `incident.workaround`, or by `promotions workaround`."
)


@dataclass(frozen=True, slots=True)
class Workarounds:
    """The handler of `link.workaround`."""

    store: Store
    tracker: ProjectTracker
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {LOOK: self.look}

    def look(self, effect: Effect) -> Save:
        """Resolves the incident with what the wiki says; without a workaround it stays linked, and why is shown."""
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            promotion = uow.promotions.get(link.promotion_id)
        if link.ended_at is not None:
            return nothing
        text = self._in_wiki(promotion)

        def save(uow: UnitOfWork) -> None:
            now = self.clock.now()
            current = uow.promotions.get(promotion.id)
            if text:
                resolve_with(uow, current, link, text, now)
                return
            uow.ledger.audit(now, "bridge", "linked only", str(link.ref), {"why": NONE_KNOWN})
            if NONE_KNOWN not in current.attention:
                attention = "\n".join(filter(None, [current.attention, NONE_KNOWN]))
                uow.promotions.save(replace(current, attention=attention))

        return save

    def known(self, promotion: Promotion) -> str:
        """What a person said, the rule says, or the project's wiki; empty when nobody does, or it may not be read.

        Raises Postponed while the tracker cannot be asked.
        """
        if said := known(promotion):
            return said
        try:
            return self._in_wiki(promotion)
        except BridgeError as error:
            if error.permanent or isinstance(error, Forbidden | NotFound):
                return ""
            what = f"waits for the wiki of its project, which may know a workaround: {error.what}"
            raise Postponed(f"promotion {promotion.id}", what, retry_after=ASK_AGAIN) from error

    def _in_wiki(self, promotion: Promotion) -> str:
        if promotion.project_id is None:
            return ""
        evidence = page_title(promotion, EVIDENCE_PAGE)
        titles = (*PAGES, evidence) if place_of(promotion) is Place.PROJECT else (evidence,)
        pages = (self.tracker.read_page(promotion.project_id, title).text for title in titles)
        return next(filter(None, map(section, pages)), "")
