"""What a working calendar is made of: hours of the week, holidays, own days, in one IANA zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Span(NamedTuple):
    """Working time within a day, in minutes after midnight on the wall clock; `end` 1440 is midnight."""

    start: int
    end: int


Spans = tuple[Span, ...]
OFF: Spans = ()


class HolidayYear(NamedTuple):
    """A country's year: days off, and the weekend days that are worked to make up for them."""

    off: frozenset[date]
    worked: frozenset[date]


HolidaySource = Callable[[int], HolidayYear]


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """A working calendar before it is compiled.

    `week` has seven entries, Monday first. `days` are own rules for single days and `yearly` for a (month, day) of
    every year: empty spans are a day off, others the hours of that day (half days, make-up days). They win over
    `holidays`. `make_up` are the hours of a weekend day that the country works. `weeks` are the hours of the week from
    some day on, in the order of the days: what was measured before stays as it was.
    """

    name: str
    zone: str
    week: tuple[Spans, ...]
    days: Mapping[date, Spans] = field(default_factory=lambda: MappingProxyType({}))
    yearly: Mapping[tuple[int, int], Spans] = field(default_factory=lambda: MappingProxyType({}))
    holidays: HolidaySource | None = None
    make_up: Spans = OFF
    weeks: tuple[tuple[date, tuple[Spans, ...]], ...] = ()

    def spans_on(self, day: date) -> Spans:
        """The working time of a day on the wall clock; empty when it is off."""
        own = self.days.get(day)
        if own is None:
            own = self.yearly.get((day.month, day.day))
        if own is not None:
            return own
        if self.holidays is not None:
            year = self.holidays(day.year)
            if day in year.off:
                return OFF
            if day in year.worked:
                return self.make_up
        return self._week_of(day)[day.weekday()]

    def _week_of(self, day: date) -> tuple[Spans, ...]:
        week = self.week
        for since, later in self.weeks:
            if day >= since:
                week = later
        return week


def parse_hours(text: str) -> Spans:
    """The spans of `09:00-12:00, 13:00-17:00`; `off` and the empty text are none.

    Raises ValueError with what is wrong and what would be right.
    """
    if text.strip().lower() in {"", "off"}:
        return OFF
    spans = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"“{part.strip()}” is not a span of hours; right would be “09:00-17:00” or “off”")
        start_hour, start_minute, end_hour, end_minute = (int(number) for number in match.groups())
        span = Span(start_hour * 60 + start_minute, end_hour * 60 + end_minute)
        if max(start_minute, end_minute) > 59 or span.end > DAY_MINUTES:
            raise ValueError(f"“{part.strip()}” has no such time of day; hours run from 00:00 to 24:00")
        if span.start >= span.end:
            raise ValueError(
                f"“{part.strip()}” ends before it begins; a night shift is written as two spans, "
                "22:00-24:00 on one day and 00:00-06:00 on the next"
            )
        spans.append(span)
    spans.sort()
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise ValueError(f"the spans in “{text.strip()}” overlap")
    return tuple(spans)


def parse_weekdays(text: str) -> tuple[int, ...]:
    """The weekdays (Monday is 0) of `fri` or `mon-thu`. Raises ValueError."""
    first, dash, last = text.strip().lower().partition("-")
    names = [first, last] if dash else [first]
    for name in names:
        if name not in WEEKDAYS:
            raise ValueError(f"“{text}” is not a weekday; right would be {', '.join(WEEKDAYS)} or mon-fri")
    start, end = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
    if start > end:
        raise ValueError(f"“{text}” runs backwards; write the two parts as two entries")
    return tuple(range(start, end + 1))
