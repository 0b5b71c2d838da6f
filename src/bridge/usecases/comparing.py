"""Compares one link's notes with what was carried over: the handler of `link.compare`. It only reads remotely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import Forbidden, NotFound
from bridge.model.incident import Incident, Note
from bridge.model.link import Link
from bridge.model.project import Issue
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import Side
from bridge.sync.notes import FollowUp, follow_ups
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.noted import follow_up_effect
from bridge.usecases.policy import both_sides
from bridge.usecases.reconcile import reconcile_effect

KIND = "link.compare"
Save = Callable[[UnitOfWork], None]


def compare_effect(link: Link, when: str) -> EffectSpec:
    """Asks for a comparison of a link's notes; `when` tells one request from the others."""
    return EffectSpec(
        kind=KIND,
        key=f"link:{link.id}",
        unique=f"link:{link.id}:{KIND}:{when}",
        endpoint=both_sides(link.ref.source),
        payload={"link": link.id},
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Reads all notes of both sides, and stores what is to be told of those that were edited or deleted."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {KIND: self.compare}

    def compare(self, effect: Effect) -> Save:
        """Compares one link; a side that is not found is left to the reconciliation, which finds out why."""
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
        source = self.sources.get(link.ref.source)
        if link.ended_at is not None or link.issue_id is None or source is None:
            return nothing
        try:
            incident = source.read(link.ref.external_id)
            notes = source.notes(link.ref.external_id, "")
            issue = self.tracker.read_issue(link.issue_id)
        except (NotFound, Forbidden):
            return lambda uow: _reconcile(uow, link)
        present = {Side.INCIDENT: notes, Side.ISSUE: journal_notes(issue)}
        return lambda uow: self._save(uow, link, incident, issue, present)

    def _save(
        self, uow: UnitOfWork, link: Link, incident: Incident, issue: Issue, present: Mapping[Side, Sequence[Note]]
    ) -> None:
        configured, now = self.configured(), self.clock.now()
        carried = uow.carried_notes.of_link(link.id)
        for side, notes in present.items():
            told, silent = follow_ups([one for one in carried if one.side == side], notes, now)
            for one in silent:
                uow.carried_notes.save(one)
            for follow in told:
                private = self._is_private(side, incident, follow)
                uow.carried_notes.save(follow.carried)
                uow.effects.enqueue([follow_up_effect(configured, link, issue.id, follow, private=private)])
                what = "deleted" if follow.note is None else "edited"
                detail = {"side": str(side), "note": follow.carried.remote_id}
                uow.ledger.audit(now, "bridge", f"note {what}", str(link.ref), detail)

    def _is_private(self, side: Side, incident: Incident, follow: FollowUp) -> bool:
        """As its copy is, and never more public than the note is now."""
        hidden = side is Side.ISSUE and not (self.configured().policy.public_notes and incident.state.is_open)
        return follow.private or hidden


def journal_notes(issue: Issue) -> tuple[Note, ...]:
    """The notes in an issue's history."""
    return tuple(
        Note(str(one.id), one.user_name, one.created_at, one.notes, one.private) for one in issue.journals if one.notes
    )


def _reconcile(uow: UnitOfWork, link: Link) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "not found when compared"))
