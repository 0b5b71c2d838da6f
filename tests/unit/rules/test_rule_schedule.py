"""When periodic work begins: business days, weekdays, holidays, clocks that are changed, years that end in a week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.calendar.business import BusinessCalendar, default_calendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.rules.schedule import Every, Schedule, following, latest

OFFICE = (Span(540, 1020),)
WEEK = (OFFICE,) * 5 + (OFF,) * 2
HOLIDAYS = {date(2026, 1, 1): OFF, date(2026, 5, 1): OFF, date(2026, 1, 3): OFFICE}
BERLIN = BusinessCalendar(CalendarSpec("berlin", "Europe/Berlin", WEEK, HOLIDAYS))
SHANGHAI = BusinessCalendar(CalendarSpec("shanghai", "Asia/Shanghai", WEEK))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "on", "now", "period", "begins"),
    [
        ("month", "1st business day", "2026-01-20", "2026-01", "2026-01-01T23:00"),  # 1 January is a holiday
        ("month", "1st business day", "2026-05-20", "2026-05", "2026-05-03T22:00"),  # Friday a holiday: Monday
        ("month", "2nd business day", "2026-01-20", "2026-01", "2026-01-02T23:00"),  # a Saturday that is worked
        ("month", "last business day", "2026-03-15", "2026-02", "2026-02-26T23:00"),
        ("month", "last friday", "2026-02-28", "2026-02", "2026-02-26T23:00"),
        ("month", "Last  Friday", "2026-02-26T22:59", "2026-01", "2026-01-29T23:00"),
        ("month", "31st", "2026-03-01", "2026-02", "2026-02-27T23:00"),  # February has fewer: its last
        ("month", "5th friday", "2026-03-01", "2026-02", "2026-02-26T23:00"),
        ("month", "", "2026-10-31T23:30", "2026-11", "2026-10-31T23:00"),  # it is November in Berlin
        ("week", "monday", "2026-03-31", "2026-W14", "2026-03-29T22:00"),  # the night after the clocks went forward
        ("week", "sunday", "2026-03-29T12:00", "2026-W13", "2026-03-28T23:00"),  # that very night
        ("week", "sunday", "2026-10-25T12:00", "2026-W43", "2026-10-24T22:00"),
        ("week", "", "2027-01-02", "2026-W53", "2026-12-27T23:00"),
        ("quarter", "1st business day", "2026-04-01", "2026-Q2", "2026-03-31T22:00"),
        ("quarter", "last day", "2026-12-31", "2026-Q4", "2026-12-30T23:00"),
        ("year", "1st monday", "2026-06-01", "2026", "2026-01-04T23:00"),
        ("day", "business day", "2026-03-01", "2026-02-27", "2026-02-26T23:00"),
        ("day", "", "2026-03-01", "2026-03-01", "2026-02-28T23:00"),
    ],
)
def test_the_newest_cycle(every: str, on: str, now: str, period: str, begins: str) -> None:
    found = latest(Schedule(every=Every(every), on=on), at(now), BERLIN)
    assert found is not None
    assert (found.period, found.begins) == (period, at(begins))


def test_a_day_begins_where_the_owner_works() -> None:
    schedule = Schedule(every=Every.MONTH, on="1st")
    found = latest(schedule, at("2026-10-31T16:30"), SHANGHAI)
    assert found is not None
    assert (found.period, found.begins) == ("2026-11", at("2026-10-31T16:00"))


@pytest.mark.parametrize(
    ("every", "on"),
    [
        ("month", "32nd"),
        ("month", "6th friday"),
        ("week", "2nd friday"),
        ("week", "8th day"),
        ("day", "friday"),
        ("day", "2nd"),
        ("month", "0th"),
        ("month", "firstday"),
        ("month", "every friday"),
        ("month", "1st 2nd"),
        ("month", "noday"),
        ("year", "367th day"),
        ("month", "x" * 50),
        ("fortnight", ""),
    ],
)
def test_days_that_a_period_does_not_have_are_refused(every: str, on: str) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate({"every": every, "on": on})


def test_a_calendar_without_working_days_has_no_cycles() -> None:
    never = BusinessCalendar(CalendarSpec("never", "UTC", (OFF,) * 7))
    schedule = Schedule(every=Every.WEEK, on="1st business day")
    assert latest(schedule, at("2026-03-01"), never) is None
    assert following(schedule, at("2026-03-01"), never) is None


schedules = st.sampled_from(
    [
        *(("month", on) for on in ("", "15th", "31st", "1st business day", "23rd business day", "last friday")),
        *(("week", on) for on in ("", "sunday", "2nd business day", "last business day")),
        *(("quarter", on) for on in ("1st business day", "last day", "14th monday")),
        *(("year", on) for on in ("", "last business day", "53rd friday")),
        *(("day", on) for on in ("", "business day")),
    ]
)


@given(schedules, st.timedeltas(timedelta(0), timedelta(days=9000)), st.sampled_from([BERLIN, SHANGHAI]))
def test_cycles_follow_each_other_without_gap(chosen, since, calendar) -> None:
    """What begins next is the newest one from that very moment on, and not a moment before."""
    schedule = Schedule(every=Every(chosen[0]), on=chosen[1])
    now = datetime(2015, 1, 1, tzinfo=UTC) + since
    before, after = latest(schedule, now, calendar), following(schedule, now, calendar)
    assert before is not None
    assert after is not None
    assert before.begins <= now < after.begins
    assert latest(schedule, after.begins, calendar) == after
    assert latest(schedule, after.begins - timedelta(microseconds=1), calendar) == before
    assert before.period != after.period


def test_the_default_calendar_counts_weekdays() -> None:
    found = following(Schedule(every=Every.MONTH, on="3rd business day"), at("2026-11-21"), default_calendar())
    assert found is not None
    assert found.begins == at("2026-12-03")
