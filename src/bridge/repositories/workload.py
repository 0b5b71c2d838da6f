"""What people have on their hands: the tasks of projects as last read, and the hours that incidents took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bridge.model.project_task import ProjectTask


class Workload(Protocol):
    """Snapshots of projects' tasks, one for each project, and measured hours."""

    def save(self, project_id: int, tasks: Sequence[ProjectTask], taken_at: datetime) -> None:
        """Stores what a project's tasks are now, in place of what they were."""

    def tasks(self, project_id: int) -> tuple[list[ProjectTask], datetime | None]:
        """A project's tasks as last read, and when that was (None: never)."""

    def incident_hours(self, since: datetime, until: datetime) -> dict[tuple[str, str], float]:
        """The hours worked on incidents that were resolved in [since, until), by (source, team there)."""
