"""The queue's statements: claim, complete, retry, bury, recover. All run inside a writing transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, NotFound
from bridge.queue.contract import DeadLetter, Verdict
from bridge.store import tables
from bridge.store.effects import EFFECT, effect_of
from bridge.store.sql import execute, execute_many, fetch, insert_text, listed, select_text, statement
from bridge.store.values import clean, micros, moment, moment_or_none

_MAY_RUN = (
    "FROM effect e WHERE e.state = 'ready' AND e.run_at <= ?"
    " AND NOT EXISTS (SELECT 1 FROM effect b"
    " WHERE b.key = e.key AND b.state IN ('ready', 'running') AND b.id < e.id)"
    " AND NOT EXISTS (SELECT 1 FROM effect_predecessor p JOIN effect q ON q.id = p.predecessor_id"
    " WHERE p.effect_id = e.id AND q.state <> 'done')"
)
_DUE = select_text(("e.id", "e.endpoint"), _MAY_RUN + " AND NOT (e.endpoint @among) ORDER BY e.run_at, e.id LIMIT ?")
_COUNT_DUE = select_text(("count(*)", "min(e.run_at)"), _MAY_RUN)
_COUNT = "SELECT state, count(*) FROM effect GROUP BY state"
_READY = "SELECT count(*) FROM effect WHERE state = 'ready' AND run_at >= 0"  # so that SQLite uses the index
_CLAIM = statement(
    "UPDATE effect SET state = 'running', attempts = attempts + 1, claimed_at = ? WHERE id @among RETURNING",
    ", ".join(EFFECT),
)
_OURS = "WHERE id = ? AND state = 'running' AND attempts = ?"
_DONE = statement("UPDATE effect SET state = 'done', error = '', finished_at = ?", _OURS)
_AGAIN = statement("UPDATE effect SET state = 'ready', attempts = ?, unsure = ?, run_at = ?, error = ?", _OURS)
_RELEASE = statement("UPDATE effect SET state = 'ready', attempts = attempts - 1", _OURS)
_BURY = statement("UPDATE effect SET state = 'dead', attempts = ?, unsure = ?, error = ?, finished_at = ?", _OURS)

_EXHAUSTED = select_text(EFFECT, "FROM effect WHERE state = 'running' AND NOT (id @among) AND attempts >= ?")
_RECOVER = "UPDATE effect SET state = 'ready', unsure = TRUE WHERE state = 'running' AND NOT (id @among)"

_ADD_LETTER = insert_text(tables.dead_letter, ("effect_id", "error", "died_at", "attempts"))
_LETTERS = select_text(
    (*(f"effect.{name}" for name in EFFECT), "d.error", "d.died_at", "d.attempts"),
    "FROM effect JOIN dead_letter d ON d.effect_id = effect.id AND d.resolved_at IS NULL"
    " WHERE effect.state = 'dead' ORDER BY effect.id",
)
_RESOLVE = "UPDATE dead_letter SET resolved_at = ? WHERE resolved_at IS NULL AND effect_id @among"
_DROP = "UPDATE effect SET state = 'done', finished_at = ? WHERE id = ? AND state = 'dead'"
_REVIVE = "UPDATE effect SET state = 'ready', attempts = 0, run_at = ?, finished_at = NULL WHERE id @among"


class Superseded(Exception):  # noqa: N818 - says what happened; never leaves the queue
    """A row is not as this attempt left it: somebody else has taken the effect over."""


class Failure(NamedTuple):
    """An effect whose attempt failed, why, and what becomes of it."""

    effect: Effect
    error: BridgeError
    verdict: Verdict


def due(connection: Connection, now: datetime, shut: Collection[str], limit: int) -> list[tuple[int, str]]:
    """(id, endpoint) of effects that may run now, longest due first, without those of some endpoints."""
    rows = fetch(connection, _DUE, micros(now), listed(connection, shut), limit)
    return [(number, endpoint) for number, endpoint in rows]


def claim(connection: Connection, ids: Sequence[int], now: datetime) -> list[Effect]:
    """Marks effects as running, one attempt more; in the order of `ids`."""
    claimed = {row[0]: effect_of(row) for row in fetch(connection, _CLAIM, micros(now), listed(connection, ids))}
    return [claimed[number] for number in ids]


def finish(connection: Connection, effects: Sequence[Effect], now: datetime) -> None:
    """Marks running effects as done. Raises Superseded."""
    _all(connection, _DONE, [(micros(now), effect.id, effect.attempt) for effect in effects])


def release(connection: Connection, effects: Sequence[Effect]) -> None:
    """Gives back effects whose attempt was not begun. Raises Superseded."""
    _all(connection, _RELEASE, [(effect.id, effect.attempt) for effect in effects])


def again(connection: Connection, failed: Sequence[Failure]) -> None:
    """Makes effects ready for the next attempt. Raises Superseded."""
    _all(
        connection,
        _AGAIN,
        [
            (verdict.attempts, verdict.unsure, micros(verdict.at), clean(str(error)), effect.id, effect.attempt)
            for effect, error, verdict in failed
            if verdict.at is not None
        ],
    )


def bury(connection: Connection, failed: Sequence[Failure], now: datetime) -> None:
    """Marks effects as dead and writes their dead letters. Raises Superseded."""
    at = micros(now)
    _all(
        connection,
        _BURY,
        [
            (verdict.attempts, verdict.unsure, clean(str(error)), at, effect.id, effect.attempt)
            for effect, error, verdict in failed
        ],
    )
    letters = [(effect.id, clean(str(error)), at, verdict.attempts) for effect, error, verdict in failed]
    execute_many(connection, _ADD_LETTER, letters)


def exhausted(connection: Connection, ours: Collection[int], max_attempts: int) -> list[Effect]:
    """Effects that a process which died left running in their last attempt; `ours` are running in this one."""
    return [effect_of(row) for row in fetch(connection, _EXHAUSTED, listed(connection, ours), max_attempts)]


def recover(connection: Connection, ours: Collection[int]) -> int:
    """Makes what a process which died left running ready again, its outcome unknown; how many."""
    return execute(connection, _RECOVER, listed(connection, ours))


def ready(connection: Connection) -> int:
    """How many effects wait: for their time, their order, a predecessor or an endpoint."""
    return int(fetch(connection, _READY)[0][0])


def counts(connection: Connection) -> dict[str, int]:
    """How many effects are in each state."""
    return {row[0]: row[1] for row in fetch(connection, _COUNT)}


def count_due(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many effects may run now, and since when the oldest of them."""
    count, oldest = fetch(connection, _COUNT_DUE, micros(now))[0]
    return count, moment_or_none(oldest)


