"""Means and percentiles of durations, of all and of groups."""

from __future__ import annotations

import numpy as np

from bridge.kpi.columns import HOUR, Ints
from bridge.kpi.meaning import Meaning
from bridge.kpi.report_model import Spread

_PERCENTILES = (50, 90, 95, 99)


def spread(durations: Ints, meaning: Meaning) -> Spread:
    """The spread of some durations in microseconds; percentiles by linear interpolation."""
    if not len(durations):
        return Spread(0, 0.0, None, None, None, None, None, meaning)
    total = float(durations.sum(dtype=np.float64)) / HOUR
    p50, p90, p95, p99 = (float(one) / HOUR for one in np.percentile(durations, _PERCENTILES))
    return Spread(len(durations), total, total / len(durations), p50, p90, p95, p99, meaning)


def counts(groups: Ints, size: int) -> Ints:
    """How many rows each of so many groups has."""
    return np.bincount(groups, minlength=size).astype(np.int64)


def listed(numbers: Ints) -> list[int]:
    """The numbers as Python's own."""
    return [int(one) for one in numbers]


def means(groups: Ints, durations: Ints, size: int) -> list[float | None]:
    """The mean in hours of each group, None where it has nothing."""
    number = np.bincount(groups, minlength=size)
    total = np.bincount(groups, weights=durations.astype(np.float64) / HOUR, minlength=size)
    return [float(t / n) if n else None for t, n in zip(total, number, strict=True)]


def percentiles(groups: Ints, durations: Ints, size: int, percent: float) -> list[float | None]:
    """A percentile in hours of each group by linear interpolation, None where it has nothing."""
    narrow = groups.astype(np.int16) if size <= np.iinfo(np.int16).max else groups  # sixteen bits are sorted by digits
    ordered = durations[np.argsort(narrow, kind="stable")]
    parts = np.split(ordered, np.cumsum(np.bincount(groups, minlength=size))[:-1])
    return [float(np.percentile(part, percent)) / HOUR if len(part) else None for part in parts[:size]]
