"""Groups as rules would make them that are not in force: in a temporary file of their own, never in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime

from bridge.model.incident import GroupRow, Incident
from bridge.repositories import Incidents
from bridge.store.values import clean, micros, moment, short

PART = 500
_EVER = 2**62
_TABLE = (
    "CREATE TABLE member (rule_id TEXT, incident_id INTEGER, group_key TEXT, opened_at INTEGER,"
    " PRIMARY KEY (rule_id, incident_id)) WITHOUT ROWID;"
    "CREATE INDEX newest ON member (rule_id, group_key, opened_at, incident_id);"
)
_JOIN = "INSERT OR REPLACE INTO member (rule_id, group_key, incident_id, opened_at) VALUES (?, ?, ?, ?)"
_LATEST = (
    "SELECT incident_id FROM member WHERE rule_id = ? AND group_key = ? AND opened_at <= ?"
    " ORDER BY opened_at DESC, incident_id DESC LIMIT ?"
)
_AFTER = (
    "SELECT opened_at, incident_id FROM member WHERE rule_id = ? AND group_key = ?"
    " AND (opened_at, incident_id) > (?, ?) ORDER BY opened_at, incident_id LIMIT ?"
)
_OPENED = (
    "SELECT count(*) FROM (SELECT 1 FROM member WHERE rule_id = ? AND group_key = ?"
    " AND opened_at >= ? AND opened_at < ? LIMIT ?)"
)
_SIZE = "SELECT count(*) FROM member WHERE rule_id = ? AND group_key = ?"
_KEYS = "SELECT DISTINCT group_key FROM member WHERE rule_id = ? ORDER BY group_key"
_PLACED = "SELECT group_key FROM member WHERE rule_id = ? AND incident_id = ?"


class ScratchGroups:
    """The part of bridge.repositories.Groups that deciding needs. The incidents themselves come from the store."""

    def __init__(self, connection: sqlite3.Connection, incidents: Incidents) -> None:
        self._connection = connection
        self._incidents = incidents
        connection.executescript(_TABLE)

    def join(self, rows: Sequence[GroupRow]) -> None:
        """See the protocol."""
        values = [(clean(row.rule_id), short(row.group_key), row.incident_id, micros(row.opened_at)) for row in rows]
        self._connection.executemany(_JOIN, values)

    def placed(self, rule_id: str, incident_id: int) -> str | None:
        """The key of the group that an incident is in, None when it is in none."""
        found = self._connection.execute(_PLACED, (clean(rule_id), incident_id)).fetchone()
        return None if found is None else str(found[0])

    def latest(
        self, rule_id: str, group_key: str, limit: int, until: datetime | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol."""
        last = _EVER if until is None else micros(until)
        rows = self._connection.execute(_LATEST, (clean(rule_id), short(group_key), last, limit)).fetchall()
        return self._found([number for (number,) in rows])

    def still_open(
        self, rule_id: str, group_key: str, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol. Reads the group in parts."""
        found: list[tuple[int, Incident]] = []
        while len(found) < limit:
            last = (-_EVER, 0) if after is None else (micros(after[0]), after[1])
            rows = self._connection.execute(_AFTER, (clean(rule_id), short(group_key), *last, PART)).fetchall()
            if not rows:
                break
            found += [one for one in self._found([number for _, number in rows]) if one[1].state.is_open]
            after = (moment(rows[-1][0]), rows[-1][1])
        return found[:limit]

    def opened(self, rule_id: str, group_key: str, since: datetime, before: datetime, limit: int) -> int:
        """See the protocol."""
        return self._count(_OPENED, clean(rule_id), short(group_key), micros(since), micros(before), limit)

    def size(self, rule_id: str, group_key: str) -> int:
        """See the protocol."""
        return self._count(_SIZE, clean(rule_id), short(group_key))

    def keys(self, rule_id: str) -> list[str]:
        """See the protocol."""
        return [key for (key,) in self._connection.execute(_KEYS, (clean(rule_id),))]

    def _count(self, query: str, *values: str | int) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])

    def _found(self, numbers: list[int]) -> list[tuple[int, Incident]]:
        incidents = self._incidents.many(numbers)
        return [(number, incidents[number]) for number in numbers if number in incidents]


@contextmanager
def scratch_groups(incidents: Incidents) -> Iterator[ScratchGroups]:
    """Empty ones; what they take goes to a file without a name, which is gone afterwards, however it ends."""
    with closing(sqlite3.connect("")) as connection:
        yield ScratchGroups(connection, incidents)
