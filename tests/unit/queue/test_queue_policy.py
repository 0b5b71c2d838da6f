"""When a failed effect is tried again, and when it is not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.effect import Effect
from bridge.model.errors import (
    BridgeError,
    Forbidden,
    NotApplied,
    NotFound,
    NotPossible,
    Postponed,
    RateLimited,
    RemoteUnavailable,
    WouldLeak,
)
from bridge.queue.contract import DEFAULT_POLICY, RetryPolicy, Verdict, after_failure, backoff

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy(base=timedelta(seconds=2), cap=timedelta(minutes=1), max_attempts=5)


class Highest(random.Random):
    """Always the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        """The upper end."""
        return max(a, b)


class Lowest(random.Random):
    """Always the shortest wait."""

    def uniform(self, a: float, b: float) -> float:
        """The lower end."""
        return min(a, b)


def effect(attempt: int = 1, *, unsure: bool = False) -> Effect:
    return Effect(1, "note", "k", "u", "redmine", {}, attempt, unsure, NOW)


def lost(retry_after: float | None = None) -> RemoteUnavailable:
    return RemoteUnavailable("redmine", "no answer.", retry_after=retry_after)


def wait(attempt: int, error: BridgeError, rng: random.Random) -> float:
    verdict = after_failure(effect(attempt), error, NOW, rng, RetryPolicy(POLICY.base, POLICY.cap, 100))
    assert verdict.at is not None
    return (verdict.at - NOW).total_seconds()


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (90, 60)])
def test_the_wait_doubles_up_to_the_cap_and_is_fully_random(attempt: int, longest: float) -> None:
    assert wait(attempt, lost(), Highest()) == longest
    assert wait(attempt, lost(), Lowest()) == 0


@pytest.mark.parametrize(
    ("wish", "shortest", "longest"),
    [(30, 30, 32), (0, 0, 2), (-5, 0, 2), (1e9, 86_400, 86_402), (float("inf"), 86_400, 86_402)],
)
def test_the_servers_wish_is_the_shortest_wait(wish: float, shortest: float, longest: float) -> None:
    assert wait(1, lost(wish), Lowest()) == shortest
    assert wait(1, lost(wish), Highest()) == longest


def test_a_short_wish_does_not_undo_the_back_off() -> None:
    assert wait(6, lost(1), Highest()) == 60


def test_the_last_attempt_is_followed_by_death() -> None:
    assert after_failure(effect(4), lost(), NOW, Highest(), POLICY).at is not None
    assert after_failure(effect(5), lost(), NOW, Highest(), POLICY) == Verdict(None, 5, unsure=True)


@pytest.mark.parametrize("kind", [Forbidden, NotFound, NotPossible])
def test_what_cannot_get_better_is_dead_at_once(kind: type[BridgeError]) -> None:
    assert after_failure(effect(), kind("redmine", "no."), NOW, Highest(), POLICY) == Verdict(None, 1, unsure=False)


@pytest.mark.parametrize("kind", [NotApplied, WouldLeak])
def test_what_may_stand_although_it_was_not_done_as_asked_is_looked_for_by_a_retry(kind: type[BridgeError]) -> None:
    assert after_failure(effect(), kind("redmine", "no."), NOW, Highest(), POLICY) == Verdict(None, 1, unsure=True)


def test_a_postponement_uses_up_no_attempt_not_even_the_last() -> None:
    verdict = after_failure(effect(5), Postponed("x", "later.", retry_after=60), NOW, Lowest(), POLICY)
    assert verdict == Verdict(NOW + timedelta(seconds=60), 4, unsure=False)


def test_an_outage_uses_up_no_attempt_but_leaves_the_outcome_unknown() -> None:
    verdict = after_failure(effect(5), lost(), NOW, Lowest(), POLICY, outage=True)
    assert verdict == Verdict(NOW, 4, unsure=True)


@given(
    st.integers(1, 10**6),
    st.floats(allow_nan=False) | st.none(),
    st.sampled_from([RemoteUnavailable, RateLimited, Postponed]),
    st.integers(),
)
def test_whatever_comes_the_next_attempt_is_neither_in_the_past_nor_out_of_sight(
    attempt: int, wish: float | None, kind: type[BridgeError], seed: int
) -> None:
    error = kind("redmine", "x", retry_after=wish)
    verdict = after_failure(effect(attempt), error, NOW, random.Random(seed), RetryPolicy(max_attempts=10**7))
    assert verdict.at is not None
    assert NOW <= verdict.at <= NOW + timedelta(hours=25)


def test_a_weekday_evening_of_silence_kills_nothing_that_stands_alone() -> None:
    """Twenty attempts with half the longest waits, which is what chance gives on average, last for hours."""
    seconds = sum(
        backoff(n, DEFAULT_POLICY.base.total_seconds(), DEFAULT_POLICY.cap.total_seconds()) / 2
        for n in range(1, DEFAULT_POLICY.max_attempts)
    )
    assert seconds > 4 * 3600
