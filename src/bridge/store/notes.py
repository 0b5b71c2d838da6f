"""Notes that were carried over, and systems that are stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, select, update

from bridge.model.carried import CarriedNote
from bridge.model.stop import Stop
from bridge.store.note_tables import carried_note
from bridge.store.note_tables import stop as stop_table
from bridge.store.sql import Row, execute, fetch, insert_text, listed
from bridge.store.values import clean, micros, moment, short

_NOTE = carried_note
_COLUMNS = [name for name in _NOTE.columns.keys() if name != "id"]  # noqa: SIM118 - a collection, no dict
_ADD = (
    insert_text(_NOTE, [name for name in _COLUMNS if name not in ("missed_at", "gone_at")]) + " ON CONFLICT DO NOTHING"
)
_OF_LINK = select(_NOTE).where(_NOTE.c.link_id == bindparam("link"), _NOTE.c.gone_at.is_(None)).order_by(_NOTE.c.id)
_LINKS = "SELECT DISTINCT link_id FROM carried_note WHERE gone_at IS NULL AND link_id @among"
_STOP = insert_text(stop_table, ("system", "at", "code", "why")) + " ON CONFLICT DO NOTHING"
_STOPS = "SELECT system, at, code, why FROM stop ORDER BY system"  # plain text: asked before each delivery


class StoredCarriedNotes:
    """Implements bridge.repositories.CarriedNotes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notes: Sequence[CarriedNote]) -> None:
        """See the protocol."""
        for one in notes:
            execute(
                self._connection,
                _ADD,
                one.link_id,
                clean(one.side),
                short(one.remote_id),
                clean(one.author),
                micros(one.written_at),
                one.digest,
                one.private,
                one.revision,
            )

    def save(self, note: CarriedNote) -> None:
        """See the protocol."""
        values = asdict(note)
        key = [_NOTE.c[name] == values.pop(name) for name in ("link_id", "side", "remote_id")]
        self._connection.execute(update(_NOTE).where(*key).values(values))

    def of_link(self, link_id: int) -> list[CarriedNote]:
        """See the protocol."""
        rows = self._connection.execute(_OF_LINK, {"link": link_id}).mappings()
        return [CarriedNote(**{name: row[name] for name in _COLUMNS}) for row in rows]

    def links_with(self, link_ids: Sequence[int]) -> frozenset[int]:
        """See the protocol. One statement, whatever their number."""
        if not link_ids:
            return frozenset()
        return frozenset(row[0] for row in fetch(self._connection, _LINKS, listed(self._connection, link_ids)))


class StoredStops:
    """Implements bridge.repositories.Stops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Stop]:
        """See the protocol."""
        return [_stop(row) for row in fetch(self._connection, _STOPS)]

    def of(self, *systems: str) -> Stop | None:
        """See the protocol."""
        return next((_stop(row) for row in fetch(self._connection, _STOPS) if row[0] in systems), None)

    def add(self, stop: Stop) -> bool:
        """See the protocol."""
        values = clean(stop.system), micros(stop.at), stop.code, clean(stop.why)
        return bool(execute(self._connection, _STOP, *values))

    def lift(self, system: str) -> Stop | None:
        """See the protocol."""
        found = self.of(system)
        if found is not None:
            self._connection.execute(delete(stop_table).where(stop_table.c.system == system))
        return found


def _stop(row: Row) -> Stop:
    system, at, code, why = row
    return Stop(system=system, at=moment(at), code=code, why=why)
