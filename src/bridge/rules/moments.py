"""Moments as reasons deal with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SKEW = timedelta(days=1)
"""What claims to have happened later than this from now is not counted: its date is wrong."""


def later(at: datetime, length: timedelta) -> datetime | None:
    """The moment so long after another one; None beyond the year 9999."""
    try:
        return at + length
    except OverflowError:
        return None


def shown(at: datetime) -> str:
    """A moment as people read it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
