"""A running engine: it wakes, it stops in time, it survives a store that goes away, and there is one of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from tests.contract.queue.bench import Bench, note
from tests.contract.store.fixtures import HandClock

from bridge.model.effect import Effect
from bridge.model.errors import StoreLocked
from bridge.ports import UnitOfWork
from bridge.queue import embedded
from bridge.queue.contract import Summary
from bridge.queue.embedded import EmbeddedEngine
from bridge.store.database import Database
from bridge.store.engines import connect, parse
from bridge.store.unit import Unit

SOON = 30.0


@contextmanager
def running(engine: EmbeddedEngine) -> Iterator[tuple[threading.Event, Future[Summary]]]:
    """The engine in a thread of its own, stopped at the end."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(engine.run, stop)
        try:
            yield stop, future
        finally:
            stop.set()
            engine.wake()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_running_engine_delivers_what_is_stored_meanwhile_and_counts(bench: Bench) -> None:
    with running(bench.engine(monotonic=time.monotonic)) as (stop, future):
        bench.enqueue(note("a"))
        wait_for(lambda: bench.states() == {"a": "done"})
        bench.enqueue(note("b"))
        wait_for(lambda: bench.states()["b"] == "done")
        stop.set()
        assert future.result(timeout=SOON) == Summary(done=2)


def test_stored_effects_wake_the_engine_and_it_does_not_wait_for_its_next_look(bench: Bench) -> None:
    """Twenty in a row, each after the one before: with a look every second that would take twenty seconds."""
    with running(bench.engine(monotonic=time.monotonic)):
        begun = time.monotonic()
        for number in range(20):
            bench.enqueue(note(str(number)))
            wait_for(lambda number=number: str(number) in bench.stored)  # type: ignore[misc]
        assert time.monotonic() - begun < 15


def test_stopping_finishes_what_runs_and_gives_back_what_was_only_claimed(bench: Bench) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        begun.set()
        assert go_on.wait(timeout=SOON)
        return lambda _: bench.stored.append(effect.unique)

    bench.enqueue(*(note(str(number)) for number in range(50)))
    engine = bench.engine(handlers={"note": handler}, workers=1, monotonic=time.monotonic)
    with running(engine) as (stop, future):
        assert begun.wait(timeout=SOON)
        stop.set()
        engine.wake()
        wait_for(lambda: engine._stopping)
        go_on.set()
        assert future.result(timeout=SOON) == Summary(done=1, waiting=49)
    assert bench.stored == ["0"]
    assert {(row.state.value, row.attempt, row.unsure) for row in bench.rows()} == {
        ("done", 1, False),
        ("ready", 0, False),
    }


def test_a_handler_that_hangs_does_not_keep_the_engine_from_stopping(bench: Bench) -> None:
    """Its effect stays recorded as running: the next process takes it for unsure. Here it ends after all."""
    begun, go_on = threading.Event(), threading.Event()

    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        begun.set()
        assert go_on.wait(timeout=SOON)
        return lambda _: bench.stored.append(effect.unique)

    bench.enqueue(note("a"))
    engine = bench.engine(handlers={"note": handler})
    with running(engine) as (stop, future):
        assert begun.wait(timeout=SOON)
        stop.set()
        wait_for(lambda: engine._stopping)
        bench.seconds += embedded.GRACE_SECONDS
        engine.wake()
        assert future.result(timeout=SOON) == Summary()
    assert bench.states() == {"a": "running"}
    go_on.set()
    assert engine.run_until_idle() == Summary(done=1), "the same process knows that it still runs"
    assert bench.stored == ["a"]


def test_a_deadline_ends_a_run_that_would_go_on(bench: Bench) -> None:
    def handler(effect: Effect) -> Callable[[UnitOfWork], None]:
        return lambda uow: uow.effects.enqueue([note(f"{effect.unique}+")]) and None  # type: ignore[func-returns-value]

    bench.enqueue(note("a"))
    engine = bench.engine(handlers={"note": handler}, monotonic=time.monotonic)
    summary = engine.run_until_idle(deadline=0.2)
    assert summary.done > 0
    assert summary.waiting == 1


def test_an_engine_runs_once_at_a_time(bench: Bench) -> None:
    engine = bench.engine(monotonic=time.monotonic)
    with running(engine):
        bench.enqueue(note("a"))
        wait_for(lambda: bench.states() == {"a": "done"})
        with pytest.raises(RuntimeError, match="running already"):
            engine.run_until_idle()
    assert engine.run_until_idle() == Summary()


class FailingDatabase(Database):
    """A store that goes away at the n-th writing transaction: before it begins, or just after it was committed."""

    fail_at = 0
    committed = False

    def transaction(self) -> AbstractContextManager[Unit]:
        self.fail_at -= 1
        return super().transaction() if self.fail_at else self._lost()

    @contextmanager
    def _lost(self) -> Iterator[Unit]:
        if self.committed:
            with super().transaction() as unit:
                yield unit
        raise StoreLocked("store", "went away.")


@pytest.mark.parametrize("committed", [False, True], ids=["undone", "committed"])
@pytest.mark.parametrize("fail_at", [1, 2, 3, 4])
def test_a_store_that_goes_away_ends_the_run_and_nothing_is_lost_or_sent_twice(
    bench: Bench, url: str, clock: HandClock, fail_at: int, *, committed: bool
) -> None:
    """The run raises; the next one of the same engine goes on. An answer that was lost makes unsure, no more."""
    bench.enqueue(note("a", "k"), note("b", "k"), note("c"))
    database = FailingDatabase(connect(parse(url)), clock)
    bench.database, real = database, bench.database
    engine = bench.engine(workers=1)
    database.fail_at, database.committed = fail_at, committed
    with pytest.raises(StoreLocked):
        engine.run_until_idle()
    engine.run_until_idle()
    bench.database = real
    assert bench.states() == {"a": "done", "b": "done", "c": "done"}
    assert sorted(bench.arrived) == ["a", "b", "c"]
    assert bench.arrived.index("a") < bench.arrived.index("b")
    database.close()


def test_statistics_can_be_asked_for_while_it_runs(bench: Bench) -> None:
    engine = bench.engine(monotonic=time.monotonic)
    seen: list[Any] = []
    with running(engine):
        bench.enqueue(*(note(str(number)) for number in range(200)))
        while not seen or seen[-1].done < 200:
            seen.append(engine.stats())
            assert sum((seen[-1].ready, seen[-1].running, seen[-1].done)) == 200
