"""An engine on a store, and a remote system that records what arrives and does what it is told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from tests.contract.store.fixtures import HandClock

from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import BridgeError, RemoteUnavailable
from bridge.ports import UnitOfWork
from bridge.queue.embedded import EmbeddedEngine
from bridge.store.database import Database
from bridge.store.effects import EFFECT, effect_of
from bridge.store.sql import fetch, select_text

NEVER = float("inf")
"""So many times."""


def unavailable(*, retry_after: float | None = None) -> RemoteUnavailable:
    """No answer came."""
    return RemoteUnavailable("redmine", "no answer within 30 s.", retry_after=retry_after)


class Bench:
    """The effects of kind `note` go to `self.deliver`; `fail` says which attempts go wrong, and how."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database = database
        self.clock = clock
        self.seconds = 1000.0  # the engine's stop-watch, moved by hand
        self.sent: list[Effect] = []
        self.stored: list[str] = []
        self.died: list[tuple[str, str]] = []
        self.revived: list[str] = []
        self._faults: dict[str, list[Any]] = {}
        self._engines: list[EmbeddedEngine] = []
        self._lock = threading.Lock()

    def engine(self, **options: Any) -> EmbeddedEngine:
        """An engine; options as its constructor takes them. Its stop-watch stands unless `monotonic` is given."""
        defaults = {
            "handlers": {"note": self.deliver},
            "workers": 4,
            "on_dead": self.on_dead,
            "on_requeue": self.on_requeue,
            "rng": random.Random(7),
            "monotonic": lambda: self.seconds,
        }
        made = EmbeddedEngine(self.database, clock=self.clock, **{**defaults, **options})
        self._engines.append(made)
        return made

    def close(self) -> None:
        """Ends the engines' threads."""
        for engine in self._engines:
            engine.close()

    def enqueue(self, *specs: EffectSpec) -> int:
        """Stores effects in a transaction of their own."""
        with self.database.transaction() as unit:
            return unit.effects.enqueue(specs)

    def fail(self, unique: str, error: Exception, times: float = 1) -> None:
        """The next attempts of that effect fail."""
        self._faults[unique] = [error, times]

    def deliver(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """The handler."""
        with self._lock:
            self.sent.append(effect)
            fault = self._faults.get(effect.unique)
            if fault and fault[1] > 0:
                fault[1] -= 1
                raise fault[0]
        return lambda _: self.stored.append(effect.unique)

    def on_dead(self, unit: UnitOfWork, effect: Effect, error: BridgeError) -> None:
        """The wiring's callback: also leaves a trace in the transaction."""
        unit.ledger.set_cursor("died", effect.unique, str(error))
        self.died.append((effect.unique, error.code))

    def on_requeue(self, unit: UnitOfWork, effect: Effect) -> None:
        """The wiring's callback."""
        unit.ledger.set_cursor("revived", effect.unique, "yes")
        self.revived.append(effect.unique)

    def rows(self) -> list[Effect]:
        """All effects as they are stored, oldest first."""
        with self.database.reading() as unit:
            return [effect_of(row) for row in fetch(unit.connection, select_text(EFFECT, "FROM effect ORDER BY id"))]

    def row(self, unique: str) -> Effect:
        """One effect as it is stored."""
        return next(row for row in self.rows() if row.unique == unique)

    def states(self) -> dict[str, str]:
        """The state of each effect."""
        return {row.unique: row.state.value for row in self.rows()}

    def trace(self, kind: str, unique: str) -> str | None:
        """What a callback left in the store."""
        with self.database.reading() as unit:
            return unit.ledger.cursor(kind, unique)

    @property
    def arrived(self) -> list[str]:
        """What the remote system got, in order, every attempt."""
        return [effect.unique for effect in self.sent]


def note(unique: str, key: str = "", **values: Any) -> EffectSpec:
    """An effect with a key of its own unless one is given."""
    return EffectSpec("note", key or f"key of {unique}", unique, values.pop("endpoint", "redmine"), **values)
