"""Stores how attempts ended: many in one transaction, and each alone when one of them spoils it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from traceback import extract_tb

import structlog

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError
from bridge.ports import UnitOfWork
from bridge.queue import rows
from bridge.queue.contract import HandlerFailed, OnDead, RetryPolicy, Verdict, after_failure
from bridge.queue.rows import Failure, Superseded
from bridge.queue.workers import Outcome
from bridge.store.database import Database
from bridge.store.unit import Unit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be stored for one attempt: success, failure, or (neither) that it was not begun."""

    effect: Effect
    apply: Callable[[UnitOfWork], None] | None = None
    failure: Failure | None = None

    @property
    def is_burial(self) -> bool:
        """True when the effect dies."""
        return self.failure is not None and self.failure.verdict.at is None


class _CallbackFailed(Exception):  # noqa: N818 - internal: carries the error to the transaction's edge
    """What a handler or the wiring wanted stored could not be stored."""

    def __init__(self, effect: Effect, error: Exception) -> None:
        super().__init__(effect, error)
        self.effect = effect
        self.error = error


class Settler:
    """Decides and stores what becomes of attempts."""

    def __init__(self, database: Database, policy: RetryPolicy, rng: random.Random, on_dead: OnDead) -> None:
        self._database = database
        self._policy = policy
        self._rng = rng
        self._on_dead = on_dead

    def decide(self, outcome: Outcome, now: datetime) -> Settlement:
        """What is to be stored for an outcome."""
        effect, error = outcome.effect, outcome.error
        if error is None:
            return Settlement(effect, outcome.apply)
        verdict = after_failure(effect, error, now, self._rng, self._policy, outage=outcome.outage)
        return Settlement(effect, failure=Failure(effect, error, verdict))

    def store(self, unit: Unit, settlements: Sequence[Settlement], now: datetime) -> None:
        """Stores settlements in the present transaction; when it raises `spoiled`, the transaction must be undone."""
        connection = unit.connection
        failures = [settlement.failure for settlement in settlements if settlement.failure]
        done = [settlement.effect for settlement in settlements if settlement.apply]
        rows.finish(connection, done, now)
        rows.again(connection, [failure for failure in failures if failure.verdict.at])
        rows.bury(connection, [failure for failure in failures if not failure.verdict.at], now)
        rows.release(connection, [s.effect for s in settlements if not s.apply and not s.failure])
        for settlement in settlements:
            self._call(unit, settlement)

    spoiled = (Superseded, _CallbackFailed)

    def store_alone(self, settlement: Settlement, now: datetime) -> Settlement | None:
        """Stores one settlement in its own transaction; what was stored in the end, None when it is no longer ours."""
        try:
            with self._database.transaction() as unit:
                self.store(unit, [settlement], now)
        except Superseded:
            log.warning("effect.superseded", effect=settlement.effect.id, kind=settlement.effect.kind)
            return None
        except _CallbackFailed as failed:
            return self.store_alone(self._after(settlement, failed.error, now), now)
        return settlement

    def _call(self, unit: Unit, settlement: Settlement) -> None:
        try:
            if settlement.apply:
                settlement.apply(unit)
            elif settlement.failure and settlement.is_burial:
                self._on_dead(unit, settlement.effect, settlement.failure.error)
        except Exception as error:
            raise _CallbackFailed(settlement.effect, error) from error

    def _after(self, settlement: Settlement, raised: Exception, now: datetime) -> Settlement:
        """Sent, but its result cannot be stored: a failed attempt. Dead, but nobody can be told: not dead yet."""
        effect = settlement.effect
        error = raised if isinstance(raised, BridgeError) else unforeseen(effect, raised)
        if settlement.is_burial:
            verdict = Verdict(now + self._policy.cap, effect.attempt, effect.unsure)
        else:
            verdict = replace(after_failure(effect, error, now, self._rng, self._policy), unsure=True)
        return Settlement(effect, failure=Failure(effect, error, verdict))


def unforeseen(effect: Effect, error: Exception) -> HandlerFailed:
    """The error of ours for one that is not; logs it with its traceback."""
    log.error("effect.unforeseen", effect=effect.id, kind=effect.kind, key=effect.key, exc_info=error)
    frame = extract_tb(error.__traceback__)[-1]
    return HandlerFailed(
        f"effect {effect.id} ({effect.kind} of {effect.key})",
        f"broke off with {type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno}).",
        "This is a fault of the bridge; nothing is lost, it is tried again.",
    )
