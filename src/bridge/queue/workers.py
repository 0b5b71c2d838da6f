"""Threads that attempt effects, and the way of their outcomes back to the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: with something to store, with an error, or (neither) it was not begun.

    `outage` as in bridge.queue.contract.after_failure.
    """

    effect: Effect
    apply: Callable[[UnitOfWork], None] | None = None
    error: BridgeError | None = None
    outage: bool = False


class Workers:
    """A fixed number of daemon threads, started when first used and kept: handlers hold their connections by thread."""

    def __init__(self, count: int, attempt: Callable[[Effect], Outcome]) -> None:
        self._count = count
        self._attempt = attempt
        self._threads: list[threading.Thread] = []
        self._todo: SimpleQueue[Effect | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
        self._woken = False

    def start(self) -> None:
        """Starts the threads unless they run."""
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=f"worker-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def give(self, effects: Iterable[Effect]) -> None:
        """Has effects attempted, in this order, as threads become free."""
        for effect in effects:
            self._todo.put(effect)

    def wake(self) -> None:
        """Ends a `collect` that waits; one that comes later ends at once."""
        if not self._woken:
            self._woken = True
            self._outcomes.put(None)

    def collect(self, timeout: float) -> list[Outcome]:
        """The outcomes there are, after waiting for the first for `timeout` seconds at most; empty when woken."""
        found: list[Outcome] = []
        try:
            outcome = self._outcomes.get(timeout=timeout)
            while True:
                if outcome is None:
                    self._woken = False
                else:
                    found.append(outcome)
                outcome = self._outcomes.get_nowait()
        except Empty:
            return found

    def close(self) -> None:
        """Lets the threads end once they have nothing to do; waits for none."""
        for _ in self._threads:
            self._todo.put(None)
        self._threads = []

    def _work(self) -> None:
        while (effect := self._todo.get()) is not None:
            self._outcomes.put(self._attempt(effect))
