"""Did it help? Exact intervals against published figures, and what is said of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.kpi.effect_of_project import Verdict, binomial_interval, effect_of_project


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_clopper_pearson_as_published(hits: int, tries: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5."""
    assert [round(one, 4) for one in binomial_interval(hits, tries)] == [low, high]


def test_rate_ratio_as_published() -> None:
    """The example of R's poisson.test: 11 events in 800 person-years against 21 in 3011."""
    found = effect_of_project(before=21, before_days=3011, after=11, after_days=800)
    assert found.ratio == pytest.approx(1.971488, abs=1e-6)
    assert (found.low, found.high) == (pytest.approx(0.8584264, abs=1e-6), pytest.approx(4.2772659, abs=1e-6))
    assert found.verdict is Verdict.NO_EFFECT


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_bounds_leave_exactly_the_tails(hits: int, misses: int) -> None:
    """The definition, summed term by term: at each bound what was seen or more (or less) has a chance of 2.5 %."""
    tries = hits + misses
    low, high = binomial_interval(hits, tries)

    def chance(share: float, counts: range) -> float:
        return math.fsum(math.comb(tries, k) * share**k * (1 - share) ** (tries - k) for k in counts)

    if hits:
        assert chance(low, range(hits, tries + 1)) == pytest.approx(0.025, rel=1e-8)
    if misses:
        assert chance(high, range(hits + 1)) == pytest.approx(0.025, rel=1e-8)


def test_large_counts_keep_their_precision() -> None:
    """Near the normal approximation, which is good there."""
    found = effect_of_project(20_000, 365, 10_000, 365)
    width = math.exp(1.959964 * math.sqrt(1 / 20_000 + 1 / 10_000))
    assert found.low == pytest.approx(0.5 / width, rel=1e-4)
    assert found.high == pytest.approx(0.5 * width, rel=1e-4)


@pytest.mark.parametrize(
    ("before", "after", "after_days", "verdict"),
    [
        (10, 0, 90, Verdict.HELPED),
        (10, 9, 90, Verdict.NO_EFFECT),
        (10, 40, 90, Verdict.WORSE),
        (10, 0, 7, Verdict.TOO_EARLY),
        (10, 3, 7, Verdict.NO_EFFECT),
        (0, 0, 90, Verdict.UNKNOWN),
        (10, 0, 0, Verdict.UNKNOWN),
    ],
)
def test_what_is_said(before: int, after: int, after_days: float, verdict: Verdict) -> None:
    assert effect_of_project(before, 90, after, after_days).verdict is verdict


@settings(max_examples=60)
@given(st.integers(1, 200), st.floats(1, 1000))
def test_when_nothing_at_all_would_show_that_it_helped(before: int, days: float) -> None:
    needed = effect_of_project(before, days, 0, 0).shown_after_days
    assert needed is not None
    assert effect_of_project(before, days, 0, needed * 1.001).verdict is Verdict.HELPED
    assert effect_of_project(before, days, 0, needed * 0.999).verdict is Verdict.TOO_EARLY


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        effect_of_project(-1, 1, 0, 1)
