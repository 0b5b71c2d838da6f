"""What changed below the parent project since a cursor: one request of one row while nothing did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.model.errors import Forbidden, NotFound
from bridge.model.project import Changed, ChangedPage, Issue
from bridge.ports import Clock
from bridge.redmine import translate
from bridge.redmine.client import PAGE, Client, Raw
from bridge.redmine.cursor import Cursor, Reading, second, take
from bridge.redmine.explain import refusal
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.sync.clock_offset import ServerClock

_NEWEST_FIRST = "updated_on:desc,id:desc"


@dataclass(frozen=True, slots=True)
class Changes:
    """Polls the lists of issues."""

    client: Client
    names: Names
    options: RedmineOptions
    clock: Clock
    server_clock: ServerClock = field(default_factory=ServerClock)

    def start(self, project: str = "") -> str:
        """See ProjectTracker.start_cursor."""
        rows, _, reading = self._list(project, None, 1)
        self.names.account(fresh=True)
        at = translate.moment(rows[0]["updated_on"]) if rows else None
        return Cursor(at, reading.ended).to_json()

    def since(self, text: str, project: str = "") -> ChangedPage:
        """See ProjectTracker.changes. Raises ValueError for a cursor of something else."""
        cursor = Cursor.from_json(text)
        overlap = timedelta(seconds=self.options.overlap)
        if cursor.quiet and cursor.at is not None:
            rows, _, _ = self._list(project, cursor.at, 1)
            if not rows or translate.moment(rows[0]["updated_on"]) <= cursor.at:
                self.names.account()
                return ChangedPage((), text)
        base = cursor.base(overlap)
        rows, total, reading = self._list(project, base, PAGE)
        top = translate.moment(rows[0]["updated_on"]) if rows else None
        if total > len(rows):
            rows = list(self.client.all_issues(self._query(project, base)))
        delivered, following = take(cursor, map(translate.changed, rows), top, reading, overlap)
        # A Redmine with public projects answers a key that was withdrawn like anybody: a list without the private ones
        self.names.account(fresh=bool(delivered) or following != cursor)
        return ChangedPage(delivered, following.to_json())

    def look(self, issue_ids: Sequence[int]) -> tuple[Changed, ...]:
        """See ProjectTracker.look."""
        return tuple(map(translate.changed, self._rows(issue_ids)))

    def issues(self, issue_ids: Sequence[int]) -> tuple[Issue, ...]:
        """See ProjectTracker.issues."""
        return tuple(translate.issue(row, self.options.url) for row in self._rows(issue_ids))

    def _rows(self, issue_ids: Sequence[int]) -> Iterator[Raw]:
        for first in range(0, len(issue_ids), PAGE):
            wanted = issue_ids[first : first + PAGE]
            query = {"issue_id": ",".join(map(str, wanted)), "status_id": "*", "limit": PAGE}
            # whatever Redmine makes of the filter, nothing else is taken for what was asked for
            yield from (row for row in self.client.issue_list(query).rows if row["id"] in set(wanted))

    def _list(self, project: str, base: datetime | None, limit: int) -> tuple[list[Raw], int, Reading]:
        began = self.clock.now()
        query = {**self._query(project, base), "sort": _NEWEST_FIRST, "limit": limit}
        try:
            page = self.client.issue_list(query)
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, project or self.options.parent_project, error, "View issues") from error
        # the list was read before the answer was dated, at most as long before as it took
        date, ended = page.answer.date, self.clock.now()
        server = date - timedelta(seconds=page.answer.seconds + 1) if date else None
        if date is not None:
            self.server_clock.saw(date, began, ended)
        return page.rows, page.total, Reading(began, ended, server)

    def _query(self, project: str, base: datetime | None) -> Raw:
        """The parent project counts with everything below it, another one without."""
        query: Raw = {
            "project_id": project or self.options.parent_project,
            "subproject_id": "!*" if project else "*",
            "status_id": "*",
        }
        if base is not None:
            query["updated_on"] = f">={second(base)}"
        return query
