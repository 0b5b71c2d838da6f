"""One clock for both sandbox applications: real, frozen or ticking from a chosen moment."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    """Times are aware UTC datetimes. `mode` is "real", "frozen" (stands still) or "ticking" (runs, shifted)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._shift = timedelta()
        if start is not None:
            self.set(start)

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._shift

    @property
    def mode(self) -> str:
        with self._lock:
            if self._frozen is not None:
                return "frozen"
            return "ticking" if self._shift else "real"

    def set(self, now: datetime, *, ticking: bool = False) -> None:
        """Puts the clock to `now` (aware) and freezes it there, or lets it run on from there."""
        if now.tzinfo is None:
            raise ValueError("the clock takes aware datetimes only")
        with self._lock:
            moment = now.astimezone(UTC)
            self._frozen = None if ticking else moment
            self._shift = moment - datetime.now(UTC)

    def advance(self, seconds: float) -> datetime:
        """Moves the clock by `seconds`, whatever its mode (a real one becomes a ticking one). Returns the new time."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += timedelta(seconds=seconds)
            else:
                self._shift += timedelta(seconds=seconds)
            return self._now()

    def freeze(self) -> None:
        with self._lock:
            self._frozen = self._now()

    def tick(self) -> None:
        """Lets a frozen clock run on from where it stands."""
        with self._lock:
            self._shift = self._now() - datetime.now(UTC)
            self._frozen = None

    def real(self) -> None:
        with self._lock:
            self._frozen = None
            self._shift = timedelta()


def iso(moment: datetime) -> str:
    """UTC with Z, whole seconds (cut, not rounded), as Redmine and the sandbox's ITSM show times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
