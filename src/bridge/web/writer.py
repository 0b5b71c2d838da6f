"""One thread that stores what many requests brought, many in one commit."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import structlog

from bridge.model.hint import Hint
from bridge.model.incident import Poison
from bridge.ports import Clock, Store

log = structlog.get_logger()

MOST_IN_A_COMMIT = 512

Kept = Hint | tuple[str, Poison]
"""A hint, or what a system (named) sent and nobody can understand."""

Waiting = tuple[Kept, "asyncio.Future[None]"]


class Full(Exception):  # noqa: N818 - named by what it says
    """More waits for its commit than may."""


class NotStored(Exception):  # noqa: N818 - named by what it says
    """It could not be written."""


class GroupWriter:
    """Stores hints; the future of each is done when its commit is on disk.

    `put` is for one event loop's thread. `stored` is called after each commit, in the writer's thread.
    """

    def __init__(self, store: Store, clock: Clock, limit: int, stored: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._limit = limit
        self._stored = stored
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
        self.duplicates: Counter[str] = Counter()
        """Deliveries that were there already, by system."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stores what waits and ends, within so many seconds."""
        self._queue.put(None)
        self._thread.join(seconds)

    @property
    def is_alive(self) -> bool:
        """Whether the thread works."""
        return self._thread.is_alive()

    def depth(self) -> int:
        """How many wait for their commit."""
        return self._queue.qsize()

    def put(self, kept: Kept) -> asyncio.Future[None]:
        """Has it stored; it has NotStored when it could not be. Raises Full."""
        if self._queue.qsize() >= self._limit:
            raise Full
        future = asyncio.get_running_loop().create_future()
        self._queue.put((kept, future))
        return future

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = [first], False
            try:
                while len(batch) < MOST_IN_A_COMMIT and not last:
                    following = self._queue.get_nowait()
                    last = following is None
                    batch += [following] if following is not None else []
            except Empty:
                pass
            self._commit(batch)
            if last:
                return

    def _commit(self, batch: Sequence[Waiting]) -> None:
        """Stores a batch; when that fails each alone, so that one that cannot be stored spoils no other."""
        try:
            self._save([kept for kept, _ in batch])
        except Exception:
            if len(batch) > 1:
                for one in batch:
                    self._commit([one])
                return
            log.exception("a hook could not be stored; its sender was told so, and the poll brings it")
            _resolve([future for _, future in batch], NotStored())
            return
        _resolve([future for _, future in batch], None)
        self._stored()

    def _save(self, kept: Sequence[Kept]) -> None:
        now = self._clock.now()
        hints: dict[str, list[Hint]] = {}
        poison: dict[str, list[Poison]] = {}
        for one in kept:
            if isinstance(one, Hint):
                hints.setdefault(one.system, []).append(one)
            else:
                poison.setdefault(one[0], []).append(one[1])
        with self._store.transaction() as uow:
            fresh = {system: uow.inbox.put(found, now) for system, found in hints.items()}
            for system, items in poison.items():
                uow.ledger.park(f"hooks {system}", items, now)
        self.duplicates.update({system: len(found) - fresh[system] for system, found in hints.items()})


def _resolve(futures: Sequence[asyncio.Future[None]], error: Exception | None) -> None:
    def resolve() -> None:
        for future in futures:
            if not future.done():  # a request that was given up waits no more
                future.set_exception(error) if error else future.set_result(None)

    if futures:
        futures[0].get_loop().call_soon_threadsafe(resolve)
