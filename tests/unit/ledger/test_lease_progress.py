"""What counts as real progress of a project, and what is asked of the tracker for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from bridge.model.errors import NotFound
from bridge.model.files import TimeEntry
from bridge.model.project import Issue, Journal
from bridge.model.project_task import ProjectTask
from bridge.model.promotion import Promotion, PromotionState, Task, TaskKind
from bridge.ports import ProjectTracker
from bridge.usecases.ledger.progress import ProgressReader

ME, JANE = 1, 2
MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
PROMOTION = Promotion(
    1, "r", "v1", "rt", "k", "label", "Project", PromotionState.ACTIVE, "why", MONDAY, project_id=7, root_issue_id=70
)
ROOT = Task(1, "root", TaskKind.ROOT, "Root", 70)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


@dataclass
class Office:
    """A tracker as far as progress looks at it; remembers which issues were read."""

    rows: list[ProjectTask] = field(default_factory=list)
    journals: dict[int, list[Journal]] = field(default_factory=dict)
    entries: list[TimeEntry] = field(default_factory=list)
    authors: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    read: list[int] = field(default_factory=list)

    def reader(self, now: datetime) -> ProgressReader:
        return ProgressReader(cast("ProjectTracker", self), now)

    @property
    def tasks(self) -> Any:
        return self

    @property
    def spent_time(self) -> Any:
        return self

    def of(self, project_id: int) -> list[ProjectTask]:
        return [row for row in self.rows if row.project_id == project_id]

    def since(self, day: date) -> list[TimeEntry]:
        return [one for one in self.entries if one.day >= day]

    def me(self) -> int:
        return ME

    def read_issue(self, number: int) -> Issue:
        self.read.append(number)
        if number in self.gone:
            raise NotFound(f"issue {number}", "is gone.", "")
        author, created = self.authors.get(number, (ME, MONDAY))
        issue = Issue(number, 7, "s", "", "New", False, MONDAY, "", author_id=author, created_at=created)
        return replace(issue, journals=tuple(self.journals.get(number, ())))


def row(number: int, hours: float, parent: int | None = 70) -> ProjectTask:
    return ProjectTask(number, 7, "s", "New", False, parent, updated_at=at(hours))


def journal(user: int, hours: float) -> Journal:
    return Journal(1, user, "", at(hours), "said", False)


def newest(office: Office, promotion: Promotion = PROMOTION, since: float = 0) -> tuple[str, int, datetime] | None:
    found = office.reader(at(99)).newest(promotion, [ROOT], at(since))
    return None if found is None else (found.what, found.issue_id, found.at)


def test_a_person_counts_and_the_bridge_does_not():
    office = Office([row(70, 5), row(71, 3)], {70: [journal(JANE, 2), journal(ME, 5)], 71: [journal(JANE, 3)]})
    assert newest(office) == ("journal", 71, at(3))
    assert newest(office, since=3) is None


def test_what_was_not_changed_since_is_not_read():
    office = Office([row(70, 9), row(71, 3), row(72, 8)], {70: [journal(JANE, 9)]})
    assert newest(office, since=4) == ("journal", 70, at(9))
    assert office.read == [70], "nothing that was changed before its newest journal can be newer"


def test_an_issue_that_a_person_adds_is_progress_and_one_that_is_gone_is_passed_over():
    office = Office([row(70, 6), row(73, 5)], authors={73: (JANE, at(5))}, gone={70})
    assert newest(office) == ("new issue", 73, at(5))


def test_time_spent_counts_until_the_end_of_its_day():
    entries = [
        TimeEntry(1, 71, "jane", 60, date(2026, 11, 3), "", ""),
        TimeEntry(2, 99, "jane", 60, date(2026, 11, 5), "", ""),
    ]
    office = Office([row(71, 0)], entries=entries)
    assert newest(office) == ("time entry", 71, datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC))


def test_time_booked_on_a_day_to_come_keeps_no_exclusion_alive():
    ahead = TimeEntry(1, 71, "jane", 60, date(2027, 11, 3), "", "")
    begun_in_the_east = TimeEntry(2, 71, "jane", 60, date(2026, 11, 7), "", "")
    assert newest(Office([row(71, 0)], entries=[ahead])) is None
    assert newest(Office([row(71, 0)], entries=[begun_in_the_east])) == ("time entry", 71, at(99))


def test_in_a_standing_project_only_what_is_below_the_root_counts():
    placed = replace(PROMOTION, terms={"to": "issue"})
    office = Office(
        [row(80, 9, parent=None), row(70, 1, parent=None), row(71, 2), row(72, 3, parent=71)],
        {80: [journal(JANE, 9)], 72: [journal(JANE, 3)]},
    )
    assert newest(office, placed) == ("journal", 72, at(3))
