"""A link ends because one of its sides is gone: the other side is told, for nothing follows it any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, MergedAway, NotFound, Rejected
from bridge.model.incident import MERGED_INTO, Capability, Incident
from bridge.model.link import Link
from bridge.model.project import IssueChange
from bridge.ports import IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import Side
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, incident_effect, issue_effect, nothing
from bridge.usecases.relations import DUPLICATES
from bridge.usecases.unlink import ended

ON_ISSUE = "issue.farewell"
ON_INCIDENT = "incident.farewell"
Save = Callable[[UnitOfWork], None]


def whole(incident: Incident) -> Incident:
    """The incident as it is. Raises MergedAway for one that has become part of another."""
    if into := incident.fields.get(MERGED_INTO):
        raise MergedAway(str(incident.ref), f"it was merged into {incident.source} #{into}", into=into)
    return incident


def parted(link: Link, gone: Side, why: str, now: datetime, into: str = "") -> Save:
    """Stores that a link has ended because a side is gone, and that the other side is told why.

    `into` is the incident that the link's was merged into: the issues of both become duplicates.
    """

    def save(uow: UnitOfWork) -> None:
        ended(link, why, now)(uow)
        if gone is Side.ISSUE:
            uow.effects.enqueue([incident_effect(link, ON_INCIDENT, "")])
            return
        others = [other.issue_id for other in (uow.links.of_refs(link.ref.source, [into]) if into else [])]
        uow.effects.enqueue([issue_effect(link, ON_ISSUE, "", why=why, duplicates=next(iter(others), None))])

    return save


@dataclass(frozen=True, slots=True)
class Farewell:
    """The handlers of what is told when a link has ended; a side that is gone by then, too, is told nothing."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {ON_ISSUE: self.on_issue, ON_INCIDENT: self.on_incident}

    def on_issue(self, effect: Effect) -> Save:
        """A note on the own issue of an incident that is gone or was merged."""
        link, text, origin = self._said(effect, str(effect.payload["why"]))
        if link.issue_id is None:
            return nothing
        change = IssueChange(note=text, note_private=False, note_key=origin)
        other = effect.payload["duplicates"] if self.configured().policy.carried.relations else None
        try:
            _, journals = self.tracker.update_issue(link.issue_id, change, unsure=effect.unsure)
            if other is not None:
                self.tracker.relate(link.issue_id, other, DUPLICATES)
        except (NotFound, Forbidden, Rejected):
            return nothing

        def save(uow: UnitOfWork) -> None:
            for journal in journals:
                uow.own_writes.add(TRACKER_SYSTEM, str(link.issue_id), str(journal.id))

        return save

    def on_incident(self, effect: Effect) -> Save:
        """A private note on an open incident whose own issue is gone."""
        link, text, origin = self._said(effect, "")
        source, number = self.sources.get(link.ref.source), link.ref.external_id
        if source is None or Capability.PRIVATE_NOTE not in source.capabilities:
            return nothing
        try:
            if not source.read(number).state.is_open:
                return nothing
            found = source.find_note(number, origin) if effect.unsure else None
            note_id = found or source.add_note(number, text, private=True)
        except (NotFound, Forbidden):
            return nothing

        def save(uow: UnitOfWork) -> None:
            if note_id:
                uow.own_writes.add(link.ref.source, number, note_id)

        return save

    def _said(self, effect: Effect, why: str) -> tuple[Link, str, str]:
        configured = self.configured()
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            promotion = uow.promotions.get(link.promotion_id)
        origin = configured.policy.note_origin(link.ref, f"link {link.id} ended")
        url = configured.policy.project_url(promotion.identifier)
        text = configured.texts.render("link_ended", incident_ref=str(link.ref), why=why, project_url=url)
        return link, f"{text}\n\n{origin}", origin
