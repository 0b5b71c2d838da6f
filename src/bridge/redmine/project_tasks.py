"""A project's issues with what they wait for, one request for a hundred."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bridge.calendar.business import FIRST_YEAR, LAST_YEAR
from bridge.model.errors import Forbidden, NotFound
from bridge.model.project_task import ProjectTask
from bridge.redmine import translate
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal

_FIRST = frozenset({"precedes", "blocks"})
"""Relations whose first issue must be done before the second."""


@dataclass(frozen=True, slots=True)
class ListedTasks:
    """Reads the list of issues. It gives spent hours and, when asked, relations (seen: 5.0.4)."""

    client: Client

    def of(self, project_id: int) -> list[ProjectTask]:
        """See ProjectTasks.of."""
        query = {"project_id": project_id, "subproject_id": "!*", "status_id": "*", "include": "relations"}
        try:
            return [_task(row) for row in self.client.all_issues(query)]
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, project_id, error, "View issues") from error


def _task(raw: Raw) -> ProjectTask:
    assignee = raw.get("assigned_to") or {}
    return ProjectTask(
        issue_id=raw["id"],
        project_id=raw["project"]["id"],
        subject=raw["subject"],
        status=raw["status"]["name"],
        closed=bool(raw["status"].get("is_closed")),
        parent_id=(raw.get("parent") or {}).get("id"),
        start=_day(raw.get("start_date")),
        due=_day(raw.get("due_date")),
        estimate=raw.get("estimated_hours"),
        spent=raw.get("spent_hours"),
        done_ratio=raw.get("done_ratio") or 0,
        assignee_id=assignee.get("id"),
        assignee_name=assignee.get("name", ""),
        version=(raw.get("fixed_version") or {}).get("name", ""),
        priority=(raw.get("priority") or {}).get("name", ""),
        created_at=translate.moment(raw["created_on"]),
        updated_at=translate.moment(raw["updated_on"]),
        closed_at=translate.moment(raw["closed_on"]) if raw.get("closed_on") else None,
        after=tuple(
            row["issue_id"]
            for row in raw.get("relations") or []
            if row["relation_type"] in _FIRST and row["issue_to_id"] == raw["id"]
        ),
    )


def _day(text: str | None) -> date | None:
    """A date; None where no calendar has the day, as 9999-12-31 for “some day”."""
    found = translate.day(text)
    return found if found and FIRST_YEAR < found.year < LAST_YEAR else None
