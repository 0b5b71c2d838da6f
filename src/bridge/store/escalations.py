"""Clocks that ran out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from bridge.model.errors import NotFound
from bridge.model.escalation import Escalation
from bridge.store import notice_tables, tables
from bridge.store.sql import next_id

_ROW, _INCIDENT = notice_tables.escalation, tables.incident


class StoredEscalations:
    """Implements bridge.repositories.Escalations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_incidents(self, after_id: int, limit: int) -> list[int]:
        """See the protocol."""
        query = select(_INCIDENT.c.id).where(_INCIDENT.c.is_open, _INCIDENT.c.id > after_id)
        return list(self._connection.execute(query.order_by(_INCIDENT.c.id).limit(limit)).scalars())

    def of(self, incident_id: int, clock: str) -> Escalation | None:
        """See the protocol."""
        found = self._all(select(_ROW).where(_ROW.c.incident_id == incident_id, _ROW.c.clock == clock))
        return found[0] if found else None

    def running(self) -> list[Escalation]:
        """See the protocol."""
        return self._all(select(_ROW).where(_ROW.c.ended_at.is_(None)).order_by(_ROW.c.id))

    def get(self, number: int) -> Escalation:
        """See the protocol."""
        found = self._all(select(_ROW).where(_ROW.c.id == number))
        if not found:
            raise NotFound(f"escalation {number}", "is not known.", "`escalations list` shows those that run.")
        return found[0]

    def save(self, escalation: Escalation) -> Escalation:
        """See the protocol."""
        number = escalation.id or next_id(self._connection, _ROW)
        values: dict[str, Any] = {name: getattr(escalation, name) for name in _ROW.columns.keys()}  # noqa: SIM118 - a collection, no dict
        values |= {"id": number, "told": list(escalation.told)}
        if escalation.id:
            self._connection.execute(update(_ROW).where(_ROW.c.id == number).values(values))
        else:
            self._connection.execute(insert(_ROW).values(values))
        return self.get(number)

    def _all(self, query: Select[Any]) -> list[Escalation]:
        rows = self._connection.execute(query).mappings()
        return [Escalation(**{**row, "told": tuple(row["told"])}) for row in rows]
