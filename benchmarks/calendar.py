"""Working time of a million intervals: the compiled calendar's column form against numpy written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.harness import Check, Comparison, Report, Series, Stopwatch, in_child, interleaved
from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.calendar.vector import VectorCalendar

SIZE = 1_000_000
ZONE = "Europe/Berlin"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
YEARS = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def run(runs: int, size: int | None = None) -> Report:
    """The measurement; `size` instead of 1,000,000 intervals is for trying it out."""
    size = size or SIZE
    report = Report(
        "calendar",
        f"Working time between {size:,} pairs of moments of three years, Monday to Friday, 9 to 17 in {ZONE}, days "
        "off in December. Both build their segments in the measured time. Peer: numpy by hand, two searchsorted. Sum, "
        "minimum and maximum of the results are compared.",
    )
    found: list[tuple[int, int, int]] = []

    def measured(function: object) -> float:
        seconds, result = in_child(function, size)  # type: ignore[arg-type]  # one of two functions of this module
        found.append(result)
        return size / seconds

    peer, ours = interleaved(runs, lambda: measured(peer_elapsed), lambda: measured(own_elapsed))
    if any(result != found[0] for result in found):
        raise RuntimeError(f"the results differ: {found}")
    series = Series("peer", tuple(peer)), Series("ours", tuple(ours))
    report.comparisons.append(Comparison("Working time of intervals", "per second", *series, goal=1 / 2))
    report.checks.append(Check("results of both", "compared", "equal", holds=True))
    return report


def intervals(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends in microseconds after 1970."""
    chance = np.random.default_rng(7)
    first = (BEGIN - _EPOCH) // _MICROSECOND
    starts = first + chance.integers(0, (YEARS * 365 - 60) * 86_400_000_000, size)
    return starts, starts + chance.integers(0, 50 * 86_400_000_000, size)


def days_off() -> list[datetime]:
    """Some days of each December."""
    return [datetime(2024 + year, 12, day, tzinfo=UTC) for year in range(YEARS) for day in (24, 25, 26, 31)]


def own_elapsed(size: int) -> tuple[float, tuple[int, int, int]]:
    """The bridge's calendar."""
    starts, ends = intervals(size)
    watch = Stopwatch()
    office = (Span(9 * 60, 17 * 60),)
    days = {day.date(): OFF for day in days_off()}
    calendar = BusinessCalendar(CalendarSpec("office", ZONE, (office,) * 5 + (OFF,) * 2, days))
    worked = VectorCalendar(calendar).elapsed(starts, ends)
    return watch.read()[0], (int(worked.sum()), int(worked.min()), int(worked.max()))


def peer_elapsed(size: int) -> tuple[float, tuple[int, int, int]]:
    """Numpy by hand."""
    starts, ends = intervals(size)
    watch = Stopwatch()
    zone, off = ZoneInfo(ZONE), {day.date() for day in days_off()}
    segments = []
    for number in range(YEARS * 366 + 2):
        day = (BEGIN + timedelta(days=number)).date()
        if day.weekday() < 5 and day not in off:
            edges = (datetime(day.year, day.month, day.day, hour, tzinfo=zone) for hour in (9, 17))
            segments.append([int(edge.timestamp()) * 1_000_000 for edge in edges])
    begins, finishes = np.array(segments, dtype=np.int64).T
    before = np.concatenate(([0], np.cumsum(finishes - begins)))[:-1]

    def until(moments: np.ndarray) -> np.ndarray:
        place = np.searchsorted(begins, moments, side="right") - 1
        inside = np.minimum(moments, finishes[place]) - begins[place]
        return np.where(place < 0, 0, before[place] + inside)

    worked = until(ends) - until(starts)
    return watch.read()[0], (int(worked.sum()), int(worked.min()), int(worked.max()))
