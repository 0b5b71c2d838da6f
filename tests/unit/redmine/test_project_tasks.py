"""A project's issues as a list of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from bridge.redmine.project_tasks import ListedTasks


@dataclass
class Listing:
    """As far as listing issues needs a client."""

    rows: list[dict[str, Any]]

    def all_issues(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of one project."""
        assert query["project_id"] == 70
        return self.rows


@pytest.mark.parametrize(
    ("written", "read"),
    [("2026-03-06", date(2026, 3, 6)), (None, None), ("9999-12-31", None), ("2205-03-06", None), ("0205-03-06", None)],
)
def test_a_day_that_no_calendar_has_is_none(written: str | None, read: date | None) -> None:
    """“Some day”, or a slip of the pen: else reminders and reports of all projects would fail for one task."""
    row = {
        "id": 12, "project": {"id": 70}, "subject": "Mend it", "status": {"name": "New"}, "start_date": written,
        "due_date": written, "created_on": "2026-03-02T08:00:00Z", "updated_on": "2026-03-02T08:00:00Z",
    }  # fmt: skip
    (task,) = ListedTasks(Listing([row])).of(70)  # type: ignore[arg-type]  # as far as needed
    assert (task.start, task.due) == (read, read)
