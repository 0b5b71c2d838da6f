"""Incidents, their timeline and their facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bridge.kpi.facts import IncidentFacts, facts
from bridge.model.errors import NotFound
from bridge.model.incident import Incident, IncidentRef, SavedIncident, Snapshot, TimelineEvent
from bridge.store import rows, tables
from bridge.store.derive import derive
from bridge.store.rows import UPDATED_AT
from bridge.store.sql import Row, execute_many, fetch, insert_text, listed, next_id, select_text, upsert_text
from bridge.store.values import clean

_GET = select_text(rows.INCIDENT, "FROM incident WHERE id = ?")
_MANY = select_text(("id", *rows.INCIDENT), "FROM incident WHERE id @among")
_STORED = select_text(("id", *rows.INCIDENT), "FROM incident WHERE source = ? AND external_id @among")
_FIND = "SELECT id FROM incident WHERE source = ? AND external_id = ?"
_SCAN = select_text(("id", *rows.INCIDENT), "FROM incident WHERE id > ? ORDER BY id LIMIT ?")
_FACTS = select_text(rows.FACT, "FROM incident_fact WHERE incident_id > ? ORDER BY incident_id LIMIT ?")
_KNOWN = "SELECT external_id FROM incident WHERE source = ? AND external_id @among"
_TIMELINES = select_text(rows.EVENT, "FROM timeline WHERE incident_id @among ORDER BY id")
_SAVE = upsert_text(tables.incident, ("id", *rows.INCIDENT))
_APPEND = insert_text(tables.timeline, rows.EVENT)
_SAVE_FACTS = upsert_text(tables.incident_fact, rows.FACT)

_Key = tuple[str, str]


@dataclass(slots=True)
class _Entry:
    """What one page does to one incident."""

    stored: Row | None
    row: Row
    incident: Incident
    id: int = 0
    timeline: list[TimelineEvent] = field(default_factory=list)
    told: list[TimelineEvent] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.row != self.stored


class StoredIncidents:
    """Implements bridge.repositories.Incidents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, snapshots: Sequence[Snapshot], observed_at: datetime) -> list[SavedIncident]:
        """See the protocol. The number of statements does not depend on the number of snapshots or stored rows."""
        entries = self._entries(snapshots, observed_at)
        touched = [entry for entry in entries if entry.changed or entry.told]
        self._number(entry for entry in touched if entry.stored is None)
        self._load_timelines([entry for entry in touched if entry.stored is not None])
        events = [(entry, _news(entry)) for entry in touched]
        saved = [(entry, news) for entry, news in events if news or entry.changed]
        self._write(saved)
        return [
            SavedIncident(entry.id, entry.incident, None if entry.stored is None else rows.incident_of(entry.stored))
            for entry, _ in saved
        ]

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

    def scan(self, after_id: int, limit: int) -> list[tuple[int, Incident]]:
        """See the protocol."""
        return [(row[0], rows.incident_of(row[1:])) for row in fetch(self._connection, _SCAN, after_id, limit)]

    def facts(self, after_id: int, limit: int) -> list[tuple[int, IncidentFacts]]:
        """See the protocol."""
        return [(row[0], rows.facts_of(row)) for row in fetch(self._connection, _FACTS, after_id, limit)]

    def timeline(self, incident_id: int) -> list[TimelineEvent]:
        """An incident's timeline in the order it was stored."""
        return self._timelines([incident_id]).get(incident_id, [])

    def _entries(self, snapshots: Sequence[Snapshot], observed_at: datetime) -> Iterable[_Entry]:
        """Plays the snapshots against what is stored: one entry per incident, in order of first appearance."""
        made = [(rows.incident_row(snapshot.incident), snapshot) for snapshot in snapshots]
        stored = self._stored(row for row, _ in made)
        entries: dict[_Key, _Entry] = {}
        for row, snapshot in made:
            incident = snapshot.incident
            key = row[0], row[1]
            entry = entries.get(key)
            if entry is None:
                known = stored.get(key)
                if known is None:
                    entries[key] = _Entry(None, row, incident, told=_told(None, snapshot, observed_at))
                    continue
                before = incident if row == known[1:] else rows.incident_of(known[1:])
                entry = entries[key] = _Entry(known[1:], known[1:], before, known[0])
            if row == entry.row or row[UPDATED_AT] < entry.row[UPDATED_AT]:
                entry.told.extend(snapshot.events)
            else:
                entry.told.extend(_told(entry.incident, snapshot, observed_at))
                entry.row, entry.incident = row, incident
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
            entry.timeline = timelines.get(entry.id, [])

    def _timelines(self, incident_ids: Sequence[int]) -> dict[int, list[TimelineEvent]]:
        timelines: dict[int, list[TimelineEvent]] = {}
        for row in fetch(self._connection, _TIMELINES, listed(self._connection, incident_ids)):
            timelines.setdefault(row[0], []).append(rows.event_of(row))
        return timelines

    def _write(self, saved: Sequence[tuple[_Entry, list[TimelineEvent]]]) -> None:
        execute_many(self._connection, _SAVE, [(entry.id, *entry.row) for entry, _ in saved if entry.changed])
        execute_many(
            self._connection, _APPEND, [rows.event_row(entry.id, event) for entry, news in saved for event in news]
        )
        execute_many(
            self._connection,
            _SAVE_FACTS,
            [rows.fact_row(entry.id, facts(entry.incident, [*entry.timeline, *news])) for entry, news in saved],
        )


def _told(before: Incident | None, snapshot: Snapshot, observed_at: datetime) -> list[TimelineEvent]:
    return list(snapshot.events or derive(before, snapshot.incident, observed_at))


def _news(entry: _Entry) -> list[TimelineEvent]:
    """The told events that the timeline does not have: by the source's id, else by kind, value and moment."""
    if not entry.told:
        return []
    seen = {_identity(event) for event in entry.timeline}
    news = []
    for event in entry.told:
        identity = _identity(event)
        if identity not in seen:
            seen.add(identity)
            news.append(event)
    return news


def _identity(event: TimelineEvent) -> tuple[object, ...]:
    if event.remote_id:
        return event.kind, clean(event.remote_id)
    return event.kind, clean(event.value), event.occurred_at
