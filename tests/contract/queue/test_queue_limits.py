"""Rate limits, cool-downs and the circuit: what they hold back, and that they burn no attempts."""

from __future__ import annotations

import time

from tests.contract.queue.bench import NEVER, Bench, note, unavailable

from bridge.model.errors import RateLimited, Rejected
from bridge.queue.contract import Summary
from bridge.queue.limits import Circuit, Limit


def test_no_more_than_the_rate_and_the_burst_is_sent(bench: Bench) -> None:
    moments: list[float] = []

    def handler(effect: object) -> object:
        moments.append(time.monotonic())
        return lambda _: None

    bench.enqueue(*(note(str(number)) for number in range(30)), note("free", endpoint="source:rt"))
    engine = bench.engine(handlers={"note": handler}, limits={"redmine": Limit(40, burst=5)}, monotonic=time.monotonic)
    begun = time.monotonic()
    assert engine.run_until_idle() == Summary(done=31)
    assert time.monotonic() - begun >= (30 - 5) / 40
    # Claimed in time; a busy machine may send what was claimed before a little later, hence the tenth of a second.
    for index, first in enumerate(moments):
        together = sum(first <= other < first + 0.2 for other in moments[index:])
        assert together <= 1 + 5 + (0.2 + 0.1) * 40


def test_a_limited_endpoint_does_not_hold_up_another(bench: Bench) -> None:
    """The first hundred due are all of the limited endpoint, more than are looked at in one go."""
    bench.enqueue(*(note(f"slow {number}") for number in range(100)), note("fast", endpoint="source:rt"))
    engine = bench.engine(limits={"redmine": Limit(0.001, burst=1)}, monotonic=time.monotonic)
    assert engine.run_until_idle(deadline=1.5) == Summary(done=2, waiting=99)
    assert set(bench.arrived) == {"slow 0", "fast"}


def test_a_rate_limited_server_is_left_alone_for_as_long_as_it_wants(bench: Bench) -> None:
    bench.enqueue(*(note(str(number)) for number in range(5)))
    bench.fail("0", RateLimited("redmine", "slow down.", retry_after=30))
    engine = bench.engine(workers=1)
    assert engine.run_until_idle() == Summary(retry=1, waiting=5)
    assert bench.arrived == ["0"], "what was claimed already is given back untried"
    assert [row.attempt for row in bench.rows()] == [1, 0, 0, 0, 0]
    bench.clock.advance(seconds=29)
    bench.seconds += 29
    assert engine.run_until_idle() == Summary(waiting=5)
    bench.clock.advance(seconds=10)
    bench.seconds += 10
    assert engine.run_until_idle() == Summary(done=5)


def test_an_outage_costs_the_effects_of_an_endpoint_no_attempts(bench: Bench) -> None:
    bench.enqueue(*(note(str(number)) for number in range(200)), note("other", endpoint="source:rt"))
    for number in range(200):
        bench.fail(str(number), unavailable(), times=NEVER)
    engine = bench.engine(circuit=Circuit(threshold=3, base=5, cap=60))
    for _ in range(500):
        engine.run_until_idle()
        bench.clock.advance(minutes=2)
        bench.seconds += 120
    assert bench.states()["other"] == "done"
    assert set(bench.states().values()) == {"ready", "done"}, "two hundred rounds killed nothing"
    assert max(row.attempt for row in bench.rows()) <= 2
    assert len(bench.sent) <= 520, "one at a time is tried, not all"
    stats = engine.stats()
    assert {endpoint.name: endpoint.failures > 3 for endpoint in stats.endpoints} == {
        "redmine": True,
        "source:rt": False,
    }
    for number in range(200):
        bench.fail(str(number), unavailable(), times=0)
    assert engine.run_until_idle() == Summary(done=200), "the first answer opens it for all"


def test_an_effect_that_fails_all_by_itself_is_not_taken_for_an_outage(bench: Bench) -> None:
    bench.enqueue(note("bad"))
    bench.fail("bad", unavailable(), times=NEVER)
    engine = bench.engine()
    for _ in range(25):
        engine.run_until_idle()
        bench.clock.advance(hours=2)
        bench.seconds += 7200
    assert bench.states() == {"bad": "dead"}
    assert len(bench.sent) == 20


def test_one_bad_effect_does_not_keep_the_others_from_being_tried(bench: Bench) -> None:
    bench.enqueue(note("bad"))
    bench.fail("bad", unavailable(), times=NEVER)
    engine = bench.engine()
    for _ in range(5):
        engine.run_until_idle()
        bench.clock.advance(hours=2)
        bench.seconds += 7200
    bench.enqueue(*(note(str(number)) for number in range(10)))
    engine.run_until_idle()
    bench.clock.advance(hours=2)
    bench.seconds += 7200
    engine.run_until_idle()
    assert set(bench.arrived) == {"bad", *(str(number) for number in range(10))}
    assert bench.states() == {"bad": "ready", **{str(number): "done" for number in range(10)}}


def test_a_refusal_is_an_answer_and_closes_the_circuit(bench: Bench) -> None:
    bench.enqueue(*(note(str(number)) for number in range(4)))
    for number in range(3):
        bench.fail(str(number), unavailable())
    bench.fail("3", Rejected("redmine issue 7", ("no",)))
    engine = bench.engine(workers=1, circuit=Circuit(threshold=3, base=5, cap=60))
    assert engine.run_until_idle() == Summary(retry=3, waiting=4)
    bench.clock.advance(minutes=1)
    bench.seconds += 60
    summary = engine.run_until_idle()
    assert (summary.done, summary.dead) == (3, 1)
