"""Working time of whole columns of moments. Needs numpy (the extra `report`); the same figures as BusinessCalendar."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bridge.calendar.business import LAST_YEAR, BusinessCalendar
from bridge.calendar.table import EPOCH, MICROSECOND

Ints = NDArray[np.int64]
_DECADE = 10 * 366 * 86_400_000_000
_LAST = (datetime(LAST_YEAR, 12, 31, tzinfo=UTC) - EPOCH) // MICROSECOND - 1


class VectorCalendar:
    """A working calendar for columns; moments and results are microseconds since 1970 UTC.

    Made of the compiled calendar's own segments. A moment outside the horizon raises BeyondHorizon.
    """

    def __init__(self, calendar: BusinessCalendar) -> None:
        self._calendar = calendar
        self._first = self._last = 0
        self._starts: Ints = np.empty(0, dtype=np.int64)
        self._ends = self._offsets = self._before = self._starts

    def elapsed(self, starts: Ints, ends: Ints) -> Ints:
        """The working time between pairs of moments, negative where the end is before the start."""
        if not len(starts):
            return np.empty(0, dtype=np.int64)
        self._cover(int(min(starts.min(), ends.min())), int(max(starts.max(), ends.max())))
        worked: Ints = self._worked(ends) - self._worked(starts)
        return worked

    def due(self, starts: Ints, wanted: Ints) -> Ints:
        """The first moments at which so much working time has passed since the starts; the starts themselves for 0."""
        if not len(starts):
            return np.empty(0, dtype=np.int64)
        low, high = int(starts.min()), int(starts.max())
        self._cover(low, high)
        target = self._worked(starts) + wanted
        while int(target.max()) > int(self._before[-1]):
            self._cover(low, min(self._last + _DECADE, max(self._last, _LAST)))
            target = self._worked(starts) + wanted
        place = np.searchsorted(self._before, target, side="left") - 1
        found: Ints = np.where(wanted == 0, starts, target - self._offsets[place])
        return found

    def _worked(self, moments: Ints) -> Ints:
        """The working time before each moment."""
        place = np.searchsorted(self._starts, moments, side="right") - 1
        worked: Ints = np.minimum(moments, self._ends[place])
        worked += self._offsets[place]
        return worked

    def _cover(self, low: int, high: int) -> None:
        if self._first <= low and high < self._last:
            return
        table = self._calendar.compiled(low, high)
        self._first, self._last = table.low, table.high
        self._take(table.starts, table.ends, table.before)

    def _take(self, starts: tuple[int, ...], ends: tuple[int, ...], before: tuple[int, ...]) -> None:
        self._starts, self._ends = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
        self._before = np.array(before, dtype=np.int64)
        self._offsets = self._before[: len(starts)] - self._starts
