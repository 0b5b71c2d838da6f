"""Follows hints: what hooks point at is read again and taken in as if a poll had told it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bridge.model.errors import BridgeError
from bridge.model.hint import HintEnd, WaitingHint
from bridge.model.incident import IncidentRef
from bridge.model.link import Link
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.usecases.candidates.intake import issue_changed
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM
from bridge.usecases.hand_over import HandOver
from bridge.usecases.ingest import Known, Taken, in_step, take
from bridge.usecases.reconcile import KIND as RECONCILE
from bridge.usecases.reconcile import reconcile_effect

BUSY = timedelta(seconds=10)
"""How long a hint waits for the end of what the bridge itself is writing: it is probably about that."""


@dataclass(slots=True)
class Followed:
    """What became of hints, by their numbers. Those `waiting` are to be looked at again in a moment."""

    ends: dict[int, HintEnd] = field(default_factory=dict)
    waiting: list[WaitingHint] = field(default_factory=list)
    error: BridgeError | None = None

    def end(self, hints: Collection[WaitingHint], end: HintEnd) -> None:
        """They all end so."""
        self.ends.update(dict.fromkeys((one.id for one in hints), end))

    def save(self, uow: UnitOfWork, clock: Clock) -> None:
        """Stores the ends."""
        for end in HintEnd:
            if numbers := [number for number, found in self.ends.items() if found is end]:
                uow.inbox.handled(numbers, end, clock.now())


@dataclass(frozen=True, slots=True)
class Hints:
    """Follows hints. `configured` is asked inside each transaction."""

    store: Store
    configured: Callable[[], Configured]
    clock: Clock

    def incidents(self, source: IncidentSource, hints: Sequence[WaitingHint]) -> Followed:
        """Re-reads incidents of one source and takes them in; the cursor of its polls stays where it is.

        An error of the source ends all as unreadable: the poll brings them.
        """
        followed = Followed()
        with self.store.reading() as uow:
            links = {link.ref.external_id: link for link in uow.links.of_refs(source.name, _entities(hints))}
            todo = self._sifted(uow, followed, source.name, _not_late(uow, followed, hints), links)
        if not todo:
            self._save(followed)
            return followed
        asked = self._asked([links[entity] for entity in _entities(todo) if entity in links])
        try:
            page = source.look(_entities(todo), Known(self.store, source.name))
        except BridgeError as error:
            followed.error = error
            followed.end(todo, HintEnd.UNREADABLE)
            self._save(followed)
            return followed
        read = {snapshot.incident.external_id for snapshot in page.snapshots}
        poison = {item.external_id for item in page.poison}
        for one in todo:
            entity = one.hint.entity
            end = HintEnd.UNREADABLE if entity in poison else HintEnd.UNKNOWN
            followed.end([one], HintEnd.TAKEN if entity in read else end)
        with self.store.transaction() as uow:
            take(uow, self.configured(), source.name, page, self.clock.now(), Taken(), asked)
            followed.save(uow, self.clock)
        return followed

    def issues(self, tracker: ProjectTracker, hand_over: HandOver, hints: Sequence[WaitingHint]) -> Followed:
        """Re-reads issues and takes them in. One that is gone is left to the reconciliation of its link."""
        followed = Followed()
        with self.store.reading() as uow:
            ours = [one for one in hints if _is_ours(uow, int(one.hint.entity))]
            followed.end([one for one in hints if one not in ours], HintEnd.UNKNOWN)
            found = {one.hint.entity: uow.links.of_issue(int(one.hint.entity)) for one in ours}
            links = {entity: link for entity, link in found.items() if link is not None}
            todo = self._sifted(uow, followed, TRACKER_SYSTEM, ours, links)
        if not todo:
            self._save(followed)
            return followed
        try:
            rows = {str(row.id): row for row in tracker.look([int(entity) for entity in _entities(todo)])}
        except BridgeError as error:
            followed.error = error
            followed.end(todo, HintEnd.UNREADABLE)
            self._save(followed)
            return followed
        with self.store.transaction() as uow:
            now = self.clock.now()
            for entity in _entities(todo):
                if entity in rows:
                    hand_over.changed(uow, rows[entity], now)
                    if uow.intakes.of_issue(int(entity)) is not None:
                        issue_changed(uow, int(entity))
                elif entity in links:
                    uow.effects.enqueue_if_idle(reconcile_effect(links[entity], f"not found at {now.isoformat()}"))
            for one in todo:
                followed.end([one], HintEnd.TAKEN if one.hint.entity in rows else HintEnd.UNREADABLE)
            followed.save(uow, self.clock)
        return followed

    def _sifted(
        self,
        uow: UnitOfWork,
        followed: Followed,
        system: str,
        hints: Sequence[WaitingHint],
        links: dict[str, Link],
    ) -> list[WaitingHint]:
        """Those to be looked at: not what the bridge wrote itself, nor what it may be writing at this moment."""
        todo = []
        for one in hints:
            ids, link = one.hint.remote_ids, links.get(one.hint.entity)
            if ids and uow.own_writes.known(system, one.hint.entity, ids) == frozenset(ids):
                followed.end([one], HintEnd.ECHO)
            elif ids and link and self._is_being_written(uow, link) and self.clock.now() - one.received_at < BUSY:
                followed.waiting.append(one)
            else:
                todo.append(one)
        return todo

    def _is_being_written(self, uow: UnitOfWork, link: Link) -> bool:
        return any(kind != RECONCILE for kind in uow.effects.unfinished(f"link:{link.id}"))

    def _asked(self, links: Sequence[Link]) -> set[str]:
        """Asks for reconciliation first: it reads for itself, while the incident is taken in; who was asked for."""
        if not links:
            return set()
        with self.store.transaction() as uow:
            running = in_step(uow, links)
            for link in running:
                uow.effects.enqueue_if_idle(reconcile_effect(link, f"hook at {self.clock.now().isoformat()}"))
        return {link.ref.external_id for link in running}

    def _save(self, followed: Followed) -> None:
        if followed.ends:
            with self.store.transaction() as uow:
                followed.save(uow, self.clock)


def _entities(hints: Sequence[WaitingHint]) -> list[str]:
    return list(dict.fromkeys(one.hint.entity for one in hints))


def _not_late(uow: UnitOfWork, followed: Followed, hints: Sequence[WaitingHint]) -> list[WaitingHint]:
    """Without hints of changes after which the incident changed again and was read: sources tell whole seconds."""
    kept = []
    for one in hints:
        changed, ref = one.hint.changed_at, IncidentRef(one.hint.system, one.hint.entity)
        number = uow.incidents.find(ref) if changed is not None else None
        if changed is not None and number is not None and uow.incidents.get(number).updated_at > changed:
            followed.end([one], HintEnd.LATE)
        else:
            kept.append(one)
    return kept


def _is_ours(uow: UnitOfWork, issue_id: int) -> bool:
    return uow.promotions.task_of_issue(issue_id) is not None or uow.intakes.of_issue(issue_id) is not None
