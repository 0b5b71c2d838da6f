"""The tasks of a project, read as a list."""

from __future__ import annotations

from typing import Protocol

from bridge.model.project_task import ProjectTask


class ProjectTasks(Protocol):
    """Lists a project's issues."""

    def of(self, project_id: int) -> list[ProjectTask]:
        """All issues of a project, closed ones too, without those of projects below it; one request for a hundred.

        Raises NotFound or Forbidden when the project is gone, archived or no longer visible.
        """
