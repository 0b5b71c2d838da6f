"""The embedded engine: threads in one process, state in the store. The process must hold the store's daemon lock."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from bridge.model.effect import Effect, EffectState
from bridge.model.errors import BridgeError, NotPossible
from bridge.ports import Clock, Handler
from bridge.queue import rows
from bridge.queue.contract import (
    DEFAULT_POLICY,
    Boundary,
    DeadLetter,
    HandlerFailed,
    OnDead,
    OnRequeue,
    RetryPolicy,
    Stats,
    Summary,
    Verdict,
    no_boundary,
    nobody_told,
    nothing_unblocked,
)
from bridge.queue.limits import Circuit, Endpoints, Limit
from bridge.queue.rows import Failure
from bridge.queue.settle import Settlement, Settler, unforeseen
from bridge.queue.workers import Outcome, Workers
from bridge.store.database import Database
from bridge.store.unit import Unit

log = structlog.get_logger(__name__)

BATCH = 64
"""How many effects are claimed and unfinished at most."""
POLL_SECONDS = 1.0
GRACE_SECONDS = 10.0


class EmbeddedEngine:
    """Implements bridge.queue.contract.Engine.

    `handlers` by the kind of effect, `limits` by endpoint; `monotonic` gives the seconds by which limits and time-outs
    are measured, `clock` the moments that are stored and compared with `run_at`.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        clock: Clock,
        *,
        workers: int = 8,
        limits: Mapping[str, Limit] | None = None,
        on_dead: OnDead = nobody_told,
        on_requeue: OnRequeue = nothing_unblocked,
        boundary: Boundary = no_boundary,
        rng: random.Random | None = None,
        policy: RetryPolicy = DEFAULT_POLICY,
        circuit: Circuit | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._on_requeue = on_requeue
        self._boundary = boundary
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._policy = policy
        self._monotonic = monotonic
        self._endpoints = Endpoints(limits or {}, circuit or Circuit(), self._rng, monotonic())
        self._settler = Settler(database, policy, self._rng, on_dead)
        self._workers = Workers(workers, self._attempt)
        self._alone = threading.Lock()
        self._stopping = False
        self._turned_at: float | None = None
        self._in_flight: dict[int, str] = {}  # effect id: endpoint
        self._undecided: list[Outcome] = []
        self._unsettled: list[Settlement] = []
        self._counts: Counter[str] = Counter()
        database.on_enqueued(self.wake)

    def run_until_idle(self, deadline: float | None = None) -> Summary:
        """See the protocol. Waits for rate limits, not for back-off, endpoints that rest, or `run_at`."""
        end = None if deadline is None else self._monotonic() + deadline
        return self._run(lambda: end is not None and self._monotonic() >= end, until_idle=True)

    def run(self, stop: threading.Event) -> Summary:
        """See the protocol. Call `wake` after setting `stop` to have it seen at once and not within a second."""
        return self._run(stop.is_set, until_idle=False)

    def wake(self) -> None:
        """See the protocol."""
        self._workers.wake()

    def idle_seconds(self) -> float | None:
        """For how long the running engine has not gone round; None before its first time. It does each second."""
        return None if self._turned_at is None else self._monotonic() - self._turned_at

    def close(self) -> None:
        """Ends the threads."""
        self._workers.close()

    def stats(self) -> Stats:
        """See the protocol."""
        with self._database.reading() as unit:
            counts = rows.counts(unit.connection)
            due, oldest = rows.count_due(unit.connection, self._clock.now())
        return Stats(
            **{state.value: counts.get(state.value, 0) for state in EffectState},
            due=due,
            oldest_due=oldest,
            endpoints=self._endpoints.stats(self._monotonic()),
        )

    def dead(self) -> list[DeadLetter]:
        """See the protocol."""
        with self._database.reading() as unit:
            return rows.letters(unit.connection)

    def drop(self, effect_id: int, dropped: OnRequeue) -> Effect:
        """See the protocol. Its row says “done” and keeps its error; its dead letters stay as history."""
        with self._database.transaction() as unit:
            effect = rows.dead_one(unit.connection, effect_id)
            rows.drop(unit.connection, effect, self._clock.now())
            dropped(unit, effect)
        self.wake()
        return effect

    def requeue(self, effect_id: int | None = None) -> int:
        """See the protocol. What is known of earlier attempts stays: its dead letters, and whether one is unsure."""
        with self._database.transaction() as unit:
            if effect_id is None:
                effects = [letter.effect for letter in rows.letters(unit.connection)]
            else:
                effects = [rows.dead_one(unit.connection, effect_id)]
            rows.revive(unit.connection, effects, self._clock.now())
            for effect in effects:
                self._on_requeue(unit, effect)
        self.wake()
        return len(effects)

    def _run(self, stopped: Callable[[], bool], *, until_idle: bool) -> Summary:
        if not self._alone.acquire(blocking=False):
            raise RuntimeError("the engine is running already")
        try:
            self._counts.clear()
            self._stopping = False
            self._turned_at = self._monotonic()
            self._recover()
            self._workers.start()
            self._loop(stopped, until_idle=until_idle)
            with self._database.reading() as unit:
                waiting = rows.ready(unit.connection)
            return Summary(self._counts["done"], self._counts["retry"], self._counts["dead"], waiting)
        finally:
            self._stopping = True
            self._alone.release()

    def _loop(self, stopped: Callable[[], bool], *, until_idle: bool) -> None:
        outcomes: Sequence[Outcome] = ()
        give_up = float("inf")
        while True:
            self._turned_at = self._monotonic()
            if not self._stopping and stopped():
                self._stopping = True
                give_up = self._monotonic() + GRACE_SECONDS
            wait = self._turn(outcomes)
            if not self._in_flight and (self._stopping or (until_idle and wait is None)):
                return
            left = give_up - self._monotonic()
            if left <= 0:
                log.warning("queue.left_running", effects=sorted(self._in_flight))
                return
            outcomes = self._workers.collect(min(left, POLL_SECONDS, POLL_SECONDS if wait is None else wait))

    def _turn(self, outcomes: Sequence[Outcome]) -> float | None:
        """Stores outcomes and claims what may run next, in one transaction.

        Returns for how many seconds there is nothing to do but wait for a rate limit, None when nothing waits for one.
        """
        self._undecided.extend(outcomes)  # first of all: a clock that cannot be asked must lose none
        now, tick = self._clock.now(), self._monotonic()
        while self._undecided:
            self._unsettled.append(self._settler.decide(self._undecided[0], now))
            del self._undecided[0]
        if self._stopping and not self._unsettled:
            return None
        try:
            with self._database.transaction() as unit:
                self._settler.store(unit, self._unsettled, now)
                # A new moment: what was just stored by a handler is due, too.
                claimed, wait = ([], None) if self._stopping else self._claim(unit, self._clock.now(), tick)
        except Settler.spoiled:
            while self._unsettled:
                self._ended(self._settler.store_alone(self._unsettled[0], now))
                self._forget(self._unsettled[:1])
            return 0.0
        settled = tuple(self._unsettled)
        self._forget(settled)
        self._in_flight.update((effect.id, effect.endpoint) for effect in claimed)
        self._workers.give(claimed)
        for settlement in settled:
            self._ended(settlement)
        return wait

    def _claim(self, unit: Unit, now: datetime, tick: float) -> tuple[list[Effect], float | None]:
        """The effects that may run now, stored as running; and the wait for a rate limit that kept others back."""
        settled = {settlement.effect.id for settlement in self._unsettled}
        busy = Counter(name for number, name in self._in_flight.items() if number not in settled)
        room = BATCH - busy.total()
        shut = self._endpoints.shut(busy, tick)
        claimed: list[Effect] = []
        refused: set[str] = set()
        while room > 0:
            candidates = rows.due(unit.connection, now, shut, room)
            admitted, refused_now = self._endpoints.admit(candidates, busy, tick)
            claimed += rows.claim(unit.connection, admitted, now) if admitted else []
            refused |= refused_now
            if not refused_now or len(candidates) < room:
                break
            shut |= refused_now  # others may stand behind those that were refused
            room -= len(admitted)
        return claimed, self._endpoints.next_token(refused, tick)

    def _attempt(self, effect: Effect) -> Outcome:
        """Runs in a worker's thread."""
        if self._stopping or self._endpoints.is_paused(effect.endpoint, self._monotonic()):
            return Outcome(effect)
        handler = self._handlers.get(effect.kind)
        if handler is None:
            where = f"effect {effect.id} of {effect.key}"
            return Outcome(effect, error=NotPossible(where, f"nothing here handles “{effect.kind}”."))
        self._boundary("claimed", effect)
        try:
            apply = handler(effect)
        except BridgeError as error:
            return Outcome(effect, error=error, outage=self._endpoints.ended(effect, error, self._monotonic()))
        except Exception as error:  # noqa: BLE001 - the thread's outermost frame: one fault must not stop the others
            return Outcome(effect, error=unforeseen(effect, error))
        self._boundary("delivered", effect)
        self._endpoints.ended(effect, None, self._monotonic())
        return Outcome(effect, apply)

    def _forget(self, settlements: Sequence[Settlement]) -> None:
        del self._unsettled[: len(settlements)]
        for settlement in settlements:
            self._in_flight.pop(settlement.effect.id, None)

    def _ended(self, settlement: Settlement | None) -> None:
        if settlement is None:
            return
        effect, failure = settlement.effect, settlement.failure
        if settlement.apply:
            self._counts["done"] += 1
            self._boundary("committed", effect)
        elif failure and failure.verdict.at:
            self._counts["retry"] += 1
            at = failure.verdict.at.isoformat()
            log.info("effect.again", effect=effect.id, kind=effect.kind, at=at, error=str(failure.error))
        elif failure:
            self._counts["dead"] += 1
            log.error("effect.dead", effect=effect.id, kind=effect.kind, key=effect.key, error=str(failure.error))

    def _recover(self) -> None:
        """What a process that died left running: ready again and unsure, or dead when that was its last attempt."""
        now = self._clock.now()
        with self._database.reading() as unit:
            exhausted = rows.exhausted(unit.connection, self._in_flight, self._policy.max_attempts)
        for effect in exhausted:
            error = HandlerFailed(
                f"effect {effect.id} ({effect.kind} of {effect.key})",
                f"the process died {effect.attempt} times while it was delivered.",
                "Look at what it does before `queue retry`: it may be what ends the process.",
            )
            failure = Failure(effect, error, Verdict(None, effect.attempt, unsure=True))
            self._ended(self._settler.store_alone(Settlement(effect, failure=failure), now))
        with self._database.transaction() as unit:
            lost = rows.recover(unit.connection, self._in_flight)
        if lost:
            log.warning("queue.recovered", effects=lost)
