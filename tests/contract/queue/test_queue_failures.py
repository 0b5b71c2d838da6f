"""What becomes of an effect that fails: again later, or dead; and back from the dead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.typing import EventDict
from tests.contract.queue.bench import NEVER, Bench, note, unavailable
from tests.contract.store.fixtures import NASTY, HandClock

from bridge.model.effect import Effect, EffectState
from bridge.model.errors import (
    BridgeError,
    Collision,
    NotApplied,
    NotFound,
    Postponed,
    RateLimited,
    Rejected,
)
from bridge.ports import UnitOfWork
from bridge.queue.contract import RetryPolicy, Summary
from bridge.queue.embedded import EmbeddedEngine
from bridge.queue.limits import Circuit

POLICY = RetryPolicy(base=timedelta(seconds=10), cap=timedelta(minutes=2), max_attempts=3)
NO_CIRCUIT = Circuit(threshold=10**9)
REJECTED = Rejected("redmine issue 7", ("Subject cannot be blank", NASTY))


def engine(bench: Bench, **options: Any) -> EmbeddedEngine:
    return bench.engine(policy=POLICY, circuit=NO_CIRCUIT, **options)


def test_a_failed_attempt_is_made_again_later_and_the_error_is_kept(bench: Bench) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", unavailable())
    made = engine(bench)
    assert made.run_until_idle() == Summary(retry=1, waiting=1)
    row = bench.row("a")
    assert (row.state, row.attempt, row.error) == (EffectState.READY, 1, str(unavailable()))
    assert row.run_at is not None
    assert bench.clock.now() <= row.run_at <= bench.clock.now() + timedelta(seconds=10)
    bench.clock.advance(seconds=10)
    assert made.run_until_idle() == Summary(done=1)
    assert [sent.attempt for sent in bench.sent] == [1, 2]


def test_the_servers_wish_is_waited_for(bench: Bench) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", unavailable(retry_after=300))
    engine(bench).run_until_idle()
    run_at = bench.row("a").run_at
    assert run_at is not None
    assert timedelta(seconds=300) <= run_at - bench.clock.now() <= timedelta(seconds=310)


def test_the_last_attempt_is_the_last(bench: Bench) -> None:
    bench.enqueue(note("a", promotion_id=5))
    bench.fail("a", unavailable(), times=NEVER)
    made = engine(bench)
    for number in range(3):
        assert made.run_until_idle() == (Summary(retry=1, waiting=1) if number < 2 else Summary(dead=1))
        bench.clock.advance(minutes=5)
    assert made.run_until_idle() == Summary()
    (letter,) = made.dead()
    assert (letter.effect.unique, letter.error, letter.attempts) == ("a", str(unavailable()), 3)
    assert (letter.effect.state, letter.effect.promotion_id) == (EffectState.DEAD, 5)
    assert letter.died_at == bench.clock.now() - timedelta(minutes=5)


def test_a_permanent_error_is_death_at_once_and_the_wiring_is_told_in_the_same_transaction(
    bench: Bench, logged: list[EventDict]
) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", REJECTED)
    made = engine(bench)
    assert made.run_until_idle() == Summary(dead=1)
    assert bench.died == [("a", "RB-1206")]
    assert bench.trace("died", "a") == str(REJECTED)
    assert made.dead()[0].error == str(REJECTED)
    assert [entry["effect"] for entry in logged if entry["event"] == "effect.dead"] == [bench.row("a").id]


def test_a_death_that_nobody_can_be_told_of_is_put_off_not_forgotten(bench: Bench) -> None:
    told: list[str] = []

    def on_dead(unit: UnitOfWork, effect: Effect, error: BridgeError) -> None:
        told.append(effect.unique)
        if len(told) <= 2:  # once with the others, once alone
            raise ZeroDivisionError
        bench.on_dead(unit, effect, error)

    bench.enqueue(note("a"))
    bench.fail("a", REJECTED, times=NEVER)
    made = engine(bench, on_dead=on_dead)
    assert made.run_until_idle() == Summary(retry=1, waiting=1)
    assert made.dead() == []
    assert "ZeroDivisionError" in bench.row("a").error
    bench.clock.advance(hours=1)
    assert made.run_until_idle() == Summary(dead=1)
    assert bench.trace("died", "a") == str(REJECTED)


def test_a_dead_effect_lets_later_ones_of_its_key_pass_and_keeps_its_followers_waiting(bench: Bench) -> None:
    bench.enqueue(note("a", "k"), note("b", "k"), note("c", "other", after=("a",)))
    bench.fail("a", REJECTED)
    made = engine(bench)
    assert made.run_until_idle() == Summary(done=1, dead=1, waiting=1)
    bench.clock.advance(days=30)
    assert made.run_until_idle() == Summary(waiting=1)
    assert bench.states() == {"a": "dead", "b": "done", "c": "ready"}


def test_a_dead_effect_comes_back_with_all_its_attempts_and_its_followers_go_on(bench: Bench) -> None:
    bench.enqueue(note("a"), note("b", after=("a",)), note("c"))
    bench.fail("a", unavailable(), times=3)
    bench.fail("c", REJECTED)
    made = engine(bench)
    for _ in range(3):
        made.run_until_idle()
        bench.clock.advance(minutes=5)
    first, other = (letter.effect.id for letter in made.dead())
    assert made.requeue(first) == 1
    assert bench.revived == ["a"]
    assert bench.trace("revived", "a") == "yes"
    assert [letter.effect.id for letter in made.dead()] == [other]
    assert made.run_until_idle() == Summary(done=2)
    revived = bench.sent[-2]
    assert (revived.unique, revived.attempt, revived.unsure) == ("a", 1, True), "the lost answers are not forgotten"
    assert bench.states() == {"a": "done", "b": "done", "c": "dead"}


def test_all_dead_effects_come_back_at_once(bench: Bench) -> None:
    bench.enqueue(note("a"), note("b"))
    for unique in "ab":
        bench.fail(unique, REJECTED)
    made = engine(bench)
    assert made.requeue() == 0
    assert made.run_until_idle() == Summary(dead=2)
    assert made.requeue() == 2
    assert made.run_until_idle() == Summary(done=2)
    assert (made.requeue(), made.dead()) == (0, [])


def test_a_second_death_is_a_second_letter(bench: Bench) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", REJECTED, times=2)
    made = engine(bench)
    made.run_until_idle()
    made.requeue()
    bench.clock.advance(hours=1)
    made.run_until_idle()
    (letter,) = made.dead()
    assert letter.died_at == bench.clock.now()


def test_only_a_dead_effect_can_be_brought_back(bench: Bench) -> None:
    bench.enqueue(note("a"))
    made = engine(bench)
    with pytest.raises(NotFound, match="is not dead"):
        made.requeue(1)
    made.run_until_idle()
    with pytest.raises(NotFound, match="is not dead"):
        made.requeue(bench.row("a").id)
    assert bench.revived == []


def test_a_postponed_effect_uses_up_no_attempt_however_often(bench: Bench) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", Postponed("promotion 7", "waits for its window.", retry_after=60), times=10)
    made = engine(bench)
    for _ in range(10):
        assert made.run_until_idle() == Summary(retry=1, waiting=1)
        assert made.run_until_idle() == Summary(waiting=1)
        bench.clock.advance(seconds=70)
    assert made.run_until_idle() == Summary(done=1)
    assert {(sent.attempt, sent.unsure) for sent in bench.sent} == {(1, False)}


@pytest.mark.parametrize(
    ("error", "unsure"),
    [
        (unavailable(), True),
        (BridgeError("redmine", "something of its own."), True),
        (RuntimeError("bug"), True),
        (Collision("redmine issue 7", "changed meanwhile."), False),
        (RateLimited("redmine", "slow down.", retry_after=1), False),
        (Postponed("promotion 7", "not now."), False),
        (REJECTED, False),
        (NotApplied("redmine issue 7", "the status stayed."), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_next_attempt_knows_whether_the_outcome_of_this_one_is_known(
    bench: Bench, error: Exception, *, unsure: bool
) -> None:
    bench.enqueue(note("a"))
    bench.fail("a", error)
    made = engine(bench)
    made.run_until_idle()
    made.requeue()
    bench.clock.advance(hours=1)
    bench.seconds += 3600
    assert made.run_until_idle().done == 1
    assert [sent.unsure for sent in bench.sent] == [False, unsure]


def test_once_unsure_an_effect_stays_unsure(bench: Bench) -> None:
    bench.enqueue(note("a"))
    made = engine(bench)
    for error in (unavailable(), Collision("redmine issue 7", "changed meanwhile.")):
        bench.fail("a", error)
        made.run_until_idle()
        bench.clock.advance(hours=1)
    made.run_until_idle()
    assert [sent.unsure for sent in bench.sent] == [False, True, True]


def test_a_handler_may_fail_with_what_it_wants_stored(bench: Bench) -> None:
    """A BridgeError out of a result keeps its words; the effect was sent, so the next attempt is unsure."""

    def handler(_effect: Effect) -> Callable[[UnitOfWork], None]:
        def apply(uow: UnitOfWork) -> None:
            uow.promotions.get(99)

        return apply

    bench.enqueue(note("a"))
    made = engine(bench, handlers={"note": handler})
    assert made.run_until_idle() == Summary(dead=1)
    (letter,) = made.dead()
    assert "promotion 99" in letter.error
    assert letter.effect.unsure


def test_stats_tell_what_is_there_and_what_is_due(bench: Bench) -> None:
    bench.enqueue(*(note(unique, endpoint="source:rt") for unique in "ade"), note("b", "k"), note("c", "k"))
    bench.fail("a", REJECTED)
    bench.fail("b", unavailable(retry_after=600))
    made = engine(bench)
    made.run_until_idle()
    stats = made.stats()
    assert (stats.ready, stats.running, stats.done, stats.dead, stats.due) == (2, 0, 2, 1, 0)
    assert stats.oldest_due is None
    assert [(one.name, one.paused_for, one.last_error) for one in stats.endpoints] == [
        ("redmine", 600, str(unavailable())),
        ("source:rt", 0, str(REJECTED)),
    ]
    bench.clock.advance(minutes=11)
    stats = made.stats()
    assert (stats.due, stats.oldest_due) == (1, bench.row("b").run_at)


def test_a_dead_effect_is_given_up_and_what_waits_for_it_goes_on(bench: Bench) -> None:
    """Never sent again; its follower runs, and its dead letter is history."""
    bench.enqueue(note("a"), note("b", after=("a",)))
    bench.fail("a", REJECTED, times=NEVER)
    made = engine(bench)
    assert made.run_until_idle() == Summary(dead=1, waiting=1)
    told: list[int] = []
    (letter,) = made.dead()
    dropped = made.drop(letter.effect.id, lambda _, effect: told.append(effect.id))
    assert told == [dropped.id] == [letter.effect.id]
    assert made.dead() == []
    assert made.run_until_idle() == Summary(done=1)
    assert [sent.unique for sent in bench.sent] == ["a", "b"]
    with pytest.raises(NotFound, match="is not dead"):
        made.drop(letter.effect.id, lambda *_: None)


def test_giving_up_is_undone_with_what_could_not_be_told(bench: Bench) -> None:
    """One transaction: an effect is not given up without its audit."""
    bench.enqueue(note("a"))
    bench.fail("a", REJECTED, times=NEVER)
    made = engine(bench)
    made.run_until_idle()

    def refused(_unit: UnitOfWork, effect: Effect) -> None:
        raise NotFound(f"effect {effect.id}", "cannot be told")

    with pytest.raises(NotFound, match="cannot be told"):
        made.drop(bench.row("a").id, refused)
    assert bench.row("a").state is EffectState.DEAD


class ClockThatFails:
    """A clock that cannot be asked while `broken`."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.broken = False

    def now(self) -> datetime:
        """The other clock's moment. Raises BridgeError."""
        if self.broken:
            raise unavailable()
        return self.clock.now()


def test_a_clock_that_cannot_be_asked_loses_no_outcome(bench: Bench) -> None:
    """What was sent is stored as done once the clock is back: nothing stays running, nothing is sent twice."""
    clock = ClockThatFails(bench.clock)

    def deliver(effect: Effect) -> Callable[[UnitOfWork], None]:
        clock.broken = True
        return bench.deliver(effect)

    bench.enqueue(note("a"))
    made = EmbeddedEngine(bench.database, {"note": deliver}, clock, workers=1)
    with pytest.raises(BridgeError, match="no answer"):
        made.run_until_idle()
    clock.broken = False
    assert made.run_until_idle().done == 1
    made.close()
    assert bench.row("a").state is EffectState.DONE
    assert [sent.unique for sent in bench.sent] == ["a"]
