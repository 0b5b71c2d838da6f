"""A note on the root issue that begins with the broadcast mark goes to the project's open incidents, once each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import NotFound
from bridge.model.incident import Capability, Note
from bridge.model.link import Link
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.broadcast import Broadcast, broadcast_of
from bridge.usecases.comparing import journal_notes
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, incident_effect, nothing, project_effect
from bridge.usecases.missing import waits_for_source
from bridge.usecases.noted import to_incident
from bridge.usecases.policy import TRACKER_ENDPOINT

LISTEN = "root.listen"
TELL = "incident.broadcast"
SYSTEM = "broadcast"
DAY = timedelta(days=1)
_SPEAKS = frozenset({PromotionState.ACTIVE, PromotionState.BLOCKED, PromotionState.DELIVERED})
Save = Callable[[UnitOfWork], None]


def listen(uow: UnitOfWork, promotion: Promotion, issue_id: int, now: datetime) -> None:
    """The root issue changed: its notes are to be looked at. Another issue says nothing to others."""
    if issue_id == promotion.root_issue_id and promotion.state in _SPEAKS:
        uow.effects.enqueue_if_idle(
            EffectSpec(
                kind=LISTEN,
                key=f"{SYSTEM}:{promotion.id}",
                unique=f"promotion:{promotion.id}:{LISTEN}:{now.isoformat()}",
                endpoint=TRACKER_ENDPOINT,
                payload={"promotion": promotion.id},
                promotion_id=promotion.id,
            )
        )


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The handlers of `root.listen` and `incident.broadcast`."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {LISTEN: self.listen, TELL: self.tell}

    def listen(self, effect: Effect) -> Save:
        """Reads the root issue's new notes and stores what is to be told; what the bridge wrote asks for nothing."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            heard = int(uow.ledger.cursor(SYSTEM, f"heard {promotion.id}") or 0)
        if promotion.root_issue_id is None or promotion.state not in _SPEAKS:
            return nothing
        root = self.tracker.read_issue(promotion.root_issue_id)
        notes = (replace(note, private=note.private or root.private) for note in journal_notes(root))
        fresh = [note for note in notes if int(note.remote_id) > heard]
        if not fresh:
            return nothing

        def save(uow: UnitOfWork) -> None:
            own = uow.own_writes.known(TRACKER_SYSTEM, str(root.id), [note.remote_id for note in fresh])
            for note in fresh:
                if note.remote_id not in own:
                    self._hear(uow, promotion, note)
            uow.ledger.set_cursor(SYSTEM, f"heard {promotion.id}", fresh[-1].remote_id)

        return save

    def _hear(self, uow: UnitOfWork, promotion: Promotion, note: Note) -> None:
        configured, now = self.configured(), self.clock.now()
        marks = configured.policy.notes
        said = broadcast_of(note.text, marks.mark, marks.public_mark)
        if said is None:
            return
        feed = f"sent {promotion.id}"
        sent = [at for at in json.loads(uow.ledger.cursor(SYSTEM, feed) or "[]") if now - _moment(at) < DAY]
        detail: dict[str, Any] = {"journal": note.remote_id, "by": note.author}
        if len(sent) >= marks.most_per_day:
            uow.ledger.audit(now, "bridge", "broadcast refused", f"promotion {promotion.id}", detail)
            uow.effects.enqueue([_answer(configured, promotion, note, "too many")])
            return
        public = said.public and not note.private and configured.policy.public_notes
        links = [link for link in uow.links.all(promotion.id) if link.ended_at is None]
        incidents = uow.incidents.many(link.incident_id for link in links)
        links = [link for link in links if incidents[link.incident_id].state.is_open]
        uow.effects.enqueue([_tell_effect(configured, promotion, link, note, said, public=public) for link in links])
        uow.ledger.set_cursor(SYSTEM, feed, json.dumps([*sent, now.isoformat()]))
        detail |= {"incidents": len(links), "public": public}
        uow.ledger.audit(now, "bridge", "broadcast", f"promotion {promotion.id}", detail)
        if said.public and not public:
            uow.effects.enqueue([_answer(configured, promotion, note, "private")])

    def tell(self, effect: Effect) -> Save:
        """Writes it to one incident that is still open; one that is over, or gone, is left alone.

        One whose source is not configured waits for it.
        """
        payload = effect.payload
        with self.store.reading() as uow:
            link = uow.links.get(payload["link"])
        source = self.sources.get(link.ref.source)
        needed = Capability.PRIVATE_NOTE if payload["private"] else Capability.PUBLIC_NOTE
        if link.ended_at is not None:
            return nothing
        if source is None:
            raise waits_for_source(self.store, link, self.clock.now())
        if needed not in source.capabilities:
            return nothing
        number = link.ref.external_id
        try:
            is_open = source.read(number).state.is_open
        except NotFound:
            return nothing
        note_id = source.find_note(number, payload["origin"]) if effect.unsure else None
        if note_id is None and not is_open:
            return nothing
        if note_id is None:
            note_id = source.add_note(number, payload["text"], private=payload["private"])

        def save(uow: UnitOfWork) -> None:
            if note_id:
                uow.own_writes.add(link.ref.source, number, note_id)

        return save


def _tell_effect(
    configured: Configured, promotion: Promotion, link: Link, note: Note, said: Broadcast, *, public: bool
) -> EffectSpec:
    origin = configured.policy.note_origin(link.ref, f"to all, journal {note.remote_id}")
    text = configured.texts.render(
        "broadcast",
        note=note,
        promotion=promotion,
        text=to_incident(configured, link, replace(note, text=said.text)),
        project_url="" if public else configured.policy.project_url(promotion.identifier),
    )
    name = f"journal {note.remote_id}"
    return incident_effect(link, TELL, name, text=f"{text}\n\n{origin}", origin=origin, private=not public)


def _answer(configured: Configured, promotion: Promotion, note: Note, why: str) -> EffectSpec:
    """Tells the author on the root issue that it did not go out, or not as asked."""
    origin = configured.policy.origin(f"promotion {promotion.id}", f"broadcast {note.remote_id}")
    most = configured.policy.notes.most_per_day
    text = configured.texts.render("broadcast_answer", note=note, why=why, most_per_day=most)
    name = f"broadcast:{note.remote_id}"
    return project_effect(
        promotion.id, "root.note", name, text=f"{text}\n\n{origin}", origin=origin, private=note.private
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
