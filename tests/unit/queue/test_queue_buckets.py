"""Token buckets and the circuit of an endpoint, by a stop-watch that the test holds."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.model.effect import Effect
from bridge.model.errors import NotFound, Postponed, RateLimited, RemoteUnavailable
from bridge.queue.contract import EndpointStats, HandlerFailed
from bridge.queue.limits import Circuit, Endpoints, Limit, TokenBucket

LOST = RemoteUnavailable("redmine", "no answer.")
CIRCUIT = Circuit(threshold=3, base=10, cap=40)


def effect(number: int, endpoint: str = "redmine") -> Effect:
    return Effect(number, "note", "k", str(number), endpoint, {}, 1, unsure=False, created_at=datetime.now(UTC))


def endpoints(**limits: Limit) -> Endpoints:
    return Endpoints(limits, CIRCUIT, random.Random(1), 0.0)


def admitted(all_of: Endpoints, count: int, now: float, busy: int = 0) -> int:
    """How many of `count` effects of the endpoint `redmine` may begin."""
    return len(all_of.admit([(number, "redmine") for number in range(count)], {"redmine": busy}, now)[0])


def test_a_bucket_gives_the_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(Limit(per_second=2, burst=3), now=100)
    assert bucket.available(100) == 3
    bucket.take(3, 100)
    assert (bucket.available(100), bucket.wait(100)) == (0, 0.5)
    assert (bucket.available(100.5), bucket.wait(100.5)) == (1, 0)
    assert bucket.available(1000) == 3


def test_a_stop_watch_that_steps_back_gives_nothing_away() -> None:
    bucket = TokenBucket(Limit(per_second=1, burst=1), now=100)
    bucket.take(1, 100)
    assert bucket.available(50) == 0
    assert bucket.available(100.9) == 0
    assert bucket.available(101) == 1


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_interval_sees_more_than_burst_plus_rate(rate: float, burst: int, pauses: list[float]) -> None:
    bucket = TokenBucket(Limit(rate, burst), 0.0)
    now = 0.0
    taken: list[float] = []
    for pause in pauses:
        now += pause
        count = bucket.available(now)
        bucket.take(count, now)
        taken += [now] * count
    for index, first in enumerate(taken):
        for more, last in enumerate(taken[index:], 1):
            assert more <= burst + rate * (last - first) + 1e-6


@given(st.floats(0.1, 100), st.integers(1, 5))
def test_after_the_wait_one_may_go(rate: float, burst: int) -> None:
    bucket = TokenBucket(Limit(rate, burst), 0.0)
    bucket.take(burst, 0.0)
    assert bucket.available(bucket.wait(0.0)) == 1


def test_only_what_has_room_is_admitted_and_the_others_are_named() -> None:
    made = endpoints(redmine=Limit(1, burst=2))
    pairs = [(1, "redmine"), (2, "redmine"), (3, "source:rt"), (4, "redmine"), (5, "source:rt")]
    assert made.admit(pairs, {}, 0) == ([1, 2, 3, 5], {"redmine"})
    assert made.next_token({"redmine", "source:rt"}, 0) == 1
    assert made.next_token({"source:rt"}, 0) is None


def test_an_endpoint_rests_after_failures_in_a_row_longer_each_time_then_one_is_tried() -> None:
    made = endpoints()
    outages = [made.ended(effect(number), LOST, 0) for number in (1, 2, 3, 4)]
    assert outages == [False, False, True, True], "from the third of several it is the endpoint's"
    rests = []
    now = 0.0
    for number in range(5, 10):
        assert made.shut({}, now) == {"redmine"}
        (rest,) = (stats.paused_for for stats in made.stats(now))
        rests.append(rest)
        now += rest
        assert admitted(made, 9, now) == 1
        assert admitted(made, 9, now, busy=1) == 0
        made.ended(effect(number), LOST, now)
    assert all(longest / 2 <= rest <= longest for rest, longest in zip(rests, [10, 20, 40, 40, 40], strict=True))


def test_an_answer_ends_the_rest() -> None:
    made = endpoints()
    for number in (1, 2, 3):
        made.ended(effect(number), LOST, 0)
    assert made.ended(effect(4), NotFound("redmine", "gone."), 50) is False
    assert admitted(made, 9, 50) == 9
    assert made.stats(50) == (EndpointStats("redmine", 0, 0.0, str(NotFound("redmine", "gone."))),)


def test_failures_that_are_not_in_a_row_break_nothing() -> None:
    made = endpoints()
    for number in range(20):
        assert made.ended(effect(number), LOST if number % 3 else None, 0) is False
    assert admitted(made, 9, 0) == 9


def test_what_says_nothing_about_the_endpoint_changes_nothing() -> None:
    made = endpoints()
    for number, error in enumerate([LOST, Postponed("x", "later."), HandlerFailed("x", "bug."), LOST, LOST]):
        made.ended(effect(number), error, 0)
    assert made.shut({}, 0) == {"redmine"}


def test_one_effect_alone_is_not_taken_for_an_outage() -> None:
    made = endpoints()
    assert [made.ended(effect(1), LOST, now) for now in range(9)] == [False] * 9
    assert made.ended(effect(2), LOST, 9) is True


def test_a_server_that_wants_a_pause_gets_it() -> None:
    made = endpoints()
    made.ended(effect(1), RateLimited("redmine", "slow.", retry_after=30), 0)
    made.ended(effect(2), RateLimited("redmine", "slow.", retry_after=5), 1)
    assert (made.is_paused("redmine", 29.9), made.is_paused("redmine", 30)) == (True, False)
    assert made.is_paused("source:rt", 0) is False
    assert admitted(made, 9, 30) == 9
    made.ended(effect(3), RateLimited("redmine", "slow."), 40)
    assert made.is_paused("redmine", 44.9)
    assert not made.is_paused("redmine", 50)
