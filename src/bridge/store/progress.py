"""The plans of projects as they were made, and the work that was left on each day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, select

from bridge.planning.progress import History
from bridge.planning.work import Baseline, PlannedWork
from bridge.store import progress_tables as tables
from bridge.store.sql import execute, insert_text, upsert_text
from bridge.store.values import to_json

_BASELINE, _DAY = tables.project_baseline, tables.project_day
_BEGIN = insert_text(_BASELINE, ("promotion_id", "made_on", "due", "tasks")) + " ON CONFLICT DO NOTHING"
_WRITE_DAY = upsert_text(_DAY, ("promotion_id", "day", "hours_left"))


class StoredProjectFigures:
    """Implements bridge.repositories.ProjectFigures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, promotion_id: int, baseline: Baseline) -> None:
        """See the protocol."""
        rows = [
            {**asdict(task), "start": task.start.isoformat(), "due": task.due.isoformat()} for task in baseline.tasks
        ]
        days = (baseline.made_on.isoformat(), baseline.due.isoformat())
        execute(self._connection, _BEGIN, promotion_id, *days, to_json({"tasks": rows}))

    def baseline(self, promotion_id: int) -> Baseline | None:
        """See the protocol."""
        query = select(_BASELINE).where(_BASELINE.c.promotion_id == promotion_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        tasks = tuple(
            PlannedWork(**{**one, "start": date.fromisoformat(one["start"]), "due": date.fromisoformat(one["due"])})
            for one in row["tasks"]["tasks"]
        )
        return Baseline(date.fromisoformat(row["made_on"]), date.fromisoformat(row["due"]), tasks)

    def write_day(self, promotion_id: int, day: date, hours_left: Mapping[str, float]) -> None:
        """See the protocol."""
        execute(self._connection, _WRITE_DAY, promotion_id, day.isoformat(), to_json(dict(hours_left)))

    def days(self, promotion_id: int) -> History:
        """See the protocol."""
        query = select(_DAY).where(_DAY.c.promotion_id == promotion_id).order_by(_DAY.c.day)
        found: dict[str, list[tuple[date, float]]] = {}
        for row in self._connection.execute(query).mappings():
            for name, hours in row["hours_left"].items():
                found.setdefault(name, []).append((date.fromisoformat(row["day"]), float(hours)))
        return found
