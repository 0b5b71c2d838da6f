"""SLA clocks with pauses: due forward and elapsed backward are inverse, and equal a slow count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.calendar.calendar_strategies import calendars, moments, slow_count

from bridge.calendar.business import default_calendar
from bridge.kpi.sla import Clock, Policy, around_the_clock, due, elapsed, joined

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


@st.composite
def pauses(draw: st.DrawFn):
    """Finished pauses of whole minutes, which may overlap."""
    starts = draw(st.lists(moments(whole_minutes=True), max_size=4))
    return [(one, one + draw(st.integers(1, 3000)) * MINUTE) for one in starts]


@settings(max_examples=60)
@given(calendars(), moments(whole_minutes=True), st.integers(1, 60 * 60), pauses())
def test_at_the_due_moment_exactly_the_target_has_elapsed(calendar, start, minutes, those):
    target = minutes * MINUTE
    moment = due(calendar, start, target, those)
    assert moment is not None
    assert elapsed(calendar, start, moment, those) == target
    assert elapsed(calendar, start, moment - MINUTE, those) < target


@settings(max_examples=25)
@given(calendars(), moments(whole_minutes=True), st.integers(0, 4 * 24 * 60), pauses())
def test_elapsed_without_pauses_equals_a_slow_count_of_what_is_left(calendar, start, minutes, those):
    end = start + minutes * MINUTE
    slow = slow_count(calendar, start, end)
    for begin, finish in joined(those):
        low, high = max(begin, start), min(finish, end)
        slow -= slow_count(calendar, low, high) if low < high else 0
    assert elapsed(calendar, start, end, those) == timedelta(seconds=slow)


def test_a_pause_that_lasts_leaves_no_due_moment_unless_it_came_too_late():
    calendar = default_calendar()
    assert due(calendar, at(0), timedelta(hours=4), [(at(2), None)]) is None
    assert due(calendar, at(0), timedelta(hours=4), [(at(5), None)]) == at(4)
    assert due(calendar, at(0), timedelta(hours=4), [(at(1), at(3))]) == at(6)


def test_overlapping_pauses_stand_still_once():
    calendar = around_the_clock()
    assert elapsed(calendar, at(0), at(10), [(at(1), at(4)), (at(2), at(3)), (at(9), None)]) == timedelta(hours=6)


def test_a_pause_at_a_change_to_summer_time_is_as_long_as_the_clock_ran():
    begin = datetime(2026, 3, 29, 0, tzinfo=UTC)
    calendar = around_the_clock()
    assert elapsed(
        calendar, begin, begin + timedelta(hours=23), [(begin, begin + 2 * timedelta(hours=1))]
    ) == timedelta(hours=21)


def test_a_target_is_that_of_the_priority_else_the_one_for_all_others():
    hour = timedelta(hours=1)
    policy = Policy("p", response={1: hour, 0: 8 * hour}, resolution={2: hour})
    assert [policy.target(Clock.RESPONSE, one) for one in (1, 3, None)] == [hour, 8 * hour, 8 * hour]
    assert [policy.target(Clock.RESOLUTION, one) for one in (2, 3)] == [hour, None]
