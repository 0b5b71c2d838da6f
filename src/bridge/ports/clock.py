"""Time and working days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. The sandbox's clock can be set; the machine's cannot."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""


class WorkingCalendar(Protocol):
    """Business days, as far as planning needs them."""

    def add_business_days(self, day: date, days: int) -> date:
        """The day that many business days after `day`."""
