"""Takes in what changed in an incident system, and decides about it in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.incident import Page, SavedIncident
from bridge.model.link import Link
from bridge.model.promotion import HANDED_OVER, RUNNING, Promotion, PromotionState
from bridge.ports import Clock, IncidentSource, Store, UnitOfWork
from bridge.usecases import periodic
from bridge.usecases.attach import reopened
from bridge.usecases.backfill import CURSOR, DONE, backfill, feed_of, note_reasons, note_start, propose
from bridge.usecases.candidates import lapse
from bridge.usecases.candidates.nominate import nominate_marked
from bridge.usecases.configured import Configured
from bridge.usecases.evidence import page_effect
from bridge.usecases.ledger.holds import follow_holds
from bridge.usecases.life import knowledge, place, verify
from bridge.usecases.promote import Finding, consider, join_groups, sweep
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.stopping import require_running

IN_STEP = HANDED_OVER | {PromotionState.ACTIVE, PromotionState.BLOCKED}


@dataclass(slots=True)
class Taken:
    """What one poll brought."""

    incidents: int = 0
    parked: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    """Why items were parked, each with the id of the first."""
    findings: list[Finding] = field(default_factory=list)
    nominated: list[Promotion] = field(default_factory=list)
    """Candidates that a tag or a field of an incident made."""
    told: list[tuple[str, datetime]] = field(default_factory=list)
    """Incidents that changed, with the source's time of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """Tells a source which incidents the store has, so that it follows them out of its query."""

    store: Store
    source: str

    def __call__(self, external_ids: Sequence[str]) -> frozenset[str]:
        """The subset that is known."""
        with self.store.reading() as uow:
            return uow.incidents.known(self.source, external_ids)


def poll(
    source: IncidentSource,
    store: Store,
    clock: Clock,
    configured: Callable[[], Configured],
    start_from: datetime | None = None,
) -> Taken:
    """Takes in what changed since the last poll. `configured` is asked inside each transaction: files may change.

    The first poll ever notes where to start; with `start_from` it builds history from then on first, and what the
    rules find there becomes candidates. Neither acts.
    """
    require_running(store, source.name)
    taken = Taken()
    with store.reading() as uow:
        cursor = uow.ledger.cursor(source.name, CURSOR)
        history = start_from is not None and uow.ledger.cursor(source.name, feed_of(start_from, None)) != DONE
    if start_from is not None and history:
        done = backfill(source, store, clock, configured, start_from, None)
        taken.incidents, taken.parked, taken.reasons = done.changed, done.parked, done.reasons
        with store.transaction() as uow:
            taken.findings += propose(uow, configured(), clock.now())
    if cursor is None:
        note_start(source, store)
        return taken
    for page in source.changes(cursor, Known(store, source.name)):
        if page.cursor == cursor and not page.snapshots and not page.poison:
            continue
        with store.transaction() as uow:
            take_page(uow, configured(), source.name, page, clock.now(), taken)
        cursor = page.cursor
    return taken


def take_page(uow: UnitOfWork, configured: Configured, source: str, page: Page, now: datetime, taken: Taken) -> None:
    """Takes in one page of a poll and moves the cursor. What a hook has had re-read since is not read once more."""
    seen = _reread(uow, source, page)
    take(uow, configured, source, page, now, taken, seen)
    uow.ledger.set_cursor(source, CURSOR, page.cursor)
    taken.told += [(one.incident.external_id, one.incident.updated_at) for one in page.snapshots]


def take(
    uow: UnitOfWork,
    configured: Configured,
    source: str,
    page: Page,
    now: datetime,
    taken: Taken,
    seen: Collection[str] = (),
) -> None:
    """Stores incidents, decides about the groups they touch, and asks for reconciliation of linked ones.

    Those `seen` are in step already.
    """
    saved = uow.incidents.save(page.snapshots, now)
    if page.poison:
        uow.ledger.park(source, page.poison, now)
    touched = join_groups(uow, configured, saved)
    _came_back(uow, configured, saved, now)
    follow_holds(uow, saved, now)
    findings = consider(uow, configured, touched, now)
    taken.findings += findings
    lapse.no_longer_history(uow, findings)
    taken.nominated += nominate_marked(uow, configured, saved, now)
    _reconcile(uow, page, {one.incident.external_id for one in saved}, seen, now)
    taken.incidents += len(saved)
    taken.parked += len(page.poison)
    note_reasons(taken.reasons, page.poison)


def _came_back(uow: UnitOfWork, configured: Configured, saved: Sequence[SavedIncident], now: datetime) -> None:
    """Evidence of a running project that is open again is kept in step like any open incident."""
    for one in saved:
        if one.before is None or one.before.state.is_open or not one.incident.state.is_open:
            continue
        promotion = uow.promotions.of_incident(one.id)
        if promotion is not None and promotion.state in RUNNING and not _is_linked(uow, one.id):
            reopened(uow, configured, promotion, one.id, one.incident, now)
        elif promotion is not None:
            verify.came_back(uow, configured, promotion, one.incident, now)


def _is_linked(uow: UnitOfWork, incident_id: int) -> bool:
    """Whether a running project keeps the incident in step; the link to one that was delivered is let go."""
    link = uow.links.of_incident(incident_id)
    return link is not None and uow.promotions.get(link.promotion_id).state in RUNNING


def _reread(uow: UnitOfWork, source: str, page: Page) -> set[str]:
    """The incidents that were re-read for a hook after everything that this page tells of them."""
    marks = {one.incident.external_id: one.mark for one in page.snapshots if one.mark}
    if not marks:
        return set()
    return {entity for entity, heard in uow.inbox.heard(source, marks).items() if heard.mark >= marks[entity]}


def _reconcile(uow: UnitOfWork, page: Page, changed: Collection[str], seen: Collection[str], now: datetime) -> None:
    """Asks for every linked incident that the source told of: a new note need not change the incident itself.

    The evidence page of a project follows its incidents.
    """
    if not page.snapshots:
        return
    source = page.snapshots[0].incident.source
    links = uow.links.of_refs(source, [s.incident.external_id for s in page.snapshots])
    for link in in_step(uow, links):
        if link.ref.external_id not in seen:
            uow.effects.enqueue_if_idle(reconcile_effect(link, f"incident at {now.isoformat()}"))
        if link.ref.external_id in changed:
            uow.effects.enqueue_if_idle(page_effect(link.promotion_id))


def in_step(uow: UnitOfWork, links: Sequence[Link]) -> list[Link]:
    """The links whose two sides are kept in step now."""
    return [
        link for link in links if link.issue_id is not None and uow.promotions.get(link.promotion_id).state in IN_STEP
    ]


def tick(store: Store, clock: Clock, configured: Callable[[], Configured]) -> list[Finding]:
    """Decides about groups and candidates whose time has come although nothing was heard of them."""
    with store.transaction() as uow:
        present, now = configured(), clock.now()
        findings = sweep(uow, present, now)
        lapse.tick(uow, present, now)
        periodic.tick(uow, present, now)
        verify.tick(uow, present, now)
        knowledge.tick(uow, now)
        place.tick(uow, present, now)
        return findings
