"""Leases: warned before they end, extended by progress, lapsed without, begun anew by progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.calendar.business import default_calendar
from bridge.kpi.lease import Lease, LeaseTerms, StepKind, end_of, is_quiet, steps

DAYS = default_calendar()
MONDAY = datetime(2026, 11, 2, 10, tzinfo=UTC)
TERMS = LeaseTerms(days=10, warn=2)
LEASE = Lease(1, 7, 1, "pause", "v1", MONDAY)


def after(days: float) -> datetime:
    return MONDAY + timedelta(days=days)


def kinds(lease: Lease, progress: datetime | None, now: datetime) -> list[StepKind]:
    return [step.kind for step in steps([lease], progress, TERMS, DAYS, now)]


def test_a_lease_ends_with_the_last_of_ten_business_days():
    assert end_of(MONDAY, 10, DAYS) == datetime(2026, 11, 17, tzinfo=UTC)


def test_nobody_need_look_before_a_warning_may_be_due():
    """Monday the 16th is the last day; two business days before it are Thursday and Friday."""
    assert is_quiet([LEASE], TERMS, DAYS, datetime(2026, 11, 11, 23, 59, tzinfo=UTC))
    assert not is_quiet([LEASE], TERMS, DAYS, datetime(2026, 11, 12, tzinfo=UTC))
    assert kinds(LEASE, None, datetime(2026, 11, 11, 23, 59, tzinfo=UTC)) == []


def test_an_idle_project_is_warned_about_then_its_clock_resumes():
    warned_at = datetime(2026, 11, 12, 0, 1, tzinfo=UTC)
    (step,) = steps([LEASE], None, TERMS, DAYS, warned_at)
    assert (step.kind, step.expires_at) == (StepKind.WARN, datetime(2026, 11, 17, tzinfo=UTC))
    warned = Lease(1, 7, 1, "pause", "v1", MONDAY, step.expires_at, warned_at)
    assert kinds(warned, None, after(14)) == []
    assert kinds(warned, None, datetime(2026, 11, 17, tzinfo=UTC)) == [StepKind.LAPSE]


def test_who_was_warned_late_has_a_business_day_left():
    """The bridge was down for a month: first the warning, then, at the end of the next business day, the lapse."""
    late = datetime(2026, 12, 4, 9, tzinfo=UTC)
    (step,) = steps([LEASE], None, TERMS, DAYS, late)
    assert (step.kind, step.expires_at) == (StepKind.WARN, datetime(2026, 12, 8, tzinfo=UTC))


def test_progress_extends_when_the_end_is_near_or_the_owner_was_warned():
    warned = Lease(1, 7, 1, "pause", "v1", MONDAY, end_of(MONDAY, 10, DAYS), after(10.5))
    (step,) = steps([warned], after(11), TERMS, DAYS, after(11.1))
    assert (step.kind, step.expires_at) == (StepKind.EXTEND, end_of(after(11), 10, DAYS))
    assert kinds(LEASE, after(3), after(4)) == [], "one row for each stretch, not for each day"
    assert kinds(LEASE, after(3), after(11)) == [StepKind.EXTEND]


def test_progress_before_the_exclusion_does_not_count():
    assert kinds(LEASE, after(-1), datetime(2026, 11, 12, tzinfo=UTC)) == [StepKind.WARN]


def test_progress_after_a_lapse_begins_a_new_exclusion_from_then_on():
    lapsed = Lease(1, 7, 1, "pause", "v1", MONDAY, after(14), after(12), after(15))
    assert kinds(lapsed, after(15), after(16)) == []
    (step,) = steps([lapsed], after(15.5), TERMS, DAYS, after(16))
    assert (step.kind, step.at) == (StepKind.RESUME, after(15.5))
