"""Real progress of a project: what people did in it, as the tracker tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from bridge.model.errors import Forbidden, NotFound
from bridge.model.files import TimeEntry
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import Promotion, Task
from bridge.ports import ProjectTracker
from bridge.rules.project_part import Place
from bridge.usecases.place import place_of

_EARLIEST_ZONE = timedelta(hours=14)
"""So long before UTC a day begins somewhere."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Something a person did: a note or change in an issue's history (`journal`), or time spent (`time entry`)."""

    at: datetime
    what: str
    issue_id: int

    def evidence(self) -> dict[str, object]:
        """What a row of the ledger says of it."""
        return {"progress": self.what, "at": self.at.isoformat(), "issue": self.issue_id}


@dataclass(slots=True)
class ProgressReader:
    """Reads projects of one tracker; entries of time are read once, however many projects are looked at."""

    tracker: ProjectTracker
    now: datetime
    _entries: dict[date, list[TimeEntry]] = field(default_factory=dict)

    def newest(self, promotion: Promotion, tasks: Iterable[Task], since: datetime) -> Progress | None:
        """The newest progress of a project after a moment, None when there was none.

        What the bridge's own account did is none. Issues that people added count, those of other projects do not.
        Raises NotFound or Forbidden when the project is gone or no longer visible.
        """
        issues = self._issues(promotion, tasks)
        found = [*self._journals(issues, since), *self._times(issues, since)]
        return max(found, key=lambda one: one.at, default=None)

    def _issues(self, promotion: Promotion, tasks: Iterable[Task]) -> list[ProjectTask]:
        if promotion.project_id is None:
            return []
        rows = self.tracker.tasks.of(promotion.project_id)
        if place_of(promotion) is not Place.PROJECT:
            own = {task.issue_id for task in tasks if task.issue_id is not None}
            size = -1
            while size != len(own):
                size = len(own)
                own |= {row.issue_id for row in rows if row.parent_id in own}
            rows = [row for row in rows if row.issue_id in own]
        return sorted(rows, key=_changed, reverse=True)

    def _journals(self, issues: Iterable[ProjectTask], since: datetime) -> Iterator[Progress]:
        """The newest one; issues that were changed before it are not read."""
        me = self.tracker.me()
        for row in issues:
            if _changed(row) <= since:
                return
            try:
                issue = self.tracker.read_issue(row.issue_id)
            except (NotFound, Forbidden):
                continue
            for journal in issue.journals:
                if journal.user_id != me and journal.created_at > since:
                    since = journal.created_at
                    yield Progress(journal.created_at, "journal", row.issue_id)
            if issue.created_at is not None and issue.author_id not in {0, me} and issue.created_at > since:
                since = issue.created_at
                yield Progress(issue.created_at, "new issue", row.issue_id)

    def _times(self, issues: Iterable[ProjectTask], since: datetime) -> Iterator[Progress]:
        """Time spent has a day and no moment: it counts as of that day's end, at the latest now.

        What is booked on a day that has begun nowhere yet counts when that day comes: else one entry far ahead would
        be new progress at every look.
        """
        ids = {row.issue_id for row in issues}
        day = since.date()
        if day not in self._entries:
            self._entries[day] = list(self.tracker.spent_time.since(day))
        for entry in self._entries[day]:
            if datetime.combine(entry.day, time(), UTC) - _EARLIEST_ZONE > self.now:
                continue
            end = datetime.combine(entry.day + timedelta(days=1), time(), UTC) - timedelta(seconds=1)
            at = min(self.now, end)
            if entry.issue_id in ids and at > since:
                yield Progress(at, "time entry", entry.issue_id)


def _changed(row: ProjectTask) -> datetime:
    return row.updated_at or row.created_at or datetime.min.replace(tzinfo=UTC)
