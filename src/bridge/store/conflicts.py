"""Conflicts, steps between statuses and offsets of clocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from bridge.model.conflict import ClockOffset, Conflict, Resolution, Why
from bridge.model.errors import NotFound
from bridge.store import sync_tables as tables
from bridge.store.sql import execute, execute_many, fetch, insert_text, upsert_text
from bridge.store.tables import link
from bridge.store.values import clean, micros, moment

_CONFLICT = tables.conflict
_COLUMNS = [column.name for column in _CONFLICT.columns if column.name != "id"]
_STEP = ("issue_tracker", "from_status", "to_status", "seen_at")
_LEARN = insert_text(tables.status_step, _STEP) + " ON CONFLICT (issue_tracker, from_status, to_status) DO NOTHING"
_STEPS = "SELECT from_status, to_status FROM status_step WHERE issue_tracker = ?"
_CLOCK = ("system", "earliest", "latest", "measured_at")
_SAVE_CLOCK = upsert_text(tables.clock_offset, _CLOCK)
_ONE_CLOCK = "SELECT earliest, latest, measured_at FROM clock_offset WHERE system = ?"
_MICROSECOND = timedelta(microseconds=1)


class StoredConflicts:
    """Implements bridge.repositories.Conflicts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, conflict: Conflict) -> Conflict:
        """See the protocol. Raises sqlalchemy's IntegrityError when the field has one that is not resolved."""
        done = self._connection.execute(insert(_CONFLICT).values(_values(conflict)).returning(_CONFLICT.c.id))
        return replace(conflict, id=done.scalar_one())

    def save(self, conflict: Conflict) -> None:
        """See the protocol."""
        self._connection.execute(update(_CONFLICT).where(_CONFLICT.c.id == conflict.id).values(_values(conflict)))

    def get(self, conflict_id: int) -> Conflict:
        """See the protocol."""
        row = self._connection.execute(select(_CONFLICT).where(_CONFLICT.c.id == conflict_id)).mappings().first()
        if row is None:
            raise NotFound(f"conflict {conflict_id}", "is not in the store.", "Look at `conflicts list --all`.")
        return _conflict(row)

    def open_of(self, link_id: int) -> Mapping[str, Conflict]:
        """See the protocol."""
        query = select(_CONFLICT).where(_CONFLICT.c.link_id == link_id, _CONFLICT.c.resolved_at.is_(None))
        return {row["field"]: _conflict(row) for row in self._connection.execute(query).mappings()}

    def resolved_since(self, link_id: int, since: datetime) -> Mapping[str, datetime]:
        """See the protocol."""
        query = (
            select(_CONFLICT.c.field, func.max(_CONFLICT.c.resolved_at))
            .where(_CONFLICT.c.link_id == link_id, _CONFLICT.c.resolved_at >= since)
            .group_by(_CONFLICT.c.field)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def all(self, *, resolved: bool = False) -> list[Conflict]:
        """See the protocol."""
        query = select(_CONFLICT).order_by(_CONFLICT.c.id)
        if not resolved:
            running = select(link.c.id).where(link.c.ended_at.is_(None))
            query = query.where(_CONFLICT.c.resolved_at.is_(None), _CONFLICT.c.link_id.in_(running))
        return [_conflict(row) for row in self._connection.execute(query).mappings()]


class StoredSyncMemory:
    """Implements bridge.repositories.SyncMemory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def learn_steps(self, issue_tracker: str, steps: Collection[tuple[str, str]], at: datetime) -> None:
        """See the protocol."""
        rows = [(clean(issue_tracker), clean(before), clean(after), micros(at)) for before, after in sorted(steps)]
        execute_many(self._connection, _LEARN, rows)

    def steps(self, issue_tracker: str) -> Mapping[str, frozenset[str]]:
        """See the protocol."""
        found: dict[str, set[str]] = {}
        for before, after in fetch(self._connection, _STEPS, clean(issue_tracker)):
            found.setdefault(before, set()).add(after)
        return {before: frozenset(after) for before, after in found.items()}

    def clock(self, system: str) -> tuple[ClockOffset, datetime] | None:
        """See the protocol."""
        rows = fetch(self._connection, _ONE_CLOCK, clean(system))
        if not rows:
            return None
        earliest, latest, at = rows[0]
        return ClockOffset(earliest * _MICROSECOND, latest * _MICROSECOND), moment(at)

    def save_clock(self, system: str, offset: ClockOffset, at: datetime) -> None:
        """See the protocol."""
        row = (clean(system), offset.earliest // _MICROSECOND, offset.latest // _MICROSECOND, micros(at))
        execute(self._connection, _SAVE_CLOCK, *row)


def _values(conflict: Conflict) -> dict[str, Any]:
    words = {"why": str(conflict.why), "resolution": str(conflict.resolution or "")}
    return {name: getattr(conflict, name) for name in _COLUMNS} | words


def _conflict(row: RowMapping) -> Conflict:
    resolution = Resolution(row["resolution"]) if row["resolution"] else None
    return Conflict(**{**row, "why": Why(row["why"]), "resolution": resolution})