def letters(connection: Connection) -> list[DeadLetter]:
    """The dead effects with their last dead letter."""
    return [DeadLetter(effect_of(row[:-3]), row[-3], moment(row[-2]), row[-1]) for row in fetch(connection, _LETTERS)]


def dead_one(connection: Connection, effect_id: int) -> Effect:
    """A dead effect. Raises NotFound."""
    for letter in letters(connection):
        if letter.effect.id == effect_id:
            return letter.effect
    raise NotFound(f"effect {effect_id}", "is not dead.", "`queue dead` lists those that are.")


def drop(connection: Connection, effect: Effect, now: datetime) -> None:
    """Marks a dead effect as over, so that what follows it may run; its error and dead letters stay as history."""
    execute(connection, _RESOLVE, micros(now), listed(connection, [effect.id]))
    execute(connection, _DROP, micros(now), effect.id)


def revive(connection: Connection, effects: Sequence[Effect], now: datetime) -> None:
    """Makes dead effects ready, with all their attempts; their dead letters stay as history."""
    ids = [effect.id for effect in effects]
    execute(connection, _RESOLVE, micros(now), listed(connection, ids))
    execute(connection, _REVIVE, micros(now), listed(connection, ids))


def _all(connection: Connection, text: str, rows: Sequence[tuple[object, ...]]) -> None:
    if execute_many(connection, text, rows) != len(rows):
        raise Superseded
