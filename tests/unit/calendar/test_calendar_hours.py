"""Hours and weekdays as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calendar.spec import OFF, Span, parse_hours, parse_weekdays


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("09:00-17:00", (Span(540, 1020),)),
        ("13:00-17:30, 9:00-12:00", (Span(540, 720), Span(780, 1050))),
        ("22:00-24:00", (Span(1320, 1440),)),
        ("off", OFF),
        ("", OFF),
    ],
)
def test_hours_are_read(text, spans):
    assert parse_hours(text) == spans


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("9-17", "right would be “09:00-17:00”"),
        ("22:00-06:00", "a night shift is written as two spans"),
        ("09:00-09:00", "ends before it begins"),
        ("09:00-12:00, 11:00-13:00", "overlap"),
        ("09:60-12:00", "no such time of day"),
        ("09:00-24:01", "no such time of day"),
    ],
)
def test_wrong_hours_say_what_would_be_right(text, what):
    with pytest.raises(ValueError, match=what):
        parse_hours(text)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_hours_or_a_value_error(text):
    try:
        spans = parse_hours(text)
    except ValueError:
        return
    assert list(spans) == sorted(spans)


@pytest.mark.parametrize(("text", "days"), [("mon", (0,)), ("Mon-Thu", (0, 1, 2, 3)), (" sat-sun ", (5, 6))])
def test_weekdays_are_read(text, days):
    assert parse_weekdays(text) == days


@pytest.mark.parametrize("text", ["", "monday", "fri-mon", "mon-", "-fri", "mon-tue-wed"])
def test_wrong_weekdays_are_refused(text):
    with pytest.raises(ValueError):
        parse_weekdays(text)
