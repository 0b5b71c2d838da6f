"""Raw and adjusted resolution times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.kpi.measures import Resolution, adjusted, resolution_times
from bridge.model.exclusion import Exclusion

T0 = datetime(2026, 11, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def exclusion(start: float, end: float | None, policy: str = "pause") -> Exclusion:
    return Exclusion(1, 1, policy, at(start), None if end is None else at(end), "rule", "v1")


def test_a_paused_clock_stands_from_promotion_to_the_end_of_the_exclusion():
    one = Resolution(at(0), at(100), [exclusion(10, 90)])
    times = resolution_times([one, Resolution(at(0), at(4))])
    assert (times.raw_hours, times.adjusted_hours, times.excluded_hours) == (52.0, 12.0, 80.0)


def test_a_removed_incident_leaves_the_measure_and_is_counted():
    times = resolution_times([Resolution(at(0), at(100), [exclusion(10, 90, "remove")]), Resolution(at(0), at(4))])
    assert (times.raw_hours, times.adjusted_hours, times.removed, times.counted) == (52.0, 4.0, 1, 1)


def test_an_incident_resolved_before_its_promotion_counts_fully():
    assert adjusted(Resolution(at(0), at(5), [exclusion(6, None, "remove")])) == timedelta(hours=5)


def test_nothing_measured_is_no_mean():
    times = resolution_times([])
    assert times.raw_hours is None
    assert times.adjusted_hours is None


spans = st.lists(st.tuples(st.integers(-50, 150), st.one_of(st.none(), st.integers(-50, 150))), max_size=6)


@given(st.integers(0, 100), spans)
def test_overlapping_exclusions_count_each_hour_once(length, raw):
    """Equal to counting hour by hour."""
    exclusions = [exclusion(a, b) for a, b in raw]
    counted = adjusted(Resolution(at(0), at(length), exclusions))
    slow = sum(not any(a <= h and (b is None or h < b) for a, b in raw) for h in range(length))
    assert counted == timedelta(hours=slow)


@given(st.lists(st.tuples(st.integers(0, 100), spans), max_size=5))
def test_the_raw_figure_does_not_know_of_exclusions(incidents):
    with_them = resolution_times(Resolution(at(0), at(n), [exclusion(a, b) for a, b in x]) for n, x in incidents)
    without = resolution_times(Resolution(at(0), at(n)) for n, _ in incidents)
    assert with_them.raw_hours == without.raw_hours
