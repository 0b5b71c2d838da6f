"""Lengths of time as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from bridge.calendar.business import BusinessCalendar
from bridge.yamlfile import refused

LONGEST = timedelta(days=730)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = re.compile(r"(-?)([0-9]{1,9})\s*([mhdw])\Z")
_DUE = re.compile(r"(-?)([0-9]{1,9})\s+business\s+days?\Z")
_RIGHT = "right would be 30m, 72h, 14d or 2w"


def parse_duration(text: object) -> timedelta:
    """The length of `30m`, `72h`, `14d` or `2w`, more than nothing and at most 730 days.

    Raises PydanticCustomError that says what would be right.
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise refused(f"{_shown(text)} is not a length of time", _RIGHT)
    length = int(match[2]) * _UNITS[match[3]] if len(match[2]) <= 7 else LONGEST * 2
    _check(length, negative=bool(match[1]), text=str(text), right=_RIGHT)
    return length


@dataclass(frozen=True, slots=True)
class Due:
    """When a project is due: so many days after it was opened, business days or all of them."""

    days: int
    business: bool

    def __str__(self) -> str:
        return f"{self.days} business days" if self.business else f"{self.days}d"

    def after(self, start: date, calendar: BusinessCalendar) -> date:
        """The due date of what begins on `start`."""
        return calendar.add_business_days(start, self.days) if self.business else start + timedelta(days=self.days)


def parse_due(text: object) -> Due:
    """`20 business days`, or whole days as `30d` or `6w`.

    Raises PydanticCustomError that says what would be right.
    """
    if isinstance(text, Due):
        return text
    right = "right would be 20 business days, 30d or 6w"
    match = _DUE.match(text.strip()) if isinstance(text, str) else None
    if match is not None:
        days = int(match[2])
        _check(timedelta(days=min(days, 99_999)), negative=bool(match[1]), text=str(text), right=right)
        return Due(days, business=True)
    if not isinstance(text, str) or _DURATION.match(text.strip()) is None:
        raise refused(f"{_shown(text)} is not a due time", right)
    length = parse_duration(text)
    if length % timedelta(days=1):
        raise refused(f"{_shown(text)} is not a whole number of days", right)
    return Due(length.days, business=False)


def written(length: timedelta) -> str:
    """A length of time as a person would write it: in the largest unit that fits."""
    for unit in ("d", "h", "m"):
        if not length % _UNITS[unit]:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length.total_seconds():.0f}s"


def roughly(length: timedelta) -> str:
    """A length of time for reading: days from ten on, else hours, below two of them minutes; nothing when negative."""
    length = max(length, timedelta())
    unit = "d" if length >= 10 * _UNITS["d"] else "h" if length >= 2 * _UNITS["h"] else "m"
    return f"{length // _UNITS[unit]}{unit}"


def _check(length: timedelta, *, negative: bool, text: str, right: str) -> None:
    if negative or not length:
        raise refused(f"{_shown(text)} is not more than zero", right)
    if length > LONGEST:
        raise refused(f"{_shown(text)} is longer than {LONGEST.days} days, which is the most", right)


def _shown(text: object) -> str:
    return f"“{str(text)[:40]}”" if isinstance(text, str | int | float) else "this"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\s*[mhdw]$", "examples": ["72h", "14d"]}),
]
"""A length of time in a model."""

DueTime = Annotated[
    Due,
    BeforeValidator(parse_due),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]+(\s+business\s+days?|\s*[dw])$", "examples": ["20 business days", "30d"]}
    ),
]
"""A due time in a model."""
