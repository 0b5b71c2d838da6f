"""Which incident belongs to which group of which rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bridge.model.incident import GroupRow, Incident
from bridge.model.promotion import CLAIMING
from bridge.store import rows, tables
from bridge.store.sql import execute, execute_many, fetch, listed, select_text, upsert_text
from bridge.store.values import clean, micros, short

_JOIN = upsert_text(tables.group_member, ("rule_id", "incident_id", "group_key", "opened_at"))
_LEAVE = "DELETE FROM group_member WHERE rule_id = ? AND incident_id = ?"
_CLEAR = "DELETE FROM group_member WHERE rule_id = ?"
_LATEST = select_text(
    ("incident.id", *(f"incident.{name}" for name in rows.INCIDENT)),
    "FROM group_member m JOIN incident ON incident.id = m.incident_id WHERE m.rule_id = ? AND m.group_key = ?"
    " AND m.opened_at <= ? ORDER BY m.opened_at DESC, m.incident_id DESC LIMIT ?",
)
# The order of the tables is the order of reading in SQLite: only open incidents, however large the group is.
_STILL_OPEN = select_text(
    ("incident.id", *(f"incident.{name}" for name in rows.INCIDENT)),
    "FROM incident CROSS JOIN group_member m WHERE incident.is_open AND (incident.opened_at, incident.id) > (?, ?)"
    " AND m.rule_id = ? AND m.incident_id = incident.id AND m.group_key = ?"
    " ORDER BY incident.opened_at, incident.id LIMIT ?",
)
_OPENED = (
    "SELECT count(*) FROM (SELECT 1 FROM group_member WHERE rule_id = ? AND group_key = ?"
    " AND opened_at >= ? AND opened_at < ? LIMIT ?) counted"
)
_EVER = 2**62
_BEFORE_ALL = (-_EVER, 0)
_SIZE = "SELECT count(*) FROM group_member WHERE rule_id = ? AND group_key = ?"
_KEYS = "SELECT DISTINCT group_key FROM group_member WHERE rule_id = ? ORDER BY group_key"
_RECENT = (
    "SELECT group_key FROM group_member WHERE rule_id = ? AND opened_at >= ?"
    " GROUP BY group_key ORDER BY max(opened_at) DESC, group_key LIMIT ?"
)
_OPEN_SINCE = (
    "SELECT m.group_key, m.incident_id FROM incident JOIN group_member m"
    " ON m.rule_id = ? AND m.incident_id = incident.id"
    " WHERE incident.is_open AND incident.opened_at < ? AND NOT EXISTS"
    " (SELECT 1 FROM promotion_member b JOIN promotion p ON p.id = b.promotion_id"
    " WHERE b.incident_id = incident.id AND p.state @among)"
    " ORDER BY incident.opened_at, incident.id"
)


class StoredGroups:
    """Implements bridge.repositories.Groups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self, rows: Sequence[GroupRow]) -> None:
        """See the protocol."""
        execute_many(
            self._connection,
            _JOIN,
            [(clean(row.rule_id), row.incident_id, short(row.group_key), micros(row.opened_at)) for row in rows],
        )

    def leave(self, rule_id: str, incident_id: int) -> None:
        """See the protocol."""
        execute(self._connection, _LEAVE, clean(rule_id), incident_id)

    def clear(self, rule_id: str) -> None:
        """See the protocol."""
        execute(self._connection, _CLEAR, clean(rule_id))

    def latest(
        self, rule_id: str, group_key: str, limit: int, until: datetime | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol. Reads `limit` rows, however large the group is."""
        last = _EVER if until is None else micros(until)
        found = fetch(self._connection, _LATEST, clean(rule_id), short(group_key), last, limit)
        return [(row[0], rows.incident_of(row[1:])) for row in found]

    def still_open(
        self, rule_id: str, group_key: str, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol. Reads open incidents only."""
        last = _BEFORE_ALL if after is None else (micros(after[0]), after[1])
        found = fetch(self._connection, _STILL_OPEN, *last, clean(rule_id), short(group_key), limit)
        return [(row[0], rows.incident_of(row[1:])) for row in found]

    def opened(self, rule_id: str, group_key: str, since: datetime, before: datetime, limit: int) -> int:
        """See the protocol. Reads `limit` entries of an index at most."""
        asked = (clean(rule_id), short(group_key), micros(since), micros(before), limit)
        return int(fetch(self._connection, _OPENED, *asked)[0][0])

    def size(self, rule_id: str, group_key: str) -> int:
        """See the protocol."""
        return int(fetch(self._connection, _SIZE, clean(rule_id), short(group_key))[0][0])

    def keys(self, rule_id: str) -> list[str]:
        """See the protocol. A key of more than 1,000 bytes is given back as it is stored: shortened, with a digest."""
        return [key for (key,) in fetch(self._connection, _KEYS, clean(rule_id))]

    def recent(self, rule_id: str, since: datetime, limit: int) -> list[str]:
        """See the protocol. Looks through the index of the rule's members, and keeps `limit` keys."""
        return [key for (key,) in fetch(self._connection, _RECENT, clean(rule_id), micros(since), limit)]

    def open_since(self, rule_id: str, before: datetime) -> list[tuple[str, int]]:
        """See the protocol: in no promotion that claims it. Oldest first; reads open incidents only."""
        states = listed(self._connection, sorted(CLAIMING))
        return [
            (key, number)
            for key, number in fetch(self._connection, _OPEN_SINCE, clean(rule_id), micros(before), states)
        ]
