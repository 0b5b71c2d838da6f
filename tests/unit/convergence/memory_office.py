"""A Redmine in memory, as far as incidents' own issues go: whole seconds, journals, private notes in their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.unit.convergence.line import Line

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotApplied, NotFound
from bridge.model.project import Changed, ChangedPage, Issue, IssueChange, Journal, WikiPage
from bridge.ports import Clock
from bridge.redmine.cursor import Cursor, Reading, take

ME = 9
STATUSES = {"New": 1, "In Progress": 2, "Resolved": 3, "Feedback": 4, "Closed": 5, "Rejected": 6}
OVERLAP = timedelta(seconds=10)


@dataclass
class MemoryOffice:
    """Implements what keeping in step needs of bridge.ports.ProjectTracker."""

    clock_of_ours: Clock
    offset: timedelta
    line: Line
    held: dict[int, Issue] = field(default_factory=dict)
    told: Callable[[str], None] = lambda _entity: None
    """Hears of every change, as a hook would."""
    numbers: int = 0

    def now(self) -> datetime:
        """By its own clock."""
        return (self.clock_of_ours.now() + self.offset).replace(microsecond=0)

    def put(self, number: int) -> None:
        """An issue that is there from the beginning."""
        at, url = self.now() - timedelta(days=1), f"http://redmine.test/issues/{number}"
        self.held[number] = Issue(number, 1, f"Issue {number}", "", "New", False, at, url, tracker="Bug")

    def edit(self, number: int, user: int, change: IssueChange) -> tuple[Journal, ...]:
        """Somebody changes an issue; the journals that this makes."""
        issue, at = self.held[number], self.now()
        changes: dict[str, tuple[str, str]] = {}
        if change.status is not None and change.status != issue.status:
            changes["status_id"] = (str(STATUSES[issue.status]), str(STATUSES[change.status]))
            issue = replace(issue, status=change.status, closed=change.status in {"Closed", "Rejected"})
        if change.assignee_id is not None and (change.assignee_id or None) != issue.assignee_id:
            changes["assigned_to_id"] = (str(issue.assignee_id or ""), str(change.assignee_id or ""))
            issue = replace(issue, assignee_id=change.assignee_id or None, assignee_name=str(change.assignee_id or ""))
        made = []
        apart = bool(change.note and change.note_private)
        if changes or (change.note and not apart):
            made.append(self._journal(user, at, "" if apart else change.note or "", changes, private=False))
        if apart:
            made.append(self._journal(user, at, change.note or "", {}, private=True))
        if made:
            self.held[number] = replace(issue, updated_at=at, journals=(*issue.journals, *made))
            self.told(str(number))
        return tuple(made)

    def _journal(
        self, user: int, at: datetime, notes: str, changes: Mapping[str, tuple[str, str]], *, private: bool
    ) -> Journal:
        self.numbers += 1
        return Journal(self.numbers, user, f"user {user}", at, notes, private, changes)

    def me(self) -> int:
        return ME

    def read_issue(self, issue_id: int) -> Issue:
        self.line.read()
        if issue_id not in self.held:
            raise NotFound(f"issue {issue_id}", "is not there.")
        return self.held[issue_id]

    def issues(self, issue_ids: Sequence[int]) -> tuple[Issue, ...]:
        self.line.read()
        return tuple(self.held[one] for one in issue_ids if one in self.held)

    def update_issue(self, issue_id: int, change: IssueChange, *, unsure: bool) -> tuple[Issue, tuple[Journal, ...]]:
        before = self.held[issue_id]
        ours = [one for one in before.journals if change.note_key and change.note_key in one.notes]
        with self.line.writing():
            made = self.edit(issue_id, ME, replace(change, note=None) if unsure and ours else change)
        return self.held[issue_id], (*ours, *made) if unsure else made

    def why_not(self, issue_id: int, status: str) -> NotApplied:
        return NotApplied(f"issue {issue_id}", f"{status} is not allowed.")

    def clock(self) -> ClockOffset | None:
        return None

    def start_cursor(self, project: str = "") -> str:
        now = self.clock_of_ours.now()
        return Cursor(max(one.updated_at for one in self.held.values()), now).to_json()

    def changes(self, cursor: str, project: str = "") -> ChangedPage:
        self.line.read()
        place, now = Cursor.from_json(cursor), self.clock_of_ours.now()
        base = place.base(OVERLAP)
        rows = [row for row in self._rows() if base is None or row.updated_at >= base]
        top = max((row.updated_at for row in rows), default=None)
        reading = Reading(now, now, self.now() - timedelta(seconds=1))
        delivered, following = take(place, rows, top, reading, OVERLAP)
        return ChangedPage(delivered, following.to_json())

    def look(self, issue_ids: Sequence[int]) -> tuple[Changed, ...]:
        self.line.read()
        return tuple(row for row in self._rows() if row.id in issue_ids)

    def relate(self, issue_id: int, other_id: int, kind: str, delay_days: int = 0) -> None:
        """Nothing here is related."""

    def add_member(self, project_id: int, user_id: int, role: str) -> None:
        """Everybody may do everything here."""

    def write_page(self, project_id: int, title: str, section: str, text: str) -> None:
        """Pages are written elsewhere."""

    def read_page(self, project_id: int, title: str) -> WikiPage:
        return WikiPage(title, "", 0)

    def status_names(self) -> Mapping[str, str]:
        return {str(number): name for name, number in STATUSES.items()}

    def _rows(self) -> list[Changed]:
        return [
            Changed(one.id, one.project_id, one.status, one.closed, one.assignee_id, one.updated_at)
            for one in self.held.values()
        ]
