"""A task of a project as a list of the tracker shows it: what reminders, forecasts and reports are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self

_DAYS = frozenset({"start", "due"})
_MOMENTS = frozenset({"created_at", "updated_at", "closed_at"})


@dataclass(frozen=True, slots=True)
class ProjectTask:
    """An issue. `estimate` and `spent` in hours, None where the account may not see them; `done_ratio` in per cent.

    `start` and `due` are None, too, where they are in no year that calendars cover. `after` are the issues that must be
    done first: they precede or block it. `version` is a title, "" without one.
    """

    issue_id: int
    project_id: int
    subject: str
    status: str
    closed: bool
    parent_id: int | None = None
    start: date | None = None
    due: date | None = None
    estimate: float | None = None
    spent: float | None = None
    done_ratio: int = 0
    assignee_id: int | None = None
    assignee_name: str = ""
    version: str = ""
    priority: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    after: tuple[int, ...] = ()

    def row(self) -> dict[str, Any]:
        """As plain values for JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in _DAYS | _MOMENTS:
            values[name] = values[name].isoformat() if values[name] else None
        return {**values, "after": list(self.after)}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From what `row` gave."""
        values = {**row, "after": tuple(row["after"])}
        for name in _DAYS:
            values[name] = date.fromisoformat(values[name]) if values[name] else None
        for name in _MOMENTS:
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        return cls(**values)
