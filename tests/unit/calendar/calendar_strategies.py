"""Calendars and moments for the property tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import CalendarSpec, Span, Spans

ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "UTC", "Australia/Lord_Howe", "Pacific/Apia")
START = datetime(2025, 9, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    """The hours of a day: none, some, up to midnight, around the hour that summer time skips or repeats."""
    edges = draw(st.lists(st.integers(0, 96), max_size=6, unique=True).map(sorted))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Span(start * 15, end * 15) for start, end in pairs)


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    """Calendars with at least one working day in the week, own days and days of every year."""
    week = draw(st.lists(spans(), min_size=7, max_size=7).filter(any))
    days = draw(st.dictionaries(st.dates(date(2025, 9, 1), date(2026, 12, 1)), spans(), max_size=6))
    yearly = draw(st.dictionaries(st.tuples(st.integers(1, 12), st.integers(1, 28)), spans(), max_size=3))
    return BusinessCalendar(CalendarSpec("drawn", draw(st.sampled_from(ZONES)), tuple(week), days, yearly))


def moments(*, whole_minutes: bool = False) -> st.SearchStrategy[datetime]:
    """Moments of a year with two changes of the clocks, to the microsecond or to the minute."""
    if whole_minutes:
        minutes = int((END - START).total_seconds()) // 60
        return st.integers(0, minutes).map(lambda minute: START + timedelta(minutes=minute))
    return st.datetimes(START.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC))


def slow_count(calendar: BusinessCalendar, start: datetime, end: datetime) -> int:
    """Working seconds counted minute by minute on the wall clock; both moments on whole minutes."""
    spec, zone = calendar.spec, calendar._zone
    count, moment = 0, start
    while moment < end:
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        count += any(span.start <= minute < span.end for span in spec.spans_on(local.date()))
        moment += timedelta(minutes=1)
    return count * 60
