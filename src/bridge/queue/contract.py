"""What every engine promises, and the decision after a failed attempt."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.model.effect import Effect
from bridge.model.errors import (
    AuthenticationFailed,
    BridgeError,
    Collision,
    NotApplied,
    Postponed,
    RateLimited,
    WouldLeak,
)
from bridge.ports import UnitOfWork

OnDead = Callable[[UnitOfWork, Effect, BridgeError], None]
"""Called in the transaction in which an effect dies (its promotion becomes blocked)."""
OnRequeue = Callable[[UnitOfWork, Effect], None]
"""Called in the transaction in which a dead effect becomes ready again."""
Boundary = Callable[[str, Effect], None]
"""Called at `claimed` (stored as begun, nothing sent), `delivered` (sent, not stored) and `committed`."""


def nobody_told(_unit: UnitOfWork, _effect: Effect, _error: BridgeError) -> None:
    """An OnDead that does nothing."""


def nothing_unblocked(_unit: UnitOfWork, _effect: Effect) -> None:
    """An OnRequeue that does nothing."""


def no_boundary(_name: str, _effect: Effect) -> None:
    """A Boundary that does nothing."""


class HandlerFailed(BridgeError):  # noqa: N818 - reads as what happened
    """A handler broke off with an error that is not one of ours: a fault in the bridge, the outcome is unknown."""

    code = "RB-1402"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Back-off of an effect: the n-th wait is random between nothing and `base` x 2^(n-1), at most `cap`.

    A server's own wish counts up to `longest_wish`.
    """

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    max_attempts: int = 20
    longest_wish: timedelta = timedelta(hours=24)


DEFAULT_POLICY = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an effect whose attempt failed: tried again `at` a moment, or dead (None).

    `attempts` is how many it has used up then, `unsure` whether the outcome of one of them is unknown.
    """

    at: datetime | None
    attempts: int
    unsure: bool


def after_failure(
    effect: Effect,
    error: BridgeError,
    now: datetime,
    rng: random.Random,
    policy: RetryPolicy = DEFAULT_POLICY,
    *,
    outage: bool = False,
) -> Verdict:
    """The decision after a failed attempt of `effect`; `rng` gives the jitter.

    A permanent error is death at once, so is the last attempt of the policy. `Postponed`, and a failure in an `outage`
    of the whole endpoint, use up no attempt. The server's `retry_after` is waited for, and a little more so that not
    everybody comes back in the same second.
    """
    unsure = effect.unsure or is_outcome_unknown(error)
    free = outage or isinstance(error, Postponed)
    attempts = effect.attempt - 1 if free else effect.attempt
    if error.permanent or (attempts >= policy.max_attempts and not free):
        return Verdict(None, attempts, unsure)
    base = policy.base.total_seconds()
    wait = rng.uniform(0, backoff(effect.attempt, base, policy.cap.total_seconds()))
    if error.retry_after is not None:
        wish = min(max(error.retry_after, 0.0), policy.longest_wish.total_seconds())
        wait = max(wait, wish + rng.uniform(0, base))
    return Verdict(now + timedelta(seconds=wait), attempts, unsure)


def backoff(attempt: int, base: float, cap: float) -> float:
    """`base` doubled with every attempt after the first, at most `cap`; seconds."""
    return min(cap, base * 2.0 ** min(attempt - 1, 60))


def is_outcome_unknown(error: BridgeError) -> bool:
    """True when the remote system may have done what was asked, or a part of it, although the attempt failed.

    A refusal is an answer: permanent errors, a collision, “slow down” and a postponement say that it did not. One that
    was accepted and not carried out as asked (NotApplied, or WouldLeak where the leak is seen when reading back) may
    have left something: a retry looks first.
    """
    if isinstance(error, (NotApplied, WouldLeak)):
        return True
    return not (error.permanent or isinstance(error, (AuthenticationFailed, Collision, RateLimited, Postponed)))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: attempts that ended done, will be tried again, or were the last; and what is left ready."""

    done: int = 0
    retry: int = 0
    dead: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """An endpoint's state: failures in a row, and for how many seconds nothing is sent to it."""

    name: str
    failures: int
    paused_for: float
    last_error: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts by state; `due` could run now but for limits and order; `oldest_due` is when the oldest became due."""

    ready: int
    running: int
    done: int
    dead: int
    due: int
    oldest_due: datetime | None
    endpoints: tuple[EndpointStats, ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An effect that needs a person. `attempts` were used up when it died."""

    effect: Effect
    error: str
    died_at: datetime
    attempts: int


class Engine(Protocol):
    """Delivers effects.

    An attempt is stored before it begins. Effects of one key run one at a time in the order they were stored, and none
    before its predecessors are done. A dead effect lets later ones of its key pass and keeps its followers waiting.
    """

    def run_until_idle(self, deadline: float | None = None) -> Summary:
        """Delivers until nothing is due, or until `deadline` seconds have passed (what is running is finished)."""

    def run(self, stop: threading.Event) -> Summary:
        """Delivers until `stop` is set, then finishes what is running, for ten seconds at most."""

    def wake(self) -> None:
        """Makes a running engine look for work now instead of within a second."""

    def stats(self) -> Stats:
        """The queue's present state."""

    def dead(self) -> list[DeadLetter]:
        """The dead effects, oldest first."""

    def drop(self, effect_id: int, dropped: OnRequeue) -> Effect:
        """Gives up a dead effect for good: what waits for it goes on as if it were done.

        `dropped` is called in the same transaction. Raises NotFound when that effect is not dead.
        """

    def requeue(self, effect_id: int | None = None) -> int:
        """Makes one dead effect (None: all) ready again, with all its attempts; how many.

        Raises NotFound when that effect is not dead.
        """
