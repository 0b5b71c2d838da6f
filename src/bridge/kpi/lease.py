"""An exclusion lives only while its project shows real progress: the lease, as the ledger's rows tell it.

Progress is what a person did: a note or change in an issue's history, time spent, percent done, a task closed. The
lease ends with the last of so many business days after the newest progress. Before that the owner is warned; who was
not warned loses nothing: the lease lapses on the business day after the warning at the earliest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Days(Protocol):
    """The part of a working calendar that a lease needs."""

    def day_of(self, moment: datetime) -> date: ...
    def add_business_days(self, day: date, days: int) -> date: ...
    def end_of_day(self, day: date) -> datetime: ...


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """For how many business days progress keeps an exclusion alive, and how many before the end the owner is warned."""

    days: int = 10
    warn: int = 2


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of one exclusion. `expires_at` is None where none was set yet, `warned_at` is of the newest warning.

    `lapsed_at` is when it ran out; a lapsed one is the newest of its incident and promotion.
    """

    exclusion: int
    incident_id: int
    promotion_id: int
    policy: str
    rule_version: str
    started_at: datetime
    expires_at: datetime | None = None
    warned_at: datetime | None = None
    lapsed_at: datetime | None = None

    @property
    def is_late(self) -> bool:
        """Whether it lapsed, and its project has gone on since, when the incident was over already."""
        return self.lapsed_at is not None and self.expires_at is not None and self.expires_at > self.lapsed_at


class StepKind(StrEnum):
    """What is to be done about a lease."""

    WARN = "warn"
    EXTEND = "extend"
    LAPSE = "lapse"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about a lease, from when on, and until when it runs then."""

    kind: StepKind
    lease: Lease
    at: datetime
    expires_at: datetime


def end_of(progress: datetime, days: int, calendar: Days) -> datetime:
    """When a lease ends whose project made progress then: with the last of so many business days after it."""
    return calendar.end_of_day(calendar.add_business_days(calendar.day_of(progress), days))


def is_quiet(leases: Iterable[Lease], terms: LeaseTerms, calendar: Days, now: datetime) -> bool:
    """Whether nothing can be due, so that nobody need look for progress."""
    for lease in leases:
        if lease.lapsed_at is not None:
            return False
        if lease.warned_at is not None or now >= _warning(_expiry(lease, terms, calendar), terms, calendar):
            return False
    return True


def steps(
    leases: Sequence[Lease], progress: datetime | None, terms: LeaseTerms, calendar: Days, now: datetime
) -> list[Step]:
    """What is to be done now about the leases of one project, whose newest progress was then (None: it made none)."""
    found = [_step(lease, progress, terms, calendar, now) for lease in leases]
    return [step for step in found if step is not None]


def _step(lease: Lease, progress: datetime | None, terms: LeaseTerms, calendar: Days, now: datetime) -> Step | None:
    if lease.lapsed_at is not None:
        if progress is None or progress <= lease.lapsed_at:
            return None
        return Step(StepKind.RESUME, lease, progress, end_of(progress, terms.days, calendar))
    expires = _expiry(lease, terms, calendar)
    if progress is not None and progress > lease.started_at:
        later = end_of(progress, terms.days, calendar)
        near = lease.warned_at is not None or now >= _warning(expires, terms, calendar)
        if later > expires:
            return Step(StepKind.EXTEND, lease, now, later) if near else None
    if lease.warned_at is None:
        due = now >= _warning(expires, terms, calendar)
        return Step(StepKind.WARN, lease, now, max(expires, end_of(now, 1, calendar))) if due else None
    return Step(StepKind.LAPSE, lease, now, expires) if now >= expires else None


def _expiry(lease: Lease, terms: LeaseTerms, calendar: Days) -> datetime:
    return lease.expires_at or end_of(lease.started_at, terms.days, calendar)


def _warning(expires: datetime, terms: LeaseTerms, calendar: Days) -> datetime:
    """When the owner is warned: so many whole business days before the lease ends."""
    last = calendar.day_of(expires - timedelta(microseconds=1))
    return calendar.end_of_day(calendar.add_business_days(last, -terms.warn - 1))
