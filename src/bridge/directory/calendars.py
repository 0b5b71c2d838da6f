"""Calendars from the directory file: checked entry by entry, then compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.public_holidays import NoHolidays, public_holidays
from bridge.calendar.spec import OFF, WEEKDAYS, CalendarSpec, HolidaySource, Spans, parse_hours, parse_weekdays
from bridge.directory.schema import CalendarEntry
from bridge.model.errors import Problem
from bridge.yamlfile import Marked, Path, did_you_mean

T = TypeVar("T")
MonthDay = tuple[int, int]
_YEARLY = re.compile(r"(\d{2})-(\d{2})")
# A leap year, so that 29 February counts as a day of the year.
_ANY_YEAR = 2024
_LONGEST_SPAN = 366


class CalendarReader:
    """Reads one calendar; what is wrong with it is collected in `problems`."""

    def __init__(self, key: str, entry: CalendarEntry, marked: Marked) -> None:
        self.problems: list[Problem] = []
        self._key = key
        self._entry = entry
        self._marked = marked
        self._days: dict[date, Spans] = {}
        self._yearly: dict[MonthDay, Spans] = {}

    def read(self) -> BusinessCalendar | None:
        """The calendar, None when anything is wrong with it."""
        entry = self._entry
        self._check_zone()
        week = self._week(entry.hours, ("hours",))
        weeks = self._weeks()
        make_up = self._try(parse_hours, entry.make_up_hours, ("make_up_hours",)) or next(filter(None, week), OFF)
        for index, text in enumerate(entry.days_off):
            self._add(text, OFF, ("days_off", index), key=False)
        for index, text in enumerate(entry.make_up_days):
            self._add(text, make_up, ("make_up_days", index), key=False)
        for text, hours in entry.half_days.items():
            self._add(text, self._try(parse_hours, hours, ("half_days", text)) or OFF, ("half_days", text), key=True)
        holidays = self._holidays()
        if not any(week) and not self.problems:
            self._problem(("hours",), "the calendar has no working hours", "write for example mon-fri: 09:00-17:00")
        if self.problems:
            return None
        days = (self._days, self._yearly)
        return BusinessCalendar(CalendarSpec(self._key, entry.zone, week, *days, holidays, make_up, weeks))

    def _check_zone(self) -> None:
        try:
            ZoneInfo(self._entry.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = available_timezones()
            advice = did_you_mean(self._entry.zone, known) if known else "this machine has no zones: install tzdata"
            self._problem(("zone",), f"“{self._entry.zone}” is not an IANA time zone", advice)

    def _week(self, hours: Mapping[str, str], path: Path) -> tuple[Spans, ...]:
        week: list[Spans | None] = [None] * len(WEEKDAYS)
        for text, written in hours.items():
            spans = self._try(parse_hours, written, (*path, text))
            for weekday in self._try(parse_weekdays, text, (*path, text), key=True) or ():
                if week[weekday] is not None:
                    self._problem((*path, text), f"{WEEKDAYS[weekday]} has hours twice", "keep one of them", key=True)
                week[weekday] = spans or OFF
        return tuple(spans or OFF for spans in week)

    def _weeks(self) -> tuple[tuple[date, tuple[Spans, ...]], ...]:
        """The hours from some days on, in the order of the days."""
        found = []
        for text, hours in self._entry.hours_from.items():
            path = ("hours_from", text)
            week, since = self._week(hours, path), self._try(_day, text, path, key=True)
            if since is not None:
                found.append((since, week))
        return tuple(sorted(found))

    def _add(self, text: str, spans: Spans, path: Path, *, key: bool) -> None:
        for when in self._try(_days, text, path, key=key) or ():
            if when in self._days or when in self._yearly:
                self._problem(path, f"{text} is listed twice", "a day can be off, half or made up, once", key=key)
            elif isinstance(when, date):
                self._days[when] = spans
            else:
                self._yearly[when] = spans

    def _holidays(self) -> HolidaySource | None:
        entry = self._entry.holidays
        if entry is None:
            return None
        try:
            return public_holidays(entry.country, entry.subdivision)
        except NoHolidays as error:
            self._problem(("holidays",), str(error))
            return None

    def _try(self, parse: Callable[[str], T], text: str, path: Path, *, key: bool = False) -> T | None:
        try:
            return parse(text)
        except ValueError as error:
            self._problem(path, str(error), key=key)
            return None

    def _problem(self, path: Path, what: str, advice: str = "", *, key: bool = False) -> None:
        self.problems.append(self._marked.problem(("calendars", self._key, *path), what, advice, key=key))


def _day(text: str) -> date:
    """A single day. Raises ValueError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text}” is not a day; right would be 2026-07-01") from None


def _days(text: str) -> list[date] | list[MonthDay]:
    """The days that a text stands for. Raises ValueError."""
    try:
        yearly = _YEARLY.fullmatch(text.strip())
        if yearly:
            on = date(_ANY_YEAR, int(yearly[1]), int(yearly[2]))
            return [(on.month, on.day)]
        first, dots, last = text.partition("..")
        start = date.fromisoformat(first.strip())
        length = (date.fromisoformat(last.strip()) - start).days if dots else 0
    except ValueError:
        raise ValueError(
            f"“{text}” is not a day; right would be 2026-12-24, 2026-12-24..2026-12-31, or 12-24 for every year"
        ) from None
    if not 0 <= length < _LONGEST_SPAN:
        raise ValueError(f"“{text}” runs backwards or over more than a year; write the earlier day first")
    return [start + timedelta(days=offset) for offset in range(length + 1)]
