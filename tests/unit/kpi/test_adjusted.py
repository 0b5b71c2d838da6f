"""What exclusions take off: pause, remove, and what brings an incident back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.kpi.adjusted import NOTHING_EXCLUDED, elapsed, excluded
from bridge.model.exclusion import Ending, Exclusion

T0 = datetime(2026, 11, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def one(start: float, end: float | None, policy: str = "pause", because: str = "", promotion: int = 1) -> Exclusion:
    return Exclusion(1, promotion, policy, at(start), None if end is None else at(end), "rule", "v1", because)


def hours(begin: float, end: float, *exclusions: Exclusion) -> float | None:
    counted = elapsed(at(begin), at(end), excluded(exclusions, at(end)))
    return None if counted is None else counted / timedelta(hours=1)


def test_intervals_are_in_order_and_do_not_touch():
    out = excluded([one(30, None), one(5, 10), one(10, 12), one(20, 25)], None)
    assert out.intervals == ((at(5), at(12)), (at(20), at(25)), (at(30), None))
    assert not out.removed


@pytest.mark.parametrize("because", [Ending.LAPSED, Ending.LIFTED, Ending.DEMOTED])
def test_a_removed_incident_comes_back_with_its_raw_time(because):
    assert hours(0, 100, one(10, 90, "remove", because)) == 100


@pytest.mark.parametrize("because", ["", Ending.DELIVERED, Ending.MERGED])
def test_delivery_keeps_a_removed_incident_out(because):
    assert hours(0, 100, one(10, 90, "remove", because)) is None
    assert hours(0, 100, one(10, None, "remove")) is None


def test_a_demotion_after_the_resolution_brings_back_too():
    assert hours(0, 100, one(10, 300, "remove", Ending.DEMOTED)) == 100


def test_the_last_word_of_a_promotion_counts():
    lapsed, again = one(10, 20, "remove", Ending.LAPSED), one(30, 40, "remove", Ending.DELIVERED)
    assert hours(0, 100, lapsed, again) is None
    assert hours(0, 100, one(10, 20, "remove", Ending.DELIVERED), one(30, 40, "remove", Ending.DEMOTED)) == 100
    other = one(50, 60, "remove", Ending.DEMOTED, promotion=2)
    assert hours(0, 100, lapsed, again, other) is None


@pytest.mark.parametrize(
    ("there", "counts"),
    [
        ([one(20, 20, "remove", Ending.DEMOTED, promotion=2)], 100),
        ([one(20, 40, "remove", Ending.LAPSED, promotion=2)], 100),
        ([one(20, 40, "remove", Ending.DELIVERED, promotion=2)], None),
        ([one(20, None, "remove", promotion=2)], None),
        ([one(20, 40, "remove", "lapsed", promotion=2), one(50, 60, "remove", "delivered", promotion=2)], None),
        ([one(20, 40, "remove", "merged", promotion=2), one(40, 40, "remove", "demoted", promotion=3)], 100),
        ([one(30, 40, "remove", Ending.DEMOTED, promotion=2)], None),
    ],
)
def test_a_project_that_was_merged_hides_nothing_that_comes_back_in_the_other(there, counts):
    assert hours(0, 100, one(10, 20, "remove", Ending.MERGED), *there) == counts


@pytest.mark.parametrize(
    ("there", "counts"),
    [
        ([one(20, 20, because=Ending.DEMOTED, promotion=2)], 100),
        ([one(20, 40, because=Ending.LAPSED, promotion=2)], 70),
        ([one(20, 40, because=Ending.DELIVERED, promotion=2)], 70),
        ([one(20, None, promotion=2)], 10),
        ([one(20, 40, because=Ending.MERGED, promotion=2), one(40, 40, because="demoted", promotion=3)], 100),
        ([one(20, 40, because="lapsed", promotion=2), one(50, 50, because="demoted", promotion=2)], 70),
        ([one(30, 30, because=Ending.DEMOTED, promotion=2)], 90),
        ([], 90),
    ],
)
def test_a_pause_that_went_on_in_a_demoted_project_takes_off_nothing(there, counts):
    assert hours(0, 100, one(10, 20, "pause", Ending.MERGED), *there) == counts


def test_a_pause_is_taken_back_although_it_went_on_after_the_resolution():
    merged, demoted = one(10, 120, "pause", Ending.MERGED), one(120, 120, "pause", Ending.DEMOTED, promotion=2)
    assert hours(0, 100, merged, demoted) == 100
    assert hours(0, 100, merged) == 10


def test_a_lapsed_pause_keeps_what_stood_until_then():
    assert hours(0, 100, one(10, 20, "pause", Ending.LAPSED), one(30, None)) == 20


def test_resolved_before_promotion_is_always_none():
    assert hours(0, 5, one(5, None, "remove")) == 5
    assert hours(0, 5, one(6, None)) == 5


def test_an_exclusion_of_no_length_is_none():
    assert excluded([one(5, 5, "remove")], None) == NOTHING_EXCLUDED
