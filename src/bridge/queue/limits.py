"""Rate limits, cool-downs and the circuit of an endpoint. Time is an argument: seconds of a monotonic clock."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.model.effect import Effect
from bridge.model.errors import AuthenticationFailed, BridgeError, Postponed, RateLimited, RemoteUnavailable
from bridge.queue.contract import EndpointStats, HandlerFailed, backoff
from bridge.store.unusable import StoreUnusable

UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_second` on average, up to `burst` at once."""

    per_second: float
    burst: int = 1


class TokenBucket:
    """Grants `limit.burst` at once and `limit.per_second` on average."""

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._at = now

    def available(self, now: float) -> int:
        """How many may go now."""
        self._refill(now)
        return int(self._tokens + 1e-9)  # a sum of tenths may miss the whole by a hair

    def take(self, count: int, now: float) -> None:
        """Uses up tokens."""
        self._refill(now)
        self._tokens -= count

    def wait(self, now: float) -> float:
        """Seconds until one may go; 0 when one may go now."""
        return 0.0 if self.available(now) else (1.0 - self._tokens) / self._limit.per_second

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self._at) * self._limit.per_second
        self._tokens = min(float(self._limit.burst), self._tokens + gained)
        self._at = max(self._at, now)


@dataclass(frozen=True, slots=True)
class Circuit:
    """After `threshold` connection failures in a row an endpoint rests, `base` seconds doubled each time up to `cap`.

    After a rest one effect at a time is tried until one gets an answer.
    """

    threshold: int = 3
    base: float = 5.0
    cap: float = 300.0


@dataclass(slots=True)
class Endpoint:
    """What is known of one endpoint."""

    name: str
    circuit: Circuit
    bucket: TokenBucket | None
    failures: int = 0
    rests: int = 0
    paused_until: float = float("-inf")
    last_error: str = ""
    failed: set[int] = field(default_factory=set)

    @property
    def is_broken(self) -> bool:
        """True after too many failures in a row, until an answer comes."""
        return self.failures >= self.circuit.threshold

    def is_paused(self, now: float) -> bool:
        """True while nothing is sent."""
        return now < self.paused_until

    def is_shut(self, now: float, busy: int) -> bool:
        """True while nothing may be begun whatever the rate limit says: it rests, or one effect is being tried."""
        return self.is_paused(now) or (self.is_broken and busy > 0)

    def room(self, now: float, busy: int) -> int:
        """How many effects may be begun now while `busy` are under way."""
        if self.is_shut(now, busy):
            return 0
        allowed = UNLIMITED if self.bucket is None else self.bucket.available(now)
        return min(allowed, 1) if self.is_broken else allowed

    def end(self, effect: Effect, error: BridgeError | None, now: float, rng: random.Random) -> bool:
        """Notes how an attempt ended; True when its failure is the endpoint's and not the effect's.

        That needs two effects at least: one that fails again and again by itself may be what breaks the endpoint.
        """
        if isinstance(error, (Postponed, HandlerFailed, StoreUnusable)):  # says nothing about the endpoint
            return False
        if error is not None:
            self.last_error = str(error)
        if isinstance(error, AuthenticationFailed):  # every effect would fail: the endpoint waits for a person
            self._rest_if(needed=True, now=now, rng=rng)
            return True
        if not isinstance(error, RemoteUnavailable):
            self._answered()
            return False
        if error.retry_after is not None:
            self.paused_until = max(self.paused_until, now + min(max(error.retry_after, 0.0), 86_400.0))
        if isinstance(error, RateLimited):
            self._rest_if(error.retry_after is None, now, rng)
            return False
        self.failures += 1
        self.failed.add(effect.id)
        self._rest_if(self.is_broken, now, rng)
        return self.is_broken and len(self.failed) > 1

    def _answered(self) -> None:
        self.failures = self.rests = 0
        self.failed.clear()

    def _rest_if(self, needed: bool, now: float, rng: random.Random) -> None:
        if needed and not self.is_paused(now):
            self.rests += 1
            length = backoff(self.rests, self.circuit.base, self.circuit.cap)
            self.paused_until = now + rng.uniform(length / 2, length)


class Endpoints:
    """All endpoints by name; those without a limit of their own are unlimited. Safe to use from several threads."""

    def __init__(self, limits: Mapping[str, Limit], circuit: Circuit, rng: random.Random, now: float) -> None:
        self._limits = limits
        self._circuit = circuit
        self._rng = rng
        self._all: dict[str, Endpoint] = {}
        self._lock = threading.Lock()
        for name in limits:
            self._get(name, now)

    def is_paused(self, name: str, now: float) -> bool:
        """True while nothing is sent to that endpoint."""
        with self._lock:
            return self._get(name, now).is_paused(now)

    def ended(self, effect: Effect, error: BridgeError | None, now: float) -> bool:
        """Notes how an attempt ended; True when its failure is the endpoint's and not the effect's."""
        with self._lock:
            return self._get(effect.endpoint, now).end(effect, error, now, self._rng)

    def shut(self, busy: Mapping[str, int], now: float) -> set[str]:
        """The names of those to which nothing may be sent whatever the rate limit says.

        `busy`: how many effects are under way by endpoint.
        """
        with self._lock:
            return {name for name, endpoint in self._all.items() if endpoint.is_shut(now, busy.get(name, 0))}

    def admit(
        self, candidates: Sequence[tuple[int, str]], busy: Mapping[str, int], now: float
    ) -> tuple[list[int], set[str]]:
        """Of (effect id, endpoint) pairs those that may begin now, and the endpoints that had no room for all."""
        room: dict[str, int] = {}
        admitted: list[int] = []
        refused: set[str] = set()
        with self._lock:
            for number, name in candidates:
                endpoint = self._get(name, now)
                left = room.setdefault(name, endpoint.room(now, busy.get(name, 0)))
                if left < 1:
                    refused.add(name)
                    continue
                room[name] = left - 1
                admitted.append(number)
                if endpoint.bucket is not None:
                    endpoint.bucket.take(1, now)
        return admitted, refused

    def next_token(self, names: set[str], now: float) -> float | None:
        """Seconds until the rate limit of one of them lets something go; None when none of them waits for that."""
        with self._lock:
            buckets = [bucket for name in names if (bucket := self._get(name, now).bucket) is not None]
            return min((wait for bucket in buckets if (wait := bucket.wait(now))), default=None)

    def stats(self, now: float) -> tuple[EndpointStats, ...]:
        """The state of each endpoint that was used or has a limit."""
        with self._lock:
            return tuple(
                EndpointStats(e.name, e.failures, max(0.0, e.paused_until - now), e.last_error)
                for e in sorted(self._all.values(), key=lambda e: e.name)
            )

    def _get(self, name: str, now: float) -> Endpoint:
        if name not in self._all:
            limit = self._limits.get(name)
            bucket = None if limit is None else TokenBucket(limit, now)
            self._all[name] = Endpoint(name, self._circuit, bucket)
        return self._all[name]
