"""Compares one link's notes with what was carried over: the handler of `link.compare`. It only reads remotely.

Besides edits and deletions it sees that a note was made private whose copy everybody can read: the bridge changes no
note that is written, so a person is asked to hide the copy, until it is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.model.carried import CarriedNote
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
from bridge.usecases.life.said import report
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
        now = self.clock.now()
        carried = uow.carried_notes.of_link(link.id)
        for side, notes in present.items():
            mine = [one for one in carried if one.side == side]
            told, silent = follow_ups(mine, notes, now)
            for one in silent:
                uow.carried_notes.save(one)
            for follow in told:
                self._follow(uow, link, incident, issue, follow, self._copies(link, follow.carried, present))
            hidden = [one for one in mine if one.private]
            attention = uow.promotions.get(link.promotion_id).attention if hidden else ""
            for one in hidden:
                start = _asked(link, one)
                if start in attention and all(copy.private for copy in self._copies(link, one, present)):
                    report(uow, uow.promotions.get(link.promotion_id), start, "", now)

    def _follow(
        self, uow: UnitOfWork, link: Link, incident: Incident, issue: Issue, follow: FollowUp, copies: Sequence[Note]
    ) -> None:
        """Has the other side told of one note, and a person asked where its copy is more public than it."""
        configured, now, one = self.configured(), self.clock.now(), follow.carried
        side, start = Side(one.side), _asked(link, one)
        public = [copy.remote_id for copy in copies if not copy.private] if follow.hidden else []
        if not (follow.note is None or follow.edited or copies):
            return  # the copy could not be written yet: it is looked at again
        uow.carried_notes.save(one)
        if public or follow.note is None:
            asked = f"{start}: {self._hide(link, issue, side, public)}" if public else ""
            report(uow, uow.promotions.get(link.promotion_id), start, asked, now)
        if not (follow.note is None or follow.edited or public):
            return
        private = self._is_private(side, incident, issue, follow)
        uow.effects.enqueue([follow_up_effect(configured, link, issue.id, follow, public, private=private)])
        detail = {"side": str(side), "note": one.remote_id}
        uow.ledger.audit(now, "bridge", f"note {follow.what}", str(link.ref), detail)

    def _copies(self, link: Link, one: CarriedNote, present: Mapping[Side, Sequence[Note]]) -> list[Note]:
        """What the bridge wrote on the other side about a note: its copy, and what was told of it since."""
        name = "note" if one.side == Side.INCIDENT else "journal"
        origin = self.configured().policy.note_origin(link.ref, f"{name} {one.remote_id}")
        begins = (origin, f"{origin.removesuffix(']')} ")
        return [note for note in present[Side(one.side).other] if _last_line(note.text).startswith(begins)]

    def _hide(self, link: Link, issue: Issue, side: Side, public: Sequence[str]) -> str:
        """Where the public copies are, and what to do."""
        url = self.configured().policy.issue_url(issue.id)
        where = f"Redmine issue #{issue.id}, {url}" if side is Side.INCIDENT else str(link.ref)
        return (
            f"its copy is still public (note {', '.join(public)} of {where}). Make it private or delete it there; the "
            "bridge changes no note that is written. This line goes when it is done."
        )

    def _is_private(self, side: Side, incident: Incident, issue: Issue, follow: FollowUp) -> bool:
        """As its copy is, and never more public than the note and its issue are now."""
        answers = self.configured().policy.public_notes and incident.state.is_open and not issue.private
        hidden = side is Side.ISSUE and not answers
        return follow.private or hidden


def journal_notes(issue: Issue) -> tuple[Note, ...]:
    """The notes in an issue's history."""
    return tuple(
        Note(str(one.id), one.user_name, one.created_at, one.notes, one.private) for one in issue.journals if one.notes
    )


def _asked(link: Link, one: CarriedNote) -> str:
    """Begins the line that asks a person to hide the copy of a note."""
    return f"{link.ref}: note {one.remote_id} of the {one.side} was made private"


def _last_line(text: str) -> str:
    return " ".join(text.rstrip().rpartition("\n")[2].split())


def _reconcile(uow: UnitOfWork, link: Link) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "not found when compared"))
