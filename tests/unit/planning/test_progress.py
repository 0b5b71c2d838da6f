"""How a project stands against its plan, and when it will be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.planning.forecast import forecast, slip, waiting_for
from bridge.planning.progress import Progress, Reason, Standing, progress
from bridge.planning.schedule import Workdays
from bridge.planning.tracker_days import WEEKEND
from bridge.planning.work import Baseline, PlannedWork, WorkItem, pace

MONDAY = date(2026, 11, 2)
WEEK = (*((Span(9 * 60, 17 * 60),),) * 5, OFF, OFF)
WORKDAYS = Workdays(BusinessCalendar(CalendarSpec("office", "UTC", WEEK)), WEEKEND)


def day(number: int) -> date:
    """A day of November 2026."""
    return date(2026, 11, number)


PLAN = Baseline(
    MONDAY,
    day(6),
    (
        PlannedWork("1", "Find the cause", day(2), day(3), 16, "Found"),
        PlannedWork("2", "Mend it", day(4), day(5), 16, "Mended"),
        PlannedWork("3", "Train", day(6), day(6), 8, "Mended"),
    ),
)
FIND = WorkItem(1, "Find the cause", "1", day(2), day(3), 16.0, milestone="Found", assignee="Ann", created_on=day(2))
MEND = WorkItem(
    2, "Mend it", "2", day(4), day(5), 16.0, milestone="Mended", assignee="Ben", after=(1,), created_on=day(2)
)
TRAIN = WorkItem(
    3, "Train", "3", day(6), day(6), 8.0, milestone="Mended", assignee="Ben", after=(2,), created_on=day(2)
)


def stands(*items: WorkItem, today: date = MONDAY, delivered: date | None = None) -> Progress:
    return progress(PLAN, items, today, WORKDAYS, delivered=delivered)


def test_a_project_that_keeps_its_plan() -> None:
    found = stands(FIND, MEND, TRAIN)
    assert (found.standing, found.expected, found.slip) == (Standing.ON_TIME, day(6), 0)
    assert found.forecast.critical == {1, 2, 3}
    assert found.delays == ()
    assert (found.hours_left, found.done_share) == (40, 0)
    assert [(one.name, one.planned, one.expected, one.open) for one in found.milestones] == [
        ("Found", day(3), day(3), 1),
        ("Mended", day(6), day(6), 2),
    ]


def test_what_starts_late_moves_all_that_waits_for_it() -> None:
    found = stands(FIND, MEND, TRAIN, today=day(5))
    assert (found.standing, found.expected, found.slip) == (Standing.AT_RISK, day(11), 3)
    assert [(one.item.issue_id, one.days, one.reason, one.other) for one in found.delays] == [
        (1, 3, Reason.NOT_STARTED, ""),
        (2, 3, Reason.WAITED, "Find the cause"),
        (3, 3, Reason.WAITED, "Mend it"),
    ]
    assert [(one.item.issue_id, one.waiting) for one in found.bottlenecks if one.item] == [(1, 2), (2, 1)]
    assert [(one.person, one.hours) for one in found.bottlenecks if one.item is None] == [("Ben", 24), ("Ann", 16)]


def test_after_the_due_date_it_is_late_and_stays_so_when_delivered() -> None:
    assert stands(FIND, MEND, TRAIN, today=day(9)).standing is Standing.LATE
    done = [replace(one, closed=True, closed_on=day(10)) for one in (FIND, MEND, TRAIN)]
    found = stands(*done, today=day(30), delivered=day(10))
    assert (found.standing, found.slip, found.hours_left, found.done_share) == (Standing.LATE, 2, 0, 1)


def test_scope_tells_what_was_added_dropped_and_split() -> None:
    parts = [WorkItem(11, "Part", parent_id=1, estimate=4.0), WorkItem(12, "Part", parent_id=1, estimate=6.0)]
    found = stands(FIND, *parts, replace(MEND, dropped=True))
    assert (found.scope.planned, found.scope.added, found.scope.dropped) == (3, 2, 2)
    assert (found.scope.hours_planned, found.scope.hours_added, found.scope.hours_dropped) == (40, 10, 24)
    assert found.hours_now == 10


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (replace(FIND, assignee=""), Reason.NOBODY),
        (replace(FIND, spent=10.0, done=0.2), Reason.EFFORT),
        (replace(FIND, done=0.5), Reason.SLOW),
        (replace(FIND, done=0.5, due=day(12)), Reason.MOVED),
        (replace(FIND, closed=True, closed_on=day(9), spent=30.0), Reason.EFFORT),
    ],
)
def test_why_a_task_is_late(item: WorkItem, reason: Reason) -> None:
    assert [one.reason for one in stands(item, today=day(9)).delays] == [reason]


def test_the_burn_down_goes_by_what_was_written_down_and_by_days_of_closing() -> None:
    items = (replace(FIND, closed=True, closed_on=day(4)), MEND, TRAIN)
    found = progress(PLAN, items, day(6), WORKDAYS, history={"": [(day(3), 32.0)]})
    whole = next(one for one in found.burns if not one.name)
    assert whole.planned == ((day(2), 40), (day(3), 24), (day(5), 8), (day(6), 0))
    assert whole.actual == ((day(2), 40), (day(3), 32), (day(4), 24), (day(5), 24), (day(6), 24))
    assert [one.name for one in found.burns] == ["", "Found", "Mended"]


def test_without_a_baseline_the_given_due_date_counts() -> None:
    found = progress(None, [FIND], MONDAY, WORKDAYS, due=day(2))
    assert (found.standing, found.slip, found.scope.planned) == (Standing.AT_RISK, 1, 0)
    assert progress(None, [], MONDAY, WORKDAYS).standing is Standing.UNKNOWN


def test_tasks_that_wait_for_each_other_are_forecast_all_the_same() -> None:
    found = forecast([replace(FIND, after=(2,)), MEND], MONDAY, WORKDAYS)
    assert set(found.dates) == {1, 2}
    assert waiting_for([replace(FIND, after=(2,)), MEND]) == {1: 1, 2: 1}


def test_a_phase_waits_and_is_waited_for_as_the_tasks_below_it_do() -> None:
    """Plans relate phases: what follows a phase follows its tasks, and its tasks follow what it follows."""
    phase = WorkItem(10, "Mend", after=(1,))
    first, second = WorkItem(11, "Build", estimate=8.0, parent_id=10), WorkItem(12, "Test", estimate=8.0, parent_id=10)
    second = replace(second, after=(11,))
    train = replace(TRAIN, after=(10,), start=None)
    items = [FIND, phase, first, second, train]
    found = forecast(items, MONDAY, WORKDAYS)
    assert {key: (dates.start, dates.due) for key, dates in found.dates.items()} == {
        1: (day(2), day(3)),
        11: (day(4), day(4)),
        12: (day(5), day(5)),
        3: (day(6), day(6)),
    }
    assert found.critical == {1, 11, 12, 3}
    assert waiting_for(items) == {1: 3, 11: 2, 12: 1}
    late = progress(
        None, [replace(FIND, due=day(3)), phase, replace(first, due=day(2), start=day(2))], MONDAY, WORKDAYS
    )
    assert [(one.item.issue_id, one.reason, one.other) for one in late.delays] == [
        (11, Reason.WAITED, "Find the cause")
    ]


def test_finished_tasks_set_the_pace() -> None:
    done = [WorkItem(n, "x", estimate=10.0, spent=20.0, closed=True, closed_on=MONDAY) for n in range(10, 13)]
    assert pace(done[:2]) == 1
    assert pace(done) == 2
    assert forecast([FIND, *done], MONDAY, WORKDAYS).end == day(5)


def test_slip_counts_business_days_both_ways() -> None:
    assert slip(day(6), day(9), WORKDAYS) == 1
    assert slip(day(9), day(6), WORKDAYS) == -1


@st.composite
def plans(draw: st.DrawFn) -> list[WorkItem]:
    """Tasks that wait for earlier ones."""
    count = draw(st.integers(1, 8))
    return [
        WorkItem(
            n, f"task {n}", estimate=float(draw(st.integers(0, 60))), done=draw(st.sampled_from([0.0, 0.5])),
            after=tuple(draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else (), closed=draw(st.booleans()),
        )
        for n in range(count)
    ]  # fmt: skip


@settings(max_examples=60)
@given(plans(), st.integers(0, 20))
def test_a_forecast_keeps_the_order_and_its_critical_path_reaches_the_end(items: list[WorkItem], later: int) -> None:
    today = MONDAY + timedelta(days=later)
    found = forecast(items, today, WORKDAYS)
    assert set(found.dates) == {item.issue_id for item in items if not item.closed}
    for item in items:
        if item.issue_id in found.dates:
            dates = found.dates[item.issue_id]
            assert today <= dates.start <= dates.due <= (found.end or today)
            assert all(found.dates[one].due < dates.start for one in item.after if one in found.dates)
    assert bool(found.critical) == bool(found.dates)
    if found.dates:
        assert min(found.dates[one].start for one in found.critical) <= WORKDAYS.first(today)[0]
