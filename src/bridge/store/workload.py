"""What people have on their hands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bridge.model.project_task import ProjectTask
from bridge.store import notice_tables as tables
from bridge.store.sql import execute, fetch, upsert_text
from bridge.store.values import micros, moment, to_json

_SAVE = upsert_text(tables.project_tasks, ("project_id", "taken_at", "tasks"))
_TASKS = "SELECT tasks, taken_at FROM project_tasks WHERE project_id = ?"
_HOURS = (
    "SELECT source, team, sum(effort) FROM incident WHERE resolved_at >= ? AND resolved_at < ? AND effort > 0"
    " GROUP BY source, team"
)


class StoredWorkload:
    """Implements bridge.repositories.Workload."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, project_id: int, tasks: Sequence[ProjectTask], taken_at: datetime) -> None:
        """See the protocol."""
        execute(self._connection, _SAVE, project_id, micros(taken_at), to_json([task.row() for task in tasks]))

    def tasks(self, project_id: int) -> tuple[list[ProjectTask], datetime | None]:
        """See the protocol."""
        found = fetch(self._connection, _TASKS, project_id)
        if not found:
            return [], None
        return [ProjectTask.of(row) for row in json.loads(found[0][0])], moment(found[0][1])

    def incident_hours(self, since: datetime, until: datetime) -> dict[tuple[str, str], float]:
        """See the protocol."""
        rows = fetch(self._connection, _HOURS, micros(since), micros(until))
        return {(source, team): float(hours) for source, team, hours in rows}
