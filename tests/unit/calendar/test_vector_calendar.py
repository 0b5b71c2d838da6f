"""The column form of a working calendar gives what the scalar form gives, to the microsecond."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.calendar.calendar_strategies import calendars, moments, slow_count

from bridge.calendar.business import BeyondHorizon, BusinessCalendar, default_calendar
from bridge.calendar.public_holidays import public_holidays
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.calendar.vector import VectorCalendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
pairs = st.lists(st.tuples(moments(), moments()), min_size=1, max_size=8)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def column(values) -> np.ndarray:
    return np.array([micros(one) if isinstance(one, datetime) else one for one in values], dtype=np.int64)


@settings(max_examples=40)
@given(calendars(), pairs)
def test_elapsed_of_a_column_is_that_of_each_pair(calendar, those):
    starts, ends = column(a for a, _ in those), column(b for _, b in those)
    expected = [round(calendar.elapsed(a, b) * 1_000_000) for a, b in those]
    assert VectorCalendar(calendar).elapsed(starts, ends).tolist() == expected


@settings(max_examples=40)
@given(calendars(), st.lists(st.tuples(moments(), st.integers(0, 400 * 3_600_000_000)), min_size=1, max_size=8))
def test_due_of_a_column_is_that_of_each_and_inverts_elapsed(calendar, those):
    vector = VectorCalendar(calendar)
    starts, wanted = column(a for a, _ in those), column(length for _, length in those)
    due = vector.due(starts, wanted)
    assert due.tolist() == [micros(calendar.due(a, length / 1_000_000)) for a, length in those]
    assert vector.elapsed(starts, due).tolist() == wanted.tolist()


@settings(max_examples=30)
@given(calendars(), moments(), moments(), moments())
def test_a_column_is_additive_over_any_split_and_monotone(calendar, a, b, c):
    a, b, c = sorted((a, b, c))
    first, second, whole = VectorCalendar(calendar).elapsed(column((a, b, a)), column((b, c, c))).tolist()
    assert first >= 0
    assert second >= 0
    assert first + second == whole


def test_chinas_make_up_days_are_worked_and_its_holidays_are_not():
    office = (Span(540, 1020),)
    spec = CalendarSpec(
        "china", "Asia/Shanghai", (office,) * 5 + (OFF,) * 2, holidays=public_holidays("CN"), make_up=office
    )
    calendar = BusinessCalendar(spec)
    sunday = datetime(2025, 9, 27, 16, tzinfo=UTC)
    holiday = datetime(2025, 10, 1, 16, tzinfo=UTC)
    day = timedelta(days=1)
    found = VectorCalendar(calendar).elapsed(column((sunday, holiday)), column((sunday + day, holiday + day)))
    assert found.tolist() == [8 * 3_600_000_000, 0]
    assert calendar.is_business_day(date(2025, 9, 28))
    assert calendar.elapsed(sunday, sunday + day) == slow_count(calendar, sunday, sunday + day)


def test_an_empty_column_is_empty_and_the_horizon_is_explicit():
    vector = VectorCalendar(default_calendar())
    nothing = np.empty(0, dtype=np.int64)
    assert vector.elapsed(nothing, nothing).tolist() == vector.due(nothing, nothing).tolist() == []
    late = column([datetime(2100, 12, 20, tzinfo=UTC)])
    assert (
        vector.due(late, column([3_600_000_000])).tolist() == column([datetime(2100, 12, 20, 10, tzinfo=UTC)]).tolist()
    )
    with pytest.raises(BeyondHorizon):
        vector.due(late, column([400 * 3_600_000_000]))
