"""Incidents, their timeline and their facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bridge.kpi.facts import IncidentFacts
from bridge.model.errors import NotFound
from bridge.model.incident import Incident, IncidentRef, SavedIncident, Snapshot, TimelineEvent
from bridge.store import rows, tables
from bridge.store.days import add_days
from bridge.store.derive import derive
from bridge.store.rows import UPDATED_AT
from bridge.store.sql import Row, execute_many, fetch, insert_text, listed, next_id, select_text, upsert_text
from bridge.store.values import clean, micros

_GET = select_text(rows.INCIDENT, "FROM incident WHERE id = ?")
_MANY = select_text(("id", *rows.INCIDENT), "FROM incident WHERE id @among")
_STORED = select_text(("id", *rows.INCIDENT), "FROM incident WHERE source = ? AND external_id @among")
_FIND = "SELECT id FROM incident WHERE source = ? AND external_id = ?"
_SCAN = select_text(("id", *rows.INCIDENT), "FROM incident WHERE id > ? ORDER BY id LIMIT ?")
_FACTS = select_text(
    ("incident_id", *rows.FACT), "FROM incident_fact WHERE incident_id > ? ORDER BY incident_id LIMIT ?"
)
_FACTS_OF = select_text(("incident_id", *rows.FACT), "FROM incident_fact WHERE incident_id @among")
_KNOWN = "SELECT external_id FROM incident WHERE source = ? AND external_id @among"
_TIMELINES = select_text(("incident_id", *rows.EVENT), "FROM timeline WHERE incident_id @among ORDER BY id")
_SAVE = upsert_text(tables.incident, ("id", *rows.INCIDENT))
_APPEND = insert_text(tables.timeline, ("incident_id", *rows.EVENT))
_SAVE_FACTS = upsert_text(tables.incident_fact, ("incident_id", *rows.FACT))

_Key = tuple[str, str]


@dataclass(slots=True)
class _Entry:
    """What one page does to one incident. Rows of INCIDENT and EVENT, not objects: this is the hot path."""

    stored: Row | None
    row: Row
    incident: Incident | None
    id: int = 0
    timeline: Sequence[Row] = ()
    told: list[Row] = field(default_factory=list)  # by the source, perhaps not for the first time
    news: list[Row] = field(default_factory=list)  # what the timeline does not have
    uncounted: bool = False
    fact: Row = ()

    @property
    def changed(self) -> bool:
        return self.row != self.stored

    def measure(self) -> None:
        """Computes the facts, and from them the counts that the source does not keep."""
        events = [*self.timeline, *self.news]
        self.fact = rows.fact_row(self.row, events)
        if self.uncounted:
            row = rows.counted(self.row, self.fact)
            if row != self.row:
                self.row, self.incident, self.fact = row, None, rows.fact_row(row, events)

    def saved(self) -> SavedIncident:
        """What the caller learns."""
        before = None if self.stored is None else rows.incident_of(self.stored)
        return SavedIncident(self.id, self.incident or rows.incident_of(self.row), before)


class StoredIncidents:
    """Implements bridge.repositories.Incidents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, snapshots: Sequence[Snapshot], observed_at: datetime) -> list[SavedIncident]:
        """See the protocol. The number of statements does not depend on the number of snapshots or stored rows."""
        entries = self._entries(snapshots, observed_at)
        touched = [entry for entry in entries if entry.told or entry.changed]
        self._number(entry for entry in touched if entry.stored is None)
        self._load_timelines([entry for entry in touched if entry.stored is not None])
        for entry in touched:
            if entry.told:
                _sift(entry)
        touched = [entry for entry in touched if entry.news or entry.changed]
        for entry in touched:
            entry.measure()
        self._write(touched)
        return [entry.saved() for entry in touched]

    def get(self, incident_id: int) -> Incident:
        """See the protocol. Raises NotFound."""
        found = fetch(self._connection, _GET, incident_id)
        if not found:
            raise NotFound(f"incident {incident_id}", "is not in the store.")
        return rows.incident_of(found[0])

    def find(self, ref: IncidentRef) -> int | None:
        """See the protocol."""
        found = fetch(self._connection, _FIND, clean(ref.source), clean(ref.external_id))
        return found[0][0] if found else None

    def known(self, source: str, external_ids: Sequence[str]) -> frozenset[str]:
        """See the protocol."""
        cleaned = {clean(name): name for name in external_ids}
        found = fetch(self._connection, _KNOWN, clean(source), listed(self._connection, cleaned))
        return frozenset(cleaned[name] for (name,) in found)

    def many(self, incident_ids: Iterable[int]) -> dict[int, Incident]:
        """See the protocol. Unknown ids are left out."""
        found = fetch(self._connection, _MANY, listed(self._connection, incident_ids))
        return {row[0]: rows.incident_of(row[1:]) for row in found}

    def facts_of(self, incident_ids: Iterable[int]) -> dict[int, IncidentFacts]:
        """See the protocol. Unknown ids are left out."""
        found = fetch(self._connection, _FACTS_OF, listed(self._connection, incident_ids))
        return {row[0]: rows.facts_of(row[1:]) for row in found}

    def scan(self, after_id: int, limit: int) -> list[tuple[int, Incident]]:
        """See the protocol."""
        return [(row[0], rows.incident_of(row[1:])) for row in fetch(self._connection, _SCAN, after_id, limit)]

    def facts(self, after_id: int, limit: int) -> list[tuple[int, IncidentFacts]]:
        """See the protocol."""
        return [(row[0], rows.facts_of(row[1:])) for row in fetch(self._connection, _FACTS, after_id, limit)]

    def timeline(self, incident_id: int) -> list[TimelineEvent]:
        """An incident's timeline in the order it was stored."""
        return [rows.event_of(row) for row in self._timelines([incident_id]).get(incident_id, [])]

    def timelines(self, incident_ids: Sequence[int]) -> dict[int, list[TimelineEvent]]:
        """See the protocol."""
        return {one: [rows.event_of(row) for row in those] for one, those in self._timelines(incident_ids).items()}

    def _entries(self, snapshots: Sequence[Snapshot], observed_at: datetime) -> Iterable[_Entry]:
        """Plays the snapshots against what is stored: one entry per incident, in order of first appearance."""
        made = [(rows.incident_row(snapshot.incident), snapshot) for snapshot in snapshots]
        stored = self._stored(row for row, _ in made)
        observed = micros(observed_at)
        entries: dict[_Key, _Entry] = {}
        for told, snapshot in made:
            row, key = told, (told[0], told[1])
            entry = entries.get(key)
            if entry is None:
                known = stored.get(key)
                before = None if known is None else known[1:]
                entry = entries[key] = _Entry(before, before or row, None, known[0] if known else 0)
            else:
                before = entry.row
            if snapshot.uncounted:
                entry.uncounted = True
                row = row if before is None else rows.counted_like(row, before)
            if snapshot.events:
                entry.told.extend(map(rows.event_row, snapshot.events))
            if before is not None and (row == before or row[UPDATED_AT] < before[UPDATED_AT]):
                continue
            if not snapshot.events:
                entry.news.extend([(kind, value, at, observed, "") for kind, value, at in derive(before, row)])
            entry.row, entry.incident = row, None if snapshot.uncounted else snapshot.incident
        return entries.values()

    def _stored(self, made: Iterable[Row]) -> dict[_Key, Row]:
        by_source: dict[str, list[str]] = {}
        for row in made:
            by_source.setdefault(row[0], []).append(row[1])
        return {
            (row[1], row[2]): row
            for source, names in by_source.items()
            for row in fetch(self._connection, _STORED, source, listed(self._connection, names))
        }

    def _number(self, new: Iterator[_Entry]) -> None:
        first = next(new, None)
        if first is not None:
            first.id = next_id(self._connection, tables.incident)
            for number, entry in enumerate(new, first.id + 1):
                entry.id = number

    def _load_timelines(self, entries: Sequence[_Entry]) -> None:
        timelines = self._timelines([entry.id for entry in entries]) if entries else {}
        for entry in entries:
            entry.timeline = timelines.get(entry.id, ())

    def _timelines(self, incident_ids: Sequence[int]) -> dict[int, list[Row]]:
        timelines: dict[int, list[Row]] = {}
        for row in fetch(self._connection, _TIMELINES, listed(self._connection, incident_ids)):
            timelines.setdefault(row[0], []).append(row[1:])
        return timelines

    def _write(self, entries: Sequence[_Entry]) -> None:
        connection = self._connection
        known = [entry.id for entry in entries if entry.stored is not None]
        before = fetch(connection, _FACTS_OF, listed(connection, known)) if known else []
        after = [(entry.id, *entry.fact) for entry in entries]
        execute_many(connection, _SAVE, [(entry.id, *entry.row) for entry in entries if entry.changed])
        execute_many(connection, _APPEND, [(entry.id, *event) for entry in entries for event in entry.news])
        execute_many(connection, _SAVE_FACTS, after)
        add_days(connection, (row[1:] for row in after), (row[1:] for row in before))


def _sift(entry: _Entry) -> None:
    """Adds the told events that the timeline does not have: by the source's id, else by kind, value and moment."""
    seen = {_identity(event) for event in entry.timeline}
    for event in entry.told:
        identity = _identity(event)
        if identity not in seen:
            seen.add(identity)
            entry.news.append(event)


def _identity(event: Row) -> Row:
    kind, value, occurred, _, remote = event
    return (kind, remote) if remote else (kind, value, occurred)
