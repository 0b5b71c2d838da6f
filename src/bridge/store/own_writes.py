"""What the bridge itself wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bridge.ports import Clock
from bridge.store import tables
from bridge.store.sql import execute, fetch, insert_text, listed
from bridge.store.values import clean, micros

_ADD = insert_text(tables.own_write, ("system", "entity", "remote_id", "written_at")) + " ON CONFLICT DO NOTHING"
_ANY = "SELECT 1 FROM own_write WHERE system = ? AND entity = ? LIMIT 1"
_KNOWN = "SELECT remote_id FROM own_write WHERE system = ? AND entity = ? AND remote_id @among"


class StoredOwnWrites:
    """Implements bridge.repositories.OwnWrites."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, system: str, entity: str, remote_id: str) -> None:
        """See the protocol. Twice is once."""
        execute(self._connection, _ADD, clean(system), clean(entity), clean(remote_id), micros(self._clock.now()))

    def any(self, system: str, entity: str) -> bool:
        """See the protocol."""
        return bool(fetch(self._connection, _ANY, clean(system), clean(entity)))

    def known(self, system: str, entity: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """See the protocol."""
        cleaned = {clean(name): name for name in remote_ids}
        found = fetch(self._connection, _KNOWN, clean(system), clean(entity), listed(self._connection, cleaned))
        return frozenset(cleaned[name] for (name,) in found)
