"""What earlier projects say about how long the next one takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median_high

from bridge.calendar.business import BusinessCalendar


@dataclass(frozen=True, slots=True)
class Experience:
    """The median of `projects` earlier projects, in business days from approval to delivery."""

    days: int
    projects: int

    def due(self, start: date, calendar: BusinessCalendar) -> date:
        """When a project that begins on `start` will be done if it takes as long."""
        return calendar.add_business_days(start, self.days)


def experience(spans: Sequence[tuple[datetime, datetime]], calendar: BusinessCalendar) -> Experience | None:
    """From (approved, delivered) of earlier projects, delivered ones only; None without any.

    Of an even number the longer one in the middle counts: a date that half of them would have missed helps nobody.
    """
    days = [business_days(calendar.day_of(start), calendar.day_of(end), calendar) for start, end in spans]
    return Experience(median_high(days), len(days)) if days else None


def business_days(start: date, end: date, calendar: BusinessCalendar) -> int:
    """How many business days after `start` the first business day on or after `end` is; 0 when it is not after it."""
    if end <= start:
        return 0
    low, high = 0, (end - start).days + 1
    while low < high:
        middle = (low + high) // 2
        if calendar.add_business_days(start, middle) >= end:
            high = middle
        else:
            low = middle + 1
    return low
