"""What is stored is delivered: once, in order, after its predecessors, and its result with it."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import event
from tests.contract.queue.bench import Bench, note, unavailable
from tests.contract.store.fixtures import NASTY, at

from bridge.model.effect import Effect, EffectSpec
from bridge.ports import UnitOfWork
from bridge.queue.contract import RetryPolicy, Summary
from bridge.queue.limits import Circuit


def test_an_empty_queue_is_idle(bench: Bench) -> None:
    assert bench.engine().run_until_idle() == Summary()


def test_an_effect_arrives_as_it_was_stored(bench: Bench) -> None:
    bench.enqueue(note("a", NASTY, payload={"text": NASTY, "n": [1, None]}, promotion_id=3))
    assert bench.engine().run_until_idle() == Summary(done=1)
    (sent,) = bench.sent
    assert (sent.key, sent.payload, sent.attempt, sent.unsure) == (NASTY, {"text": NASTY, "n": [1, None]}, 1, False)
    assert (sent.promotion_id, sent.endpoint, sent.created_at) == (3, "redmine", bench.clock.now())
    assert bench.states() == {"a": "done"}
    assert bench.stored == ["a"]


def test_what_was_rolled_back_is_not_delivered(bench: Bench) -> None:
    with suppress(ZeroDivisionError), bench.database.transaction() as unit:
        unit.effects.enqueue([note("a")])
        raise ZeroDivisionError
    assert bench.engine().run_until_idle() == Summary()
    assert bench.sent == []


def test_the_same_effect_twice_is_delivered_once(bench: Bench) -> None:
    assert [bench.enqueue(note("a")), bench.enqueue(note("a"), note("a"))] == [1, 0]
    engine = bench.engine()
    engine.run_until_idle()
    assert bench.enqueue(note("a")) == 0
    assert engine.run_until_idle() == Summary()
    assert bench.arrived == ["a"]


def test_an_effect_for_later_waits_for_its_time(bench: Bench) -> None:
    bench.enqueue(note("a", run_at=at(5)), note("b"))
    engine = bench.engine()
    assert engine.run_until_idle() == Summary(done=1, waiting=1)
    bench.clock.advance(minutes=5)
    assert engine.run_until_idle() == Summary(done=1)
    assert bench.arrived == ["b", "a"]


def test_an_effect_for_later_holds_up_what_comes_after_it_on_its_key(bench: Bench) -> None:
    bench.enqueue(note("a", "k", run_at=at(5)), note("b", "k"))
    engine = bench.engine()
    assert engine.run_until_idle() == Summary(waiting=2)
    bench.clock.advance(minutes=5)
    engine.run_until_idle()
    assert bench.arrived == ["a", "b"]


def test_predecessors_on_other_keys_come_first(bench: Bench) -> None:
    bench.enqueue(
        note("project", run_at=at(5)), note("task 1", after=("project",)), note("task 2", after=("project",)),
        note("relation", after=("task 1", "task 2")), note("free"),
    )  # fmt: skip
    engine = bench.engine()
    assert engine.run_until_idle() == Summary(done=1, waiting=4)
    bench.clock.advance(minutes=5)
    assert engine.run_until_idle() == Summary(done=4)
    assert bench.arrived[0:2] == ["free", "project"]
    assert bench.arrived[-1] == "relation"


def test_a_successful_result_is_stored_in_the_transaction_that_makes_it_done(bench: Bench) -> None:
    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        def apply(uow: UnitOfWork) -> None:
            uow.own_writes.add("redmine", "journal", effect.unique)
            uow.effects.enqueue([note(f"{effect.unique}+")] if len(effect.unique) < 4 else [])

        return apply

    bench.enqueue(note("a"), note("b"))
    assert bench.engine(handlers={"note": handler}).run_until_idle() == Summary(done=8)
    with bench.database.reading() as unit:
        assert unit.own_writes.known("redmine", "journal", ["a", "b+++", "c"]) == {"a", "b+++"}


def test_a_result_that_cannot_be_stored_fails_alone(bench: Bench) -> None:
    """It does not take those along whose results happen to be stored in the same transaction."""
    gate = threading.Barrier(4)

    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        gate.wait(timeout=20)  # all four end at once

        def apply(uow: UnitOfWork) -> None:
            uow.ledger.set_cursor("applied", effect.unique, "yes")
            if effect.unique == "bad":
                uow.exclusions.start(999, 999, "pause", bench.clock.now(), "no such incident", "v1")
            bench.stored.append(effect.unique)

        return apply

    bench.enqueue(note("a"), note("bad"), note("b"), note("c"))
    assert bench.engine(handlers={"note": handler}).run_until_idle() == Summary(done=3, retry=1, waiting=1)
    assert bench.states() == {"a": "done", "b": "done", "c": "done", "bad": "ready"}
    assert [bench.trace("applied", unique) for unique in ("a", "b", "c", "bad")] == ["yes", "yes", "yes", None]
    bad = bench.row("bad")
    assert (bad.attempt, bad.unsure) == (1, True), "it was sent: the next attempt looks first"
    assert "RB-1402" in bad.error
    assert "IntegrityError" in bad.error


def test_a_fault_in_a_handler_is_a_failed_attempt_and_stops_nobody_else(bench: Bench) -> None:
    bench.enqueue(note("a"), note("bad"), note("b"))
    bench.fail("bad", KeyError("oops"))
    engine = bench.engine()
    assert engine.run_until_idle() == Summary(done=2, retry=1, waiting=1)
    bad = bench.row("bad")
    assert (bad.attempt, bad.unsure) == (1, True)
    assert "KeyError: 'oops'" in bad.error
    assert "bench.py:" in bad.error
    bench.clock.advance(minutes=5)
    assert engine.run_until_idle() == Summary(done=1)
    assert bench.row("bad").error == ""


def test_an_effect_that_nobody_handles_is_dead_and_says_so(bench: Bench) -> None:
    bench.enqueue(EffectSpec("teleport", "k", "a", "redmine"))
    assert bench.engine().run_until_idle() == Summary(dead=1)
    assert "nothing here handles “teleport”" in bench.engine().dead()[0].error


def test_more_workers_than_one_deliver_at_the_same_time(bench: Bench) -> None:
    together = threading.Barrier(4)

    def handler(_effect: Effect) -> Callable[[UnitOfWork], None]:
        together.wait(timeout=20)
        return lambda _: None

    bench.enqueue(*(note(str(number)) for number in range(8)))
    assert bench.engine(handlers={"note": handler}).run_until_idle() == Summary(done=8)


def test_statements_per_effect_do_not_grow_with_the_queue_or_its_history(bench: Bench) -> None:
    """One worker whose results arrive one by one is the dearest case: a transaction for each."""
    sent: list[str] = []
    engine = bench.engine(workers=1)
    event.listen(
        bench.database._engines.writer, "before_cursor_execute", lambda _c, _k, statement, *_: sent.append(statement)
    )
    most = []
    for size in (30, 30, 300):
        bench.enqueue(*(note(f"{len(most)}.{number}", f"k{number % 10}") for number in range(size)))
        sent.clear()
        engine.run_until_idle()
        most.append(len(sent) / size)
    assert max(most) <= 6.5


# --- order ---------------------------------------------------------------------------------------------------------


@dataclass
class Witness:
    """A handler that sees to it that no two effects of a key overlap, and none begins before its predecessors."""

    after: dict[str, tuple[str, ...]]
    chance: random.Random
    faults: float = 0.0
    done: list[str] = field(default_factory=list)
    finished: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        with self.lock:
            if effect.key in self.running:
                self.wrong.append(f"{effect.unique} while another of {effect.key} ran")
            if set(self.after.get(effect.unique, ())) - set(self.done):
                self.wrong.append(f"{effect.unique} before what it waits for")
            self.running.add(effect.key)
            fails = self.chance.random() < self.faults
        with self.lock:
            self.running.discard(effect.key)
        if fails:
            raise unavailable()

        def apply(_: UnitOfWork) -> None:
            self.done.append(effect.unique)
            self.finished[effect.key].append(effect.id)

        return apply


PATIENT = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(seconds=2), max_attempts=1000)
NO_CIRCUIT = Circuit(threshold=10**9)


def drain(bench: Bench, witness: Witness, total: int) -> None:
    """Delivers everything, whatever fails on the way."""
    engine = bench.engine(handlers={"note": witness}, policy=PATIENT, circuit=NO_CIRCUIT, workers=8)
    done = 0
    for _ in range(1000):
        done += engine.run_until_idle().done
        if done == total:
            return
        bench.clock.advance(seconds=2)
    pytest.fail(f"{done} of {total} were delivered")


def test_two_thousand_effects_of_a_hundred_keys_in_order_although_a_tenth_of_the_attempts_fails(bench: Bench) -> None:
    chance = random.Random(1)
    keys = [f"k{number % 100}" for number in range(2000)]
    chance.shuffle(keys)
    bench.enqueue(*(note(str(number), key) for number, key in enumerate(keys)))
    witness = Witness({}, chance, faults=0.1)
    drain(bench, witness, 2000)
    assert witness.wrong == []
    assert len(witness.done) == 2000
    assert all(ids == sorted(ids) for ids in witness.finished.values())


@pytest.mark.parametrize("seed", range(6))
def test_any_web_of_keys_and_predecessors_is_delivered_in_order(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    specs = []
    for number in range(60):
        after = tuple(str(chance.randrange(number)) for _ in range(chance.randrange(4))) if number else ()
        specs.append(note(str(number), f"k{chance.randrange(8)}", after=after))
    bench.enqueue(*specs)
    witness = Witness({spec.unique: spec.after for spec in specs}, chance, faults=0.3)
    drain(bench, witness, len(specs))
    assert witness.wrong == []
    assert all(ids == sorted(ids) for ids in witness.finished.values())


def test_what_handlers_store_is_seen_by_readers_only_when_the_effect_is_done(bench: Bench) -> None:
    """Half of a result is never visible: 'done' and what belongs to it are one commit."""
    seen: list[tuple[bool, str]] = []

    def handler(_effect: Effect) -> Callable[[UnitOfWork], None]:
        def apply(uow: UnitOfWork) -> None:
            uow.ledger.set_cursor("result", "a", "yes")
            seen.append((bench.trace("result", "a") == "yes", bench.states()["a"]))

        return apply

    bench.enqueue(note("a"))
    bench.engine(handlers={"note": handler}).run_until_idle()
    assert seen == [(False, "running")]
    assert (bench.trace("result", "a"), bench.states()) == ("yes", {"a": "done"})
