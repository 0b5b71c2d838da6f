"""Maintenance and change windows: named times of which rules may ask whether something happened in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator, model_validator

from bridge.calendar.business import BeyondHorizon, BusinessCalendar
from bridge.calendar.spec import OFF, WEEKDAYS, CalendarSpec, Spans, parse_hours, parse_weekdays
from bridge.model.errors import Problem
from bridge.rules.icalfile import MOST_BYTES, Unusable, merged, read_ical
from bridge.yamlfile import Marked, Path, did_you_mean, load, refused, validate

MOST_WINDOWS = 1000
_STRICT = ConfigDict(extra="forbid", frozen=True)
_RIGHT = "right would be 2026-01-31, or 2026-01-31T22:00 in the window's zone, or 2026-01-31T22:00Z"

Moment = Annotated[datetime, WithJsonSchema({"type": "string"})]


class Times(BaseModel):
    """From one moment to another, which is the first that is outside. Without a zone: in the window's."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")

    @field_validator("start", "end", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> datetime:
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise refused("must be a date or a date and time", _RIGHT) from None


class WindowEntry(BaseModel):
    """A window: single `times`, hours that recur `weekly`, and the events of an iCalendar `file`, all together."""

    model_config = _STRICT

    zone: str = "UTC"
    times: tuple[Times, ...] = Field((), max_length=10_000)
    weekly: dict[str, str] = Field(default_factory=dict)
    file: str | None = Field(None, min_length=1, max_length=1000)

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = available_timezones()
            advice = did_you_mean(name, known) if known else "this machine has no zones: install tzdata"
            raise refused(f"“{name[:60]}” is not an IANA time zone", advice) from None
        return name

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.times and not self.weekly and self.file is None:
            raise refused("is a window without any time", "add times, weekly or file")
        return self


class WindowsFile(BaseModel):
    """The file that the settings call `windows`."""

    model_config = _STRICT

    version: Literal[1]
    windows: dict[str, WindowEntry] = Field(max_length=MOST_WINDOWS)


@dataclass(frozen=True, slots=True)
class Window:
    """A named window. `covers` tells whether an aware moment lies in it; it never raises."""

    name: str
    covers: Callable[[datetime], bool]


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows by name, and the files that they came from."""

    by_name: Mapping[str, Window]
    files: tuple[FilePath, ...] = ()


NO_WINDOWS = Windows(MappingProxyType({}))


def load_windows(path: FilePath) -> tuple[Windows | None, list[Problem]]:
    """The windows of a file and every problem with them; None when any is an error. Files count from its folder."""
    marked, problems = load(path)
    if marked is None:
        return None, problems
    file, found = validate(WindowsFile, marked)
    problems += found
    reader = _Reader(marked, path)
    entries = file.windows if file is not None else _right_ones(marked)
    windows = {name: reader.window(name, entry) for name, entry in entries.items()}
    problems += reader.problems
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    return Windows(windows, (path, *reader.files)), problems


def _right_ones(marked: Marked) -> dict[str, WindowEntry]:
    """The entries of a file that have the right form, so that what else is wrong with them is told at once."""
    entries = marked.data.get("windows")
    right: dict[str, WindowEntry] = {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        with suppress(ValidationError):
            right[name] = WindowEntry.model_validate(entry)
    return right


class _Reader:
    def __init__(self, marked: Marked, path: FilePath) -> None:
        self.problems: list[Problem] = []
        self.files: list[FilePath] = []
        self._marked = marked
        self._folder = path.parent

    def window(self, name: str, entry: WindowEntry) -> Window:
        zone = ZoneInfo(entry.zone)
        parts = [self._times(name, entry, zone)] if entry.times else []
        if entry.weekly:
            parts.append(self._weekly(name, entry))
        if entry.file is not None:
            parts.append(self._events(name, entry.file, zone))
        if len(parts) == 1:
            return Window(name, parts[0])
        return Window(name, lambda moment: any(covers(moment) for covers in parts))

    def _times(self, name: str, entry: WindowEntry, zone: ZoneInfo) -> Callable[[datetime], bool]:
        found = []
        for number, one in enumerate(entry.times):
            place: Path = ("windows", name, "times", number)
            try:
                start, end = _aware(one.start, zone), _aware(one.end, zone)
            except OverflowError:
                self._wrong(place, "lies outside the years that can be counted", _RIGHT)
                continue
            if end <= start:
                which = "ends before it begins" if end < start else "ends when it begins, so it has no time at all"
                self._wrong((*place, "to"), which, "write the later moment under to")
            found.append((start, end))
        stretches = merged(found)
        starts, ends = [start for start, _ in stretches], [end for _, end in stretches]

        def covers(moment: datetime) -> bool:
            position = bisect_right(starts, moment) - 1
            return position >= 0 and moment < ends[position]

        return covers

    def _weekly(self, name: str, entry: WindowEntry) -> Callable[[datetime], bool]:
        place: Path = ("windows", name, "weekly")
        week: list[Spans | None] = [None] * len(WEEKDAYS)
        for days, hours in entry.weekly.items():
            spans: Spans = OFF
            try:
                spans = parse_hours(hours)
                if not spans:
                    self._wrong((*place, days), "has no hours", "write them as 22:00-24:00, or leave the day out")
            except ValueError as error:
                self._wrong((*place, days), str(error))
            try:
                numbers = parse_weekdays(days)
            except ValueError as error:
                self._wrong((*place, days), str(error), key=True)
                continue
            for weekday in numbers:
                if week[weekday] is not None:
                    self._wrong((*place, days), f"{WEEKDAYS[weekday]} has hours twice", "keep one of them", key=True)
                week[weekday] = spans
        calendar = BusinessCalendar(CalendarSpec(name, entry.zone, tuple(spans or OFF for spans in week)))
        return lambda moment: _is_working(calendar, moment)

    def _events(self, name: str, file: str, zone: ZoneInfo) -> Callable[[datetime], bool]:
        place: Path = ("windows", name, "file")
        path = self._folder / file
        self.files.append(path)
        try:
            with path.open("rb") as opened:
                return read_ical(opened.read(MOST_BYTES + 1), zone)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file's name"
            self._wrong(place, f"the file {file} cannot be read: {reason}", "check the path and the rights")
        except Unusable as error:
            where = f"{file}:{error.line}" if error.line else file
            self._wrong(place, f"{where} {error.what}", error.advice)
        return lambda _: False

    def _wrong(self, path: Path, what: str, advice: str = "", *, key: bool = False) -> None:
        self.problems.append(self._marked.problem(path, what, advice, key=key))


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _is_working(calendar: BusinessCalendar, moment: datetime) -> bool:
    try:
        return calendar.is_working(moment)
    except BeyondHorizon:
        return False
