"""The work log has what Redmine shows, also where it does not take everything or Redmine hides some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.unit.convergence.test_convergence import Sync

from bridge.model.errors import Forbidden, Rejected
from bridge.model.files import TimeEntry, Written
from bridge.model.incident import Capability
from bridge.model.project import Issue
from bridge.ports import Extras
from bridge.usecases.sync_check import sync_problems
from bridge.usecases.work_log import WorkLogSweep

ENTRY = TimeEntry(5, 2, "mia", 30, date(2026, 5, 4), "Development", "cards")


@dataclass
class Log:
    """Implements bridge.ports.WorkLog in memory."""

    takes_back: bool = True
    refuses: bool = False
    booked: list[int] = field(default_factory=list)

    def find(self, external_id: str, marker: str) -> Written | None:
        return None

    def book(self, external_id: str, minutes: int, day: date, text: str) -> Written:
        if self.refuses:
            raise Rejected(f"desk #{external_id}", ("the log is closed",))
        self.booked.append(minutes)
        return Written(str(len(self.booked)))


@dataclass
class Shown:
    """What Redmine shows of issues and of the time spent on them."""

    entries: list[TimeEntry]
    archived: bool = False
    refused: bool = False

    @property
    def spent_time(self) -> Shown:
        return self

    def since(self, day: date) -> Iterator[TimeEntry]:
        if self.refused:
            raise Forbidden("Redmine GET /time_entries.json", "the account may not do this.", "Tick “View spent time”.")
        return iter([] if self.archived else [one for one in self.entries if one.day >= day])

    def issues(self, issue_ids: list[int]) -> list[Any]:
        return [] if self.archived else [Issue(one, 1, "", "", "New", False, None, "") for one in issue_ids]  # type: ignore[arg-type]  # no time is asked for


@dataclass
class Round:
    """A sweep and what it leads to."""

    sync: Sync
    log: Log
    shown: Shown

    def turn(self) -> int:
        """How many effects were stored; all of them are delivered."""
        sweep = WorkLogSweep(self.shown, {"desk": self.sync.desk}, lambda: self.sync.configured)  # type: ignore[arg-type]  # all that it asks for
        stored = sweep.poll(self.sync.database, self.sync.clock)
        self.sync.engine.run_until_idle(5)
        return stored


@pytest.fixture
def work(in_step: Sync) -> Round:
    """Half an hour on the first issue, and a desk with a log."""
    log = Log()
    in_step.desk.capabilities |= {Capability.WORK_LOG}
    in_step.desk.extras = Extras(work_log=log)
    return Round(in_step, log, Shown([ENTRY]))


def test_what_the_log_refused_is_booked_with_its_correction(work: Round) -> None:
    """Whole, not the difference to what never was in the log; the refused value itself is not tried again."""
    work.log.refuses = True
    assert (work.turn(), work.turn(), work.log.booked) == (1, 0, [])
    work.log.refuses = False
    work.shown.entries = [replace(ENTRY, minutes=45)]
    assert (work.turn(), work.turn(), work.log.booked) == (1, 0, [45])


def test_what_the_log_refused_is_not_taken_back(work: Round) -> None:
    """Its removal leaves the log as it is."""
    work.log.refuses = True
    work.turn()
    work.log.refuses, work.shown.entries = False, []
    assert (work.turn(), work.log.booked) == (0, [])


def test_a_log_that_takes_nothing_back_books_only_what_is_new(work: Round) -> None:
    """Less, then more than at first: the log gets no minute twice."""
    work.log.takes_back = False
    work.turn()
    for minutes in (10, 40):
        work.shown.entries = [replace(ENTRY, minutes=minutes)]
        assert (work.turn(), work.turn()) == (1, 0)
    work.shown.entries = []
    assert (work.turn(), work.turn(), work.log.booked) == (1, 0, [30, 10])


def test_time_in_an_archived_project_stays_booked(work: Round) -> None:
    """It is hidden with its issue, nobody removed it; what was removed is taken back."""
    work.turn()
    work.shown.archived = True
    assert (work.turn(), work.log.booked) == (0, [30])
    work.shown = Shown([])
    assert (work.turn(), work.log.booked) == (1, [30, -30])


def test_without_the_right_to_see_time_the_poll_goes_on(work: Round) -> None:
    """It is audited once, and `check` says what to tick."""
    work.shown.refused = True
    assert (work.turn(), work.turn()) == (0, 0)
    with work.sync.database.reading() as uow:
        told = uow.connection.execute(text("SELECT count(*) FROM audit WHERE detail LIKE '%may not do this%'"))
        assert told.scalar_one() == 1
    work.sync.office.spent_time = work.shown  # type: ignore[attr-defined]  # a tracker that has it
    found = sync_problems(None, work.sync.office, {"desk": work.sync.desk}, work.sync.configured.policy)  # type: ignore[arg-type,dict-item]  # all that it asks for
    assert ["Tick “View spent time”." in one.advice for one in found if one.where == "work_log"] == [True]
    work.shown.refused = False
    assert work.turn() == 1


def test_what_was_spent_before_the_bridge_kept_work_logs_is_history(work: Round) -> None:
    """An older store that is upgraded books nothing of the past; what comes from now on is booked."""
    work.shown.entries = [replace(ENTRY, day=ENTRY.day - timedelta(days=30))]
    assert (work.turn(), work.log.booked) == (0, [])
    work.sync.clock.advance(3 * 86_400)
    work.shown.entries += [replace(ENTRY, id=6, day=ENTRY.day + timedelta(days=1))]
    assert (work.turn(), work.log.booked) == (1, [30])
