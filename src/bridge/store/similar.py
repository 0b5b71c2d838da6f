"""Groups of similar summaries, each with its first member's fingerprint."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bridge.rules.similar import Representative, Shelf
from bridge.store import tables
from bridge.store.sql import execute, fetch, insert_text
from bridge.store.values import clean, short

_PLACED = (
    "SELECT s.group_key FROM group_member m"
    " JOIN similar_group s ON s.rule_id = m.rule_id AND s.group_key = m.group_key"
    " WHERE m.rule_id = ? AND m.incident_id = ? AND s.division = ?"
)
_HAS = "SELECT 1 FROM similar_group WHERE rule_id = ? AND group_key = ?"
_RECENT = (
    "SELECT group_key, fingerprint, started FROM similar_group"
    " WHERE rule_id = ? AND division = ? ORDER BY used DESC LIMIT ?"
)
_LAST = "SELECT max(used) FROM similar_group WHERE rule_id = ? AND division = ?"
_START = insert_text(tables.similar_group, ("rule_id", "group_key", "division", "fingerprint", "started", "used"))
_USE = "UPDATE similar_group SET used = ? WHERE rule_id = ? AND group_key = ?"
_CLEAR = "DELETE FROM similar_group WHERE rule_id = ?"


class StoredSimilarGroups:
    """Implements bridge.rules.similar.SimilarGroups. Who is in a group stands with all other groups' members."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def placed(self, rule_id: str, incident_id: int, division: str) -> str | None:
        """See the protocol. A key too long for an index comes back shortened, as for all groups."""
        found = fetch(self._connection, _PLACED, clean(rule_id), incident_id, short(division))
        return found[0][0] if found else None

    def has(self, rule_id: str, key: str) -> bool:
        """See the protocol."""
        return bool(fetch(self._connection, _HAS, clean(rule_id), short(key)))

    def recent(self, shelf: Shelf, limit: int) -> Sequence[Representative]:
        """See the protocol. Reads `limit` rows, however many there are."""
        return [Representative(*row) for row in fetch(self._connection, _RECENT, *_at(shelf), limit)]

    def start(self, shelf: Shelf, key: str, fingerprint: str) -> None:
        """See the protocol."""
        now = self._next(shelf)
        rule_id, division = _at(shelf)
        execute(self._connection, _START, rule_id, short(key), division, clean(fingerprint), now, now)

    def use(self, shelf: Shelf, key: str) -> None:
        """See the protocol."""
        execute(self._connection, _USE, self._next(shelf), clean(shelf.rule_id), short(key))

    def clear(self, rule_id: str) -> None:
        """See the protocol."""
        execute(self._connection, _CLEAR, clean(rule_id))

    def _next(self, shelf: Shelf) -> int:
        return int(fetch(self._connection, _LAST, *_at(shelf))[0][0] or 0) + 1


def _at(shelf: Shelf) -> tuple[str, str]:
    return clean(shelf.rule_id), short(shelf.division)
