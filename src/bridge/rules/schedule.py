"""Work that comes round by the calendar: when a cycle begins, and which period it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, Field, model_validator

from bridge.calendar.business import BusinessCalendar
from bridge.rules.conditions import STRICT
from bridge.yamlfile import refused

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_ON = re.compile(r"(?:(?P<last>last)|(?P<number>\d{1,3})(?:st|nd|rd|th))?\s*(?P<kind>business day|day|[a-z]+day)?\Z")
_EXAMPLE = "for example {every: month, on: 1st business day}, or on: last friday"
_LOOKED_BACK = 60


class Every(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MOST: dict[Every, dict[str, int]] = {
    Every.DAY: {"day": 1, "business day": 1},
    Every.WEEK: {"day": 7, "business day": 7, "weekday": 1},
    Every.MONTH: {"day": 31, "business day": 31, "weekday": 5},
    Every.QUARTER: {"day": 92, "business day": 92, "weekday": 14},
    Every.YEAR: {"day": 366, "business day": 366, "weekday": 53},
}
"""How many days of a kind a period has at most."""


@dataclass(frozen=True, slots=True)
class On:
    """A day of a period: the `number`-th (0: the last) `day`, `business day`, or day of a name such as `friday`."""

    number: int
    kind: str


class Schedule(BaseModel):
    """A cycle for each day, week, month, quarter or year; it begins on a day of it, at midnight.

    `on` is such as `1st business day`, `last friday` or `15th`, for weeks a day's name; without: the first day. Where a
    period has fewer such days, its last one counts. Days and holidays are those of the owner's calendar.
    """

    model_config = STRICT

    every: Every
    on: str = Field("", max_length=40)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        day = parse_on(self.on)
        most = _MOST[self.every].get("weekday" if day.kind in _WEEKDAYS else day.kind, 0)
        if day.number > most or not most:
            raise refused(f"a {self.every} has no “{self.on}”", _EXAMPLE)
        return self

    def __str__(self) -> str:
        return f"every {self.every}" + (f" on the {self.on}" if self.on else "")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A cycle: `period` names it (2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026), `begins` is the moment, UTC."""

    period: str
    begins: datetime


def parse_on(text: str) -> On:
    """The day that `on` means. Raises PydanticCustomError."""
    plain = " ".join(text.casefold().split())
    match = _ON.match(plain)
    kind = match["kind"] or "day" if match else ""
    if match is None or (kind not in _WEEKDAYS and kind not in {"day", "business day"}) or match["number"] == "0":
        raise refused(f"“{text}” is no day of a period", _EXAMPLE)
    if match["last"]:
        return On(0, kind)
    return On(int(match["number"] or 1), kind)


def latest(schedule: Schedule, now: datetime, calendar: BusinessCalendar) -> Occurrence | None:
    """The newest cycle that has begun by now; None when the calendar has had no such day for long."""
    start = period_start(schedule.every, calendar.day_of(now))
    for _ in range(_LOOKED_BACK):
        found = _occurrence(schedule, start, calendar)
        if found is not None and found.begins <= now:
            return found
        start = period_start(schedule.every, start - _DAY)
    return None


def following(schedule: Schedule, now: datetime, calendar: BusinessCalendar) -> Occurrence | None:
    """The next cycle that has not begun yet; None when the calendar has no such day for long."""
    start = period_start(schedule.every, calendar.day_of(now))
    for _ in range(_LOOKED_BACK):
        found = _occurrence(schedule, start, calendar)
        if found is not None and found.begins > now:
            return found
        start = _next_start(schedule.every, start)
    return None


def period_start(every: Every, day: date) -> date:
    """The first day of the period that a day lies in; weeks begin on Monday."""
    match every:
        case Every.DAY:
            return day
        case Every.WEEK:
            return day - timedelta(days=day.weekday())
        case Every.MONTH:
            return day.replace(day=1)
        case Every.QUARTER:
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case Every.YEAR:
            return date(day.year, 1, 1)


def _next_start(every: Every, start: date) -> date:
    longest = {Every.DAY: 1, Every.WEEK: 7, Every.MONTH: 31, Every.QUARTER: 92, Every.YEAR: 366}
    return period_start(every, start + timedelta(days=longest[every]))


def _occurrence(schedule: Schedule, start: date, calendar: BusinessCalendar) -> Occurrence | None:
    on = parse_on(schedule.on)
    days = list(_days(on.kind, start, _next_start(schedule.every, start), calendar))
    if not days:
        return None
    day = days[-1] if on.number == 0 else days[min(on.number, len(days)) - 1]
    return Occurrence(_name(schedule.every, start), calendar.end_of_day(day - _DAY))


def _days(kind: str, start: date, end: date, calendar: BusinessCalendar) -> Iterator[date]:
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        if kind == "business day":
            counts = calendar.is_business_day(day)
        else:
            counts = kind == "day" or _WEEKDAYS[day.weekday()] == kind
        if counts:
            yield day


def _name(every: Every, start: date) -> str:
    match every:
        case Every.DAY:
            return start.isoformat()
        case Every.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02}"
        case Every.MONTH:
            return f"{start:%Y-%m}"
        case Every.QUARTER:
            return f"{start.year}-Q{(start.month + 2) // 3}"
        case Every.YEAR:
            return str(start.year)
