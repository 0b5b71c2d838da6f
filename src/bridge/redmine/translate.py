"""Redmine's JSON as the bridge's own values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from bridge.model.files import Relation, RemoteFile
from bridge.model.project import Changed, Issue, Journal, Project
from bridge.redmine.client import Raw
from bridge.redmine.text import clean

_STATUS = {1: "active", 5: "closed", 9: "archived", 10: "being deleted"}
_PREFIX = {"attr": "", "cf": "cf_", "attachment": "attachment_", "relation": "relation_"}


def moment(text: str) -> datetime:
    """A time as Redmine shows it: whole seconds, UTC with Z."""
    return datetime.fromisoformat(text).astimezone(UTC)


def project(raw: Raw, base: str) -> Project:
    """A project; `base` is Redmine's address."""
    return Project(
        id=raw["id"],
        identifier=raw["identifier"],
        name=raw["name"],
        description=clean(raw.get("description") or ""),
        # lists and old versions may leave it out: then it must not count as private
        public=raw.get("is_public", True),
        status=_STATUS.get(raw.get("status", 1), str(raw.get("status"))),
        url=f"{base}/projects/{raw['identifier']}",
        parent_id=_id(raw.get("parent")),
    )


def issue(raw: Raw, base: str) -> Issue:
    """An issue, with its journals where they were asked for."""
    assignee = raw.get("assigned_to") or {}
    return Issue(
        id=raw["id"],
        project_id=raw["project"]["id"],
        subject=raw["subject"],
        description=clean(raw.get("description") or ""),
        status=raw["status"]["name"],
        closed=bool(raw["status"].get("is_closed")),
        updated_at=moment(raw["updated_on"]),
        url=f"{base}/issues/{raw['id']}",
        tracker=raw["tracker"]["name"],
        priority=raw["priority"]["name"],
        assignee_id=assignee.get("id"),
        assignee_name=assignee.get("name", ""),
        parent_id=_id(raw.get("parent")),
        start=day(raw.get("start_date")),
        due=day(raw.get("due_date")),
        done_ratio=raw.get("done_ratio") or 0,
        category=(raw.get("category") or {}).get("name", ""),
        custom={field["name"]: _text(field.get("value")) for field in raw.get("custom_fields") or ()},
        custom_ids={field["name"]: field["id"] for field in raw.get("custom_fields") or ()},
        is_parent=bool(raw.get("children")),
        allowed=_allowed(raw.get("allowed_statuses")),
        private=bool(raw.get("is_private")),
        journals=journals(raw),
        author_id=_id(raw.get("author")) or 0,
        author_name=(raw.get("author") or {}).get("name", ""),
        created_at=moment(raw["created_on"]) if raw.get("created_on") else None,
        files=tuple(map(file, raw.get("attachments") or ())),
        relations=tuple(
            Relation(row["issue_id"], row["issue_to_id"], row["relation_type"]) for row in raw.get("relations") or ()
        ),
    )


def file(raw: Raw) -> RemoteFile:
    """A file of an issue."""
    return RemoteFile(
        id=str(raw["id"]),
        name=raw.get("filename") or "",
        content_type=raw.get("content_type") or "",
        size=raw.get("filesize"),
        author=(raw.get("author") or {}).get("name", ""),
        created_at=moment(raw["created_on"]) if raw.get("created_on") else None,
    )


def changed(raw: Raw) -> Changed:
    """A row of a list of issues."""
    return Changed(
        id=raw["id"],
        project_id=raw["project"]["id"],
        status=raw["status"]["name"],
        closed=bool(raw["status"].get("is_closed")),
        assignee_id=_id(raw.get("assigned_to")),
        updated_at=moment(raw["updated_on"]),
        subject=raw.get("subject") or "",
    )


def journals(raw: Raw) -> tuple[Journal, ...]:
    """The history of an issue, by id."""
    return tuple(sorted(map(_journal, raw.get("journals") or []), key=lambda journal: journal.id))


def day(text: str | None) -> date | None:
    """A date such as a due date."""
    return date.fromisoformat(text) if text else None


def custom_values(raw: Raw) -> dict[int, str]:
    """Values of custom fields by id; several values are joined by a comma and a blank."""
    fields: list[Raw] = raw.get("custom_fields") or []
    return {field["id"]: _text(field.get("value")) for field in fields}


def _journal(raw: Raw) -> Journal:
    user = raw.get("user") or {}
    return Journal(
        id=raw["id"],
        user_id=user.get("id", 0),
        user_name=user.get("name", ""),
        created_at=moment(raw["created_on"]),
        notes=clean(raw.get("notes") or ""),
        private=bool(raw.get("private_notes")),
        changes={
            _PREFIX.get(detail["property"], detail["property"] + "_") + str(detail["name"]): (
                _text(detail.get("old_value")),
                _text(detail.get("new_value")),
            )
            for detail in raw.get("details") or []
        },
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _allowed(rows: list[Raw] | None) -> frozenset[str] | None:
    return None if rows is None else frozenset(row["name"] for row in rows)


def _id(reference: Raw | None) -> int | None:
    return reference["id"] if reference else None
