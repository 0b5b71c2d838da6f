"""Resolution time, raw and adjusted, side by side. The raw figure never depends on any exclusion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.kpi.adjusted import elapsed, excluded
from bridge.model.exclusion import Exclusion

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Resolution:
    """An incident that was resolved, with the exclusions on it."""

    opened_at: datetime
    resolved_at: datetime
    exclusions: Sequence[Exclusion] = ()


@dataclass(frozen=True, slots=True)
class ResolutionTimes:
    """Mean time to resolve in elapsed hours: of all resolved incidents, and of those that count after exclusions.

    `excluded_hours` is the time that paused clocks left out, `removed` how many incidents left the adjusted measure.
    A mean is None when nothing was measured.
    """

    resolved: int
    raw_hours: float | None
    counted: int
    adjusted_hours: float | None
    excluded_hours: float
    removed: int


def adjusted(resolution: Resolution) -> timedelta | None:
    """The time that counts, None when the incident leaves the measure; see bridge.kpi.adjusted."""
    out = excluded(resolution.exclusions, resolution.resolved_at)
    return elapsed(resolution.opened_at, resolution.resolved_at, out)


def resolution_times(resolutions: Iterable[Resolution]) -> ResolutionTimes:
    """Raw and adjusted mean time to resolve of some resolved incidents."""
    resolved = counted = 0
    raw = kept = excluded = _NOTHING
    for resolution in resolutions:
        duration = resolution.resolved_at - resolution.opened_at
        resolved += 1
        raw += duration
        counts = adjusted(resolution)
        if counts is not None:
            counted += 1
            kept += counts
            excluded += duration - counts
    return ResolutionTimes(
        resolved=resolved,
        raw_hours=_hours(raw) / resolved if resolved else None,
        counted=counted,
        adjusted_hours=_hours(kept) / counted if counted else None,
        excluded_hours=_hours(excluded),
        removed=resolved - counted,
    )


def _hours(duration: timedelta) -> float:
    return duration / timedelta(hours=1)
