"""Windows from iCalendar files, by the optional packages icalendar (7.3) and recurring-ical-events (3.8).

Both are given the file's text and asked about one year at a time. What recurs more often than daily, or many times a
day, is refused: it is no window, and counting it would take hours.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

Stretch = tuple[datetime, datetime]
"""From the first moment to the first one after it, aware UTC."""

MOST_BYTES = 2 * 1024 * 1024
MOST_EVENTS = 2000
MOST_TIMES_A_DAY = 24
FIRST_YEAR, LAST_YEAR = 1970, 2100
_RARE = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
# A zone is at most 14 hours from UTC, and a floating time is compared before it is put into its zone.
_MARGIN = timedelta(days=2)
_MEND = "mend it in the calendar it comes from"
_BROKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


class Unusable(Exception):  # noqa: N818 - named by what it says
    """An iCalendar file from which no windows come; `line` is from 1, None for the whole file."""

    def __init__(self, what: str, advice: str = "", line: int | None = None) -> None:
        super().__init__(what)
        self.what, self.advice, self.line = what, advice, line


def read_ical(raw: bytes, zone: ZoneInfo) -> Callable[[datetime], bool]:
    """A function that tells whether a moment lies in one of the file's events.

    Times without a zone, and whole days, are those of `zone`. Cancelled events do not count. Outside the years 1970 to
    2100 there are none. Raises Unusable.
    """
    calendars, recurring = _packages()
    text = _text(raw)
    try:
        calendar = calendars.Calendar.from_ical(text)
        events = list(calendar.walk("VEVENT"))
    except _BROKEN as error:
        raise Unusable(f"is no iCalendar file: {_short(error)}", "export the calendar anew as .ics") from error
    try:
        _check(text, events)
        query = recurring.of(calendar)
        years = [min(max(_start(event).year, FIRST_YEAR), LAST_YEAR) for event in events]
        for year in {min(years), max(years), LAST_YEAR}:
            list(_occurrences(query, year, zone))
    except _BROKEN as error:
        raise Unusable(f"has an event that cannot be understood: {_short(error)}") from error

    @lru_cache(maxsize=LAST_YEAR - FIRST_YEAR + 1)
    def stretches(year: int) -> tuple[list[datetime], list[datetime]]:
        found = merged(_occurrences(query, year, zone))
        return [start for start, _ in found], [end for _, end in found]

    def covers(moment: datetime) -> bool:
        year = moment.astimezone(UTC).year
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return False
        starts, ends = stretches(year)
        position = bisect_right(starts, moment) - 1
        return position >= 0 and moment < ends[position]

    return covers


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as stretches in order that neither overlap nor touch, without empty ones."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _text(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise Unusable(f"is larger than {MOST_BYTES // 1024 // 1024} MiB", "leave out what is long over")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable("is not UTF-8 text", "save it as UTF-8", raw.count(b"\n", 0, error.start) + 1) from None


def _packages() -> tuple[Any, Any]:
    try:
        return import_module("icalendar"), import_module("recurring_ical_events")
    except ModuleNotFoundError:
        raise Unusable(
            "cannot be read: the Python packages “icalendar” and “recurring-ical-events” are not installed",
            "install redmine-itsm-bridge[windows], or list the times under times or weekly",
        ) from None


def _check(text: str, events: list[Any]) -> None:
    if not events:
        raise Unusable("has no events, so the window would never be", "export the calendar with its events")
    if len(events) > MOST_EVENTS:
        raise Unusable(f"has more than {MOST_EVENTS} events", "leave out what is long over")
    for event in events:
        found = _wrong(event)
        if found:
            raise Unusable(f"{_title(event)}: {found[0]}", found[1], _line(text, event))
    if all(_is_cancelled(event) for event in events):
        raise Unusable("has only cancelled events, so the window would never be")


def _wrong(event: Any) -> tuple[str, str] | None:
    """What is wrong with an event, and what would be right."""
    if event.errors:
        name, why = event.errors[0]
        return f"{name or 'a line of it'} cannot be understood: {_short(why)}", _MEND
    if event.get("DTSTART") is None:
        return "has no DTSTART", _MEND
    for value in filter(None, (event.get("DTSTART"), event.get("DTEND"))):
        if isinstance(value, list):
            return "begins or ends more than once", _MEND
        asked = value.params.get("TZID")
        if asked and getattr(value.dt, "tzinfo", None) is None:
            return f"its time zone “{_short(asked)}” is not known", "use an IANA zone such as Europe/Berlin"
    rules = event.get("RRULE") or []
    return next(filter(None, map(_too_often, rules if isinstance(rules, list) else [rules])), None)


def _too_often(rule: Any) -> tuple[str, str] | None:
    advice = "write one event per day that lasts as long as the window"
    if str(rule.get("FREQ", [""])[0]).upper() not in _RARE:
        return "recurs more often than daily", advice
    if prod(len(rule.get(part, [0])) for part in ("BYHOUR", "BYMINUTE", "BYSECOND")) > MOST_TIMES_A_DAY:
        return f"recurs more than {MOST_TIMES_A_DAY} times a day", advice
    return ("its INTERVAL is less than 1", _MEND) if int(rule.get("INTERVAL", [1])[0]) < 1 else None


def _occurrences(query: Any, year: int, zone: ZoneInfo) -> Iterator[Stretch]:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    for event in query.between(start - _MARGIN, end + _MARGIN):
        if not _is_cancelled(event):
            yield _moment(event["DTSTART"].dt, zone), _moment(event["DTEND"].dt, zone)


def _moment(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _start(event: Any) -> date:
    found: date = event["DTSTART"].dt
    return found


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _title(event: Any) -> str:
    return f"the event “{_short(event.get('SUMMARY') or event.get('UID') or 'without a name')}”"


def _line(text: str, event: Any) -> int | None:
    found = re.search(rf"^UID:{re.escape(str(event.get('UID', '')))}\s*$", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _short(value: object) -> str:
    return " ".join(str(value).split())[:100]
