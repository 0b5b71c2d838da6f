"""How far another system's clock is from ours, measured by what its answers show. Pure."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from bridge.model.conflict import ClockOffset

WHOLE_SECOND = timedelta(seconds=1)
UNMEASURED = ClockOffset(timedelta(minutes=-5), timedelta(minutes=5))
"""What is assumed of a clock that no answer has shown yet."""
DRIFT = 1 / 10_000
"""So much two clocks may run apart: 9 s a day, more than any quartz does."""


def measured(shown: datetime, asked: datetime, answered: datetime) -> ClockOffset:
    """What one answer tells: it shows a whole second (cut off) of a moment between `asked` and `answered`."""
    return ClockOffset(shown - answered, shown + WHOLE_SECOND - asked)


def refined(known: ClockOffset, measured_at: datetime, new: ClockOffset, now: datetime) -> ClockOffset:
    """What an earlier measurement, which drifted since, and a new one tell; when they disagree the clock was set."""
    drift = abs(now - measured_at) * DRIFT
    earliest = max(known.earliest - drift, new.earliest)
    latest = min(known.latest + drift, new.latest)
    return ClockOffset(earliest, latest) if earliest <= latest else new


class ServerClock:
    """What the answers of one system have shown of its clock; may be told by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[ClockOffset, datetime] | None = None

    def saw(self, shown: datetime, asked: datetime, answered: datetime) -> None:
        """One answer, dated `shown`, to what was sent at `asked` and answered at `answered` by our clock."""
        new = measured(shown, asked, answered)
        with self._lock:
            if self._known is not None:
                new = refined(*self._known, new, answered)
            self._known = (new, answered)

    @property
    def offset(self) -> ClockOffset | None:
        """Its clock against ours; None before the first dated answer."""
        with self._lock:
            return self._known[0] if self._known else None
