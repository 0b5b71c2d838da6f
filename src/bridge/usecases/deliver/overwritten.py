"""What somebody set on an issue in the moment before a write overwrote it: it is kept in a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bridge.model.project import Journal
from bridge.ports import ProjectTracker
from bridge.sync.plan import PERSON, STATE
from bridge.usecases.configured import Configured


def overwritten(
    tracker: ProjectTracker, configured: Configured, payload: Mapping[str, Any], journals: Iterable[Journal]
) -> list[dict[str, str]]:
    """The statuses and assignees that our journals replaced and that the plan had not seen."""
    return list(_found(tracker, configured, payload, list(journals)))


def _found(
    tracker: ProjectTracker, configured: Configured, payload: Mapping[str, Any], journals: list[Journal]
) -> Iterator[dict[str, str]]:
    status = next((one.changes["status_id"][0] for one in journals if "status_id" in one.changes), None)
    if status is not None and "was_status" in payload and STATE in payload:
        was = tracker.status_names().get(status, "")
        if was and was.casefold() != payload["was_status"].casefold():
            yield {"field": STATE, "kept": payload[STATE], "lost": was}
    assignee = next((one.changes["assigned_to_id"][0] for one in journals if "assigned_to_id" in one.changes), None)
    if assignee is not None and "was_assignee" in payload and assignee != str(payload["was_assignee"] or ""):
        person = configured.directory.person_by_redmine(int(assignee)) if assignee else None
        yield {"field": PERSON, "kept": payload.get(PERSON, ""), "lost": person.key if person else assignee}
