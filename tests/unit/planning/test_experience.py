"""How long earlier projects took, in business days, and what that says about the next one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.planning.experience import Experience, business_days, experience

OFFICE = (Span(540, 1020),)
EASTER = {date(2026, 4, 3): OFF, date(2026, 4, 6): OFF}
CALENDAR = BusinessCalendar(CalendarSpec("office", "Europe/Berlin", (OFFICE,) * 5 + (OFF,) * 2, EASTER))


def span(first: str, last: str) -> tuple[datetime, datetime]:
    """From noon to noon, UTC."""
    begin, end = (datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC) for day in (first, last))
    return begin, end


def test_business_days_leave_out_weekends_and_holidays() -> None:
    assert business_days(date(2026, 4, 2), date(2026, 4, 7), CALENDAR) == 1, "Easter lies between"
    assert business_days(date(2026, 4, 7), date(2026, 4, 7), CALENDAR) == 0
    assert business_days(date(2026, 4, 8), date(2026, 4, 7), CALENDAR) == 0, "a clock that was wrong"
    assert business_days(date(2026, 4, 10), date(2026, 4, 11), CALENDAR) == 1, "delivered on a Saturday"


def test_the_median_of_earlier_projects_is_offered() -> None:
    spans = [span("2026-03-02", "2026-03-04"), span("2026-03-02", "2026-03-16"), span("2026-03-02", "2026-12-01")]
    found = experience(spans, CALENDAR)
    assert found == Experience(10, 3), "one that took most of a year does not matter"
    assert found.due(date(2026, 4, 2), CALENDAR) == date(2026, 4, 20)


def test_of_two_the_longer_one_counts() -> None:
    assert experience([span("2026-03-02", "2026-03-04"), span("2026-03-02", "2026-03-16")], CALENDAR) == Experience(
        10, 2
    )


def test_nothing_is_offered_without_a_project() -> None:
    assert experience([], CALENDAR) is None


@given(st.integers(0, 700), st.integers(0, 700))
def test_what_took_so_long_is_due_after_so_long(start: int, length: int) -> None:
    begin = date(2026, 1, 1) + timedelta(days=start)
    end = begin + timedelta(days=length)
    days = business_days(begin, end, CALENDAR)
    assert CALENDAR.add_business_days(begin, days) >= end
    assert days == 0 or CALENDAR.add_business_days(begin, days - 1) < end
