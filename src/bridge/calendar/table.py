"""A calendar's years as sorted UTC segments with prefix sums. All instants are integer microseconds after 1970 UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.calendar.spec import CalendarSpec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
_DAY = 86_400
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
# No zone has ever been further from UTC than this, local mean times included.
_WIDEST_OFFSET = 16 * 3600


@dataclass(frozen=True, slots=True)
class Table:
    """The working time of the years `first_year` to `last_year`.

    Segment i runs from `starts[i]` to `ends[i]`; `before[i]` is the working time before it, `before[-1]` the whole.
    The first segment is empty and lies before everything, so that every instant has a segment at or before it.
    Instants from `low` up to but without `high` can be looked up. `days` are the business days as sorted ordinals.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    low: int
    high: int
    first_year: int
    last_year: int
    days: tuple[int, ...]

    def worked_until(self, instant: int) -> int:
        """The working time between the table's beginning and an instant, in microseconds."""
        index = bisect_right(self.starts, instant) - 1
        end = self.ends[index]
        return self.before[index] - self.starts[index] + (instant if instant < end else end)  # noqa: FURB136 - faster


def compile_years(spec: CalendarSpec, first_year: int, last_year: int) -> Table:
    """The table of a range of years.

    A moment is working time when the wall clock in the calendar's zone shows a time within the hours of its day: an
    hour that the change to summer time leaves out is not there, an hour shown twice counts twice.
    """
    first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
    base, end = (first - _EPOCH_ORDINAL) * _DAY, (last + 1 - _EPOCH_ORDINAL) * _DAY
    changes, offsets = _offsets(ZoneInfo(spec.zone), base - 2 * _DAY, end + 2 * _DAY)
    segments: list[tuple[int, int]] = []
    days = []
    for ordinal in range(first, last + 1):
        spans = spec.spans_on(date.fromordinal(ordinal))
        if not spans:
            continue
        days.append(ordinal)
        midnight = (ordinal - _EPOCH_ORDINAL) * _DAY
        for span in spans:
            segments.extend(_instants(midnight + span.start * 60, midnight + span.end * 60, changes, offsets))
    starts, ends = _joined(segments)
    before = [0]
    for start, stop in zip(starts, ends, strict=True):
        before.append(before[-1] + stop - start)
    return Table(
        starts=tuple(starts),
        ends=tuple(ends),
        before=tuple(before),
        low=(base + _DAY) * SECOND,
        high=(end - _DAY) * SECOND,
        first_year=first_year,
        last_year=last_year,
        days=tuple(days),
    )


def _instants(start: int, end: int, changes: list[int], offsets: list[int]) -> Iterator[tuple[int, int]]:
    """The UTC seconds at which the wall clock shows `start` (included) to `end` (excluded)."""
    index = max(bisect_right(changes, start - _WIDEST_OFFSET) - 1, 0)
    while index < len(changes) and changes[index] < end + _WIDEST_OFFSET:
        following = changes[index + 1] if index + 1 < len(changes) else end + 2 * _WIDEST_OFFSET
        low, high = max(start - offsets[index], changes[index]), min(end - offsets[index], following)
        if low < high:
            yield low, high
        index += 1


def _joined(segments: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Sorted segments in microseconds, touching ones made one, behind the empty first segment."""
    starts, ends = [-(1 << 62)], [-(1 << 62)]
    for start, end in sorted(segments):
        if start * SECOND == ends[-1]:
            ends[-1] = end * SECOND
        else:
            starts.append(start * SECOND)
            ends.append(end * SECOND)
    return starts, ends


def _offsets(zone: ZoneInfo, start: int, end: int) -> tuple[list[int], list[int]]:
    """When the zone's offset changes between two instants (seconds), and the offset (seconds) from each change on."""
    changes, offsets = [start], [_offset(zone, start)]
    for day in range(start, end, _DAY):
        low, high = day, min(day + _DAY, end)
        after = _offset(zone, high)
        if after == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(zone, middle) == offsets[-1]:
                low = middle
            else:
                high = middle
        changes.append(high)
        offsets.append(after)
    return changes, offsets


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = (EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset()
    assert offset is not None, "a zone always has an offset"
    return offset // timedelta(seconds=1)
