"""The time that people spent, as one list: it touches no issue's time of change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.model.errors import Forbidden, NotFound, RemoteUnavailable
from bridge.model.files import TimeEntry
from bridge.redmine.client import PAGE, Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.options import RedmineOptions

_PATH = "/time_entries.json"


@dataclass(frozen=True, slots=True)
class SpentTimes:
    """Reads time entries. Redmine can filter them by day, not by their time of change (seen: 5.0.4)."""

    client: Client
    options: RedmineOptions

    def since(self, day: date) -> Iterator[TimeEntry]:
        """See SpentTime.since. Raises RemoteUnavailable when Redmine ignored the filter."""
        query: Raw = {"project_id": self.options.parent_project, "spent_on": f">={day.isoformat()}", "limit": PAGE}
        seen: set[int] = set()
        offset = 0
        while True:
            rows = self._page({**query, "offset": offset})
            for row in rows:
                entry = _entry(row)
                if entry is not None and entry.day < day:
                    what = "Redmine ignored the filter spent_on."
                    raise RemoteUnavailable(f"Redmine GET {_PATH}", what, "Does a proxy change the query?")
                # the latest day comes first: what is added meanwhile moves the rest to the next page
                if entry is not None and entry.id not in seen:
                    seen.add(entry.id)
                    yield entry
            if len(rows) < PAGE:
                return
            # one row of the page before comes again, so that one that was removed meanwhile hides none
            offset += PAGE - 1

    def _page(self, query: Raw) -> list[Raw]:
        try:
            rows: list[Raw] = self.client.get(_PATH, "time_entries", query)
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, self.options.parent_project, error, "View spent time") from error
        return rows


def _entry(raw: Raw) -> TimeEntry | None:
    """A time entry; None for time that was spent on a project as a whole."""
    issue = raw.get("issue")
    if not issue:
        return None
    return TimeEntry(
        id=raw["id"],
        issue_id=issue["id"],
        user=(raw.get("user") or {}).get("name", ""),
        minutes=int((Decimal(str(raw["hours"])) * 60).to_integral_value()),
        day=date.fromisoformat(raw["spent_on"]),
        activity=(raw.get("activity") or {}).get("name", ""),
        comment=raw.get("comments") or "",
    )
