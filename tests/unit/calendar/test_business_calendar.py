"""Working time: exact, additive, invertible, and equal to a count of minutes."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.calendar.calendar_strategies import calendars, moments, slow_count

from bridge.calendar.business import BeyondHorizon, BusinessCalendar, default_calendar
from bridge.calendar.spec import OFF, CalendarSpec, HolidayYear, Span

MICROSECOND = timedelta(microseconds=1)
OFFICE = (Span(540, 1020),)
ALWAYS = (Span(0, 1440),)


def office(zone: str, **more) -> BusinessCalendar:
    return BusinessCalendar(CalendarSpec("office", zone, (OFFICE,) * 5 + (OFF,) * 2, **more))


def around_the_clock(zone: str) -> BusinessCalendar:
    return BusinessCalendar(CalendarSpec("always", zone, (ALWAYS,) * 7))


@given(calendars(), moments(), moments(), moments())
def test_elapsed_is_additive_over_any_split(calendar, a, b, c):
    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == pytest.approx(calendar.elapsed(a, c), abs=1e-6)


@given(calendars(), moments(), moments())
def test_elapsed_is_monotone_and_never_more_than_the_time_itself(calendar, a, b):
    a, b = min(a, b), max(a, b)
    assert 0 <= calendar.elapsed(a, b) <= (b - a).total_seconds()
    assert calendar.elapsed(b, a) == -calendar.elapsed(a, b)


@given(calendars(), moments(), st.integers(0, 400 * 3600 * 1_000_000))
def test_due_is_the_first_moment_at_which_the_time_has_passed(calendar, start, microseconds):
    due = calendar.due(start, microseconds / 1_000_000)
    assert round(calendar.elapsed(start, due) * 1_000_000) == microseconds
    if microseconds:
        assert round(calendar.elapsed(start, due - MICROSECOND) * 1_000_000) == microseconds - 1
    else:
        assert due == start


@given(calendars(), moments(), moments())
def test_due_inverts_elapsed_at_working_moments(calendar, start, end):
    start, end = min(start, end), max(start, end)
    due = calendar.due(start, calendar.elapsed(start, end))
    assert due <= end
    if calendar.is_working(end - MICROSECOND):
        assert due == end or start == end


@settings(max_examples=60)
@given(calendars(), moments(whole_minutes=True), st.integers(0, 9 * 24 * 60))
@example(around_the_clock("Europe/Berlin"), datetime(2026, 3, 28, 22, 30, tzinfo=UTC), 2 * 24 * 60)
@example(around_the_clock("America/New_York"), datetime(2025, 11, 1, 20, tzinfo=UTC), 2 * 24 * 60)
@example(around_the_clock("Australia/Lord_Howe"), datetime(2026, 4, 4, 10, tzinfo=UTC), 2 * 24 * 60)
def test_elapsed_equals_a_slow_count_of_minutes(calendar, start, minutes):
    end = start + timedelta(minutes=minutes)
    assert calendar.elapsed(start, end) == slow_count(calendar, start, end)


@settings(max_examples=60)
@given(calendars(), st.dates(date(2025, 10, 1), date(2026, 11, 1)), st.integers(-60, 60))
def test_business_days_are_counted_as_one_would_on_paper(calendar, day, days):
    found = calendar.add_business_days(day, days)
    assert calendar.is_business_day(found)
    step = timedelta(days=1 if days > 0 else -1)
    walked, left = day, abs(days)
    if days == 0:
        while not calendar.is_business_day(walked):
            walked += timedelta(days=1)
    elif days < 0:
        # before the business day on or after `day`
        walked = calendar.add_business_days(day, 0)
    while left:
        walked += step
        left -= calendar.is_business_day(walked)
    assert found == walked


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2025, 11, 2), 25),
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_a_day_has_the_hours_that_the_clock_really_ran(zone, day, hours):
    calendar = around_the_clock(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert calendar.elapsed(midnight, calendar.end_of_day(day)) == hours * 3600


def test_hours_that_the_clock_skips_or_repeats_count_as_the_wall_clock_shows_them():
    night = BusinessCalendar(CalendarSpec("night", "Europe/Berlin", ((Span(120, 180),),) * 7))
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert night.elapsed(spring, spring + timedelta(days=1)) == 0
    assert night.elapsed(autumn, autumn + timedelta(days=1)) == 2 * 3600


def test_a_zone_that_left_out_a_day_has_no_working_time_on_it():
    samoa = BusinessCalendar(CalendarSpec("samoa", "Pacific/Apia", (OFFICE,) * 7))
    before = datetime(2011, 12, 29, tzinfo=ZoneInfo("Pacific/Apia"))
    after = datetime(2012, 1, 1, tzinfo=ZoneInfo("Pacific/Apia"))
    assert samoa.elapsed(before, after) == 2 * 8 * 3600


def test_elapsed_does_not_depend_on_the_zone_in_which_moments_are_given():
    calendar = office("Europe/Berlin")
    start = datetime(2026, 3, 27, 15, tzinfo=UTC)
    end = datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert calendar.elapsed(start, end) == 2 * 3600
    assert calendar.elapsed(start.astimezone(ZoneInfo("Asia/Tokyo")), end.astimezone(ZoneInfo("UTC"))) == 2 * 3600
    assert calendar.due(start, 2 * 3600) == datetime(2026, 3, 30, 8, tzinfo=UTC)


def test_own_days_win_over_holidays_and_holidays_over_the_week():
    def holidays(year: int) -> HolidayYear:
        return HolidayYear(frozenset({date(year, 1, 1), date(year, 5, 1)}), frozenset({date(year, 1, 3)}))

    own = {date(2026, 5, 1): (Span(540, 780),)}
    calendar = office("UTC", holidays=holidays, make_up=OFFICE, days=own, yearly={(1, 2): OFF})
    assert not calendar.is_business_day(date(2026, 1, 1))
    assert not calendar.is_business_day(date(2026, 1, 2)), "off every year"
    assert calendar.hours_on(date(2026, 1, 3)) == 8, "a Saturday that is made up"
    assert calendar.hours_on(date(2026, 5, 1)) == 4, "a half day of our own on a holiday"
    assert calendar.add_business_days(date(2025, 12, 31), 1) == date(2026, 1, 3)


def test_the_default_calendar_is_monday_to_friday_nine_to_five_in_utc():
    calendar = default_calendar()
    friday = datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert calendar.due(friday, 2 * 3600) == datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert calendar.is_working(friday)
    assert not calendar.is_working(datetime(2026, 3, 6, 17, tzinfo=UTC))
    assert calendar.add_business_days(date(2026, 3, 7), 0) == date(2026, 3, 9)
    assert calendar.add_business_days(date(2026, 3, 6), 20) == date(2026, 4, 3)
    assert calendar.add_business_days(date(2026, 3, 9), -1) == date(2026, 3, 6)


def test_years_are_added_when_they_are_asked_for_and_results_do_not_change():
    calendar = default_calendar()
    near = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
    before = calendar.elapsed(*near)
    assert calendar.elapsed(datetime(1999, 1, 4, 9, tzinfo=UTC), datetime(1999, 1, 4, 12, tzinfo=UTC)) == 3 * 3600
    weeks = 30 * 52
    friday = datetime(2026, 3, 6, 17, tzinfo=UTC) + timedelta(weeks=weeks - 1)
    assert calendar.due(datetime(2026, 3, 2, 9, tzinfo=UTC), weeks * 40 * 3600) == friday
    assert calendar.add_business_days(date(2026, 3, 2), -5000) == date(2007, 1, 1)
    assert calendar.elapsed(*near) == before == 5 * 8 * 3600


@pytest.mark.parametrize("year", [1969, 2101, 9998])
def test_the_horizon_is_explicit(year):
    with pytest.raises(BeyondHorizon, match="1970 to 2100"):
        default_calendar().elapsed(datetime(2026, 1, 1, tzinfo=UTC), datetime(year, 6, 1, tzinfo=UTC))
    with pytest.raises(BeyondHorizon):
        default_calendar().add_business_days(date(year, 6, 1), 1)


def test_a_due_time_beyond_the_horizon_is_refused():
    with pytest.raises(BeyondHorizon):
        default_calendar().due(datetime(2026, 1, 1, tzinfo=UTC), 1e10)
    with pytest.raises(BeyondHorizon):
        default_calendar().add_business_days(date(2026, 1, 1), 30_000)


def test_naive_times_and_negative_durations_are_refused():
    calendar = default_calendar()
    with pytest.raises(TypeError):
        calendar.elapsed(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - the fault under test
    with pytest.raises(ValueError, match="cannot be planned"):
        calendar.due(datetime(2026, 1, 1, tzinfo=UTC), -1)


def test_many_threads_may_ask_a_calendar_that_grows():
    calendar = default_calendar()
    wrong: list[int] = []
    barrier = threading.Barrier(6)

    def ask(first_year: int) -> None:
        barrier.wait(timeout=10)
        for year in range(first_year, first_year + 20):
            monday = datetime.fromisocalendar(year, 20, 1).replace(tzinfo=UTC)
            if calendar.elapsed(monday, monday + timedelta(days=7)) != 40 * 3600:
                wrong.append(year)

    threads = [threading.Thread(target=ask, args=(1975 + 15 * number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong
