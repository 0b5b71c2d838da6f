"""How a source writes moments in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from operator import itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, field_validator

from bridge.sources.connection import STRICT

_EPOCH_MS = {"epoch": 1, "epoch_ms": 1000}


class Times(BaseModel):
    """`format`: `iso`, `epoch` (seconds), `epoch_ms` or a pattern of strptime. `zone` counts where a text has none."""

    model_config = STRICT

    format: str = "iso"
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def _readable(cls, name: str) -> str:
        if name != "iso" and name not in _EPOCH_MS and "%" not in name:
            message = f"“{name}” is neither iso, epoch, epoch_ms nor a pattern such as %Y-%m-%d %H:%M:%S"
            raise ValueError(message)
        return name

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"“{name}” is not a time zone, for example Europe/Paris"
            raise ValueError(message) from error
        return name


def unambiguous(moment: datetime, zone: tzinfo, *, up: bool = False) -> datetime:
    """The moment, or the nearest hour before (`up`: after) it whose local time does not occur twice."""
    step = timedelta(hours=1 if up else -1)
    while (local := moment.astimezone(zone)).utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        moment += step
    return moment


_DIRECTIVES = {"%Y": r"(\d{4})", **dict.fromkeys(("%m", "%d", "%H", "%M", "%S"), r"(\d{1,2})")}

_PARTS = dict(zip(_DIRECTIVES, ("year", "month", "day", "hour", "minute", "second"), strict=True))


def _reader(pattern: str) -> Callable[[str], datetime]:
    """What strptime does, ten times faster for patterns that are numbers only."""
    names = re.findall(r"%.", pattern)
    if set(names) - _DIRECTIVES.keys() or len(set(names)) < len(names) or not {"%Y", "%m", "%d"} <= set(names):
        return lambda text: datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
    parts = re.split(r"(%.)", pattern)
    compiled = re.compile("".join(_DIRECTIVES.get(part) or re.escape(part) for part in parts))
    numbers = itemgetter(*(names.index(name) for name in _DIRECTIVES if name in names))
    called = [_PARTS[name] for name in _DIRECTIVES if name in names]
    naive: Callable[..., datetime] = datetime  # the zone follows
    plain = called == list(_PARTS.values())[: len(called)]

    def read(text: str) -> datetime:
        found = compiled.fullmatch(text)
        if found is None:
            raise ValueError(text)
        values = map(int, numbers(found.groups()))
        return naive(*values) if plain else naive(**dict(zip(called, values, strict=True)))

    return read


class TimeCodec:
    """Reads and writes a source's moments. Inside they are aware UTC."""

    def __init__(self, times: Times) -> None:
        self._format = times.format
        self._zone: ZoneInfo | None = None if times.zone == "UTC" else ZoneInfo(times.zone)
        self._divisor = _EPOCH_MS.get(times.format)
        self._read = datetime.fromisoformat if times.format == "iso" else _reader(times.format)
        self._last: tuple[object, datetime] | None = None

    def read(self, value: object) -> datetime:
        """The moment. Raises ValueError when the value is not in the configured format."""
        last = self._last  # looked at once: another thread may read another value meanwhile
        if last is not None and last[0] == value:
            return last[1]  # lists repeat the same moment often, and strptime is slow
        moment = self._parse(value)
        self._last = (value, moment)
        return moment

    def write(self, moment: datetime, *, up: bool = False) -> str | int | float:
        """The moment for a search in the source's own format and zone; `iso` in UTC.

        When clocks are put back an hour's local times occur twice: the nearest earlier moment (`up`: later) that
        occurs once is written instead.
        """
        if self._divisor is not None:
            number = moment.timestamp() * self._divisor
            return int(number) if number == int(number) else number
        if self._format == "iso":
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        zone = self._zone or UTC
        at = moment if "%z" in self._format else unambiguous(moment, zone, up=up)
        return at.astimezone(zone).strftime(self._format)

    def _parse(self, value: object) -> datetime:
        try:
            if self._divisor is not None:
                return datetime.fromtimestamp(float(str(value)) / self._divisor, UTC)
            moment = self._read(str(value))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self._zone or UTC)
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        except (ValueError, OverflowError, OSError) as error:
            message = f"“{value}” is not a time in the format {self._format}"
            raise ValueError(message) from error
