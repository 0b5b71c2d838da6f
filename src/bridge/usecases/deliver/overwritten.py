"""What somebody set on an issue in the moment before a write overwrote it: it is kept in a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bridge.model.incident import IncidentRef
from bridge.model.project import Issue, Journal
from bridge.ports import ProjectTracker
from bridge.sync.fields import CUSTOM, DONE, DUE, SUBJECT, SyncTable
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


def overwritten_fields(
    table: SyncTable, ref: IncidentRef, payload: Mapping[str, Any], issue: Issue, journals: Sequence[Journal]
) -> list[dict[str, str]]:
    """The same of the fields whose journals tell values and not numbers; `issue` is as it was read back."""
    found = []
    for name, shown in payload.get("shown", {}).items():
        key = _journalled(name, issue)
        old = next((one.changes[key][0] for one in journals if key in one.changes), None)
        if old is None or name not in payload:
            continue
        was = table.on_issue(name, _before(name, issue, old), ref)
        # of a field with several values, which show as one text, the history tells each by itself
        if was not in {None, shown, payload[name], *str(shown).split(", ")}:
            found.append({"field": name.removeprefix(CUSTOM), "kept": payload[name], "lost": was or ""})
    return found


def _journalled(name: str, issue: Issue) -> str:
    plain = {SUBJECT: "subject", DUE: "due_date", DONE: "done_ratio"}
    return plain.get(name) or f"cf_{issue.custom_ids.get(name.removeprefix(CUSTOM), 0)}"


def _before(name: str, issue: Issue, old: str) -> Issue:
    match name:
        case "subject":
            return replace(issue, subject=old)
        case "due":
            return replace(issue, due=date.fromisoformat(old) if old else None)
        case "done_ratio":
            return replace(issue, done_ratio=int(old or 0))
    return replace(issue, custom={**issue.custom, name.removeprefix(CUSTOM): old})
