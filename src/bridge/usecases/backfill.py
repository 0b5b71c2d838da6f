"""Builds history: stores past incidents and their groups. Writes nothing remotely and notifies nobody."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bridge.model.incident import Poison, SavedIncident
from bridge.ports import Clock, IncidentSource, Store, UnitOfWork
from bridge.rules.decision import DecisionKind
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Finding, Touched, add_candidate, join_groups, look

CURSOR = "incidents"
DONE = "done"
SCAN = 1000
MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is; `total` is None when the source does not tell."""

    incidents: int
    parked: int
    total: int | None


@dataclass(slots=True)
class Backfilled:
    """What a backfill brought.

    `left` is how many changed so lately that only polls may take them in, see `backfill`.
    """

    incidents: int = 0
    changed: int = 0
    parked: int = 0
    left: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    """Why items were parked, each with the id of the first, see `note_reasons`."""

    @property
    def counts(self) -> dict[str, int]:
        """The numbers, by the names that commands give them."""
        return {
            "incidents": self.incidents,
            "changed": self.changed,
            "parked": self.parked,
            "left_to_polls": self.left,
        }


def backfill(
    source: IncidentSource,
    store: Store,
    clock: Clock,
    configured: Callable[[], Configured],
    since: datetime,
    until: datetime | None,
    told: Callable[[Progress], None] = lambda _: None,
    polled: datetime | None = None,
) -> Backfilled:
    """Reads all incidents opened in [since, until); goes on where an interrupted one of the same range ended.

    `configured` is asked inside each transaction: files may change. With `polled`, the moment of a poll just done,
    whatever has changed since then is left to the next poll, which decides about it.
    """
    # What changes while history is read is found by the first poll afterwards.
    note_start(source, store)
    feed = feed_of(since, until)
    with store.reading() as uow:
        resume = uow.ledger.cursor(source.name, feed)
    result = Backfilled()
    with _left_alone():
        for page in source.history(since, until, None if resume == DONE else resume):
            snapshots = [s for s in page.snapshots if polled is None or s.incident.updated_at < polled]
            with store.transaction() as uow:
                saved = uow.incidents.save(snapshots, clock.now())
                if page.poison:
                    uow.ledger.park(source.name, page.poison, clock.now())
                join_groups(uow, configured(), saved)
                uow.ledger.set_cursor(source.name, feed, page.cursor)
            result.incidents += len(snapshots)
            result.left += len(page.snapshots) - len(snapshots)
            result.changed += len(saved)
            result.parked += len(page.poison)
            note_reasons(result.reasons, page.poison)
            told(Progress(result.incidents, result.parked, page.total))
    with store.transaction() as uow:
        uow.ledger.set_cursor(source.name, feed, DONE)
    return result


def note_reasons(reasons: dict[str, str], poison: Sequence[Poison]) -> None:
    """Adds why items were parked to what people are told: each reason once, and no more than a person reads."""
    for one in poison:
        if len(reasons) < MOST_REASONS:
            reasons.setdefault(one.error, one.external_id)


def feed_of(since: datetime, until: datetime | None) -> str:
    """The name under which a range's progress is stored; DONE there means that it was read to its end."""
    return f"backfill {since.isoformat()} {until.isoformat() if until else 'now'}"


def note_start(source: IncidentSource, store: Store) -> None:
    """Stores where polling is to begin, unless that is known already."""
    with store.reading() as uow:
        if uow.ledger.cursor(source.name, CURSOR) is not None:
            return
    start = source.start_cursor()
    with store.transaction() as uow:
        uow.ledger.set_cursor(source.name, CURSOR, start)


@contextmanager
def _left_alone() -> Iterator[None]:
    """Keeps garbage collections from what is in memory already: every page would have them look through it again.

    Without this a sixth of a backfill's time goes there (`make bench`, ingest).
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def proposals(uow: UnitOfWork, configured: Configured, now: datetime) -> list[Finding]:
    """What the rules find in the groups as they are now; stores nothing."""
    found = []
    for rule in configured.rules.rules:
        for key in uow.groups.keys(rule.id):
            finding = look(uow, configured, Touched(rule, key, ()), now)
            if finding is not None and finding.decision.kind in {DecisionKind.CANDIDATE, DecisionKind.OPEN}:
                found.append(finding)
    return found


def propose(uow: UnitOfWork, configured: Configured, now: datetime) -> list[Finding]:
    """Stores what the rules find in the groups as candidates for a person, whatever the rules' modes.

    They are told of together: one entry in the audit trail, one part of the agenda.
    """
    stored: list[Finding] = []
    digest: dict[str, list[int]] = {}
    for finding in proposals(uow, configured, now):
        promotion = uow.promotions.of_group(finding.rule.id, finding.group_key)
        if promotion is None or promotion.delivered_at is not None:
            added = add_candidate(uow, finding, now, from_history=True)
            digest.setdefault(finding.rule.id, []).append(added.id)
            stored.append(finding)
    if digest:
        uow.ledger.audit(now, "bridge", "digest", "candidates from history", {"promotions": digest})
    return stored


def activate_rules(
    store: Store, configured: Configured, now: datetime, swap: Callable[[], None] = lambda: None
) -> list[Finding]:
    """Makes new and changed rules active: groups what is stored, and turns older findings into candidates.

    A rule acts by itself only on incidents opened after this moment, also when it only comes back as it once was.
    `swap` puts `configured` in force; it is called in the same transaction, before which no page is taken in by the new
    rules and after which none by the old.
    """
    with store.reading() as uow:
        fresh = [rule for rule in configured.rules.rules if uow.ledger.activated_at(rule.id, rule.version) is None]
        gone = uow.ledger.active_rules() - configured.rules.ids
    if not fresh and not gone:
        swap()
        return []
    with store.transaction() as uow:
        swap()
        uow.ledger.forget_rules(gone)
        if not fresh:
            return []
        for rule in fresh:
            uow.groups.clear(rule.id)
            uow.similar.clear(rule.id)
            # Sources tell times in whole seconds: what was opened in this very second counts as after it.
            uow.ledger.activate_rule(rule.id, rule.version, now.replace(microsecond=0))
        _regroup(uow, configured)
        return propose(uow, configured, now)


def _regroup(uow: UnitOfWork, configured: Configured) -> None:
    last = 0
    while rows := uow.incidents.scan(last, SCAN):
        join_groups(uow, configured, [SavedIncident(i, incident, None) for i, incident in rows])
        last = rows[-1][0]
