"""The queue as the use cases see it: effects are stored with the decision that made them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bridge.model.effect import Effect, EffectSpec, EffectState
from bridge.ports import Clock
from bridge.store import tables
from bridge.store.sql import Row, execute_many, fetch, insert_text, listed, next_id, select_text
from bridge.store.values import clean, frozen, micros, moment, short, to_json

EFFECT = (
    "id", "kind", "key", "unique_key", "endpoint", "payload", "attempts", "unsure", "created_at", "promotion_id",
    "state", "run_at", "error",
)  # fmt: skip
"""The columns of an effect as `effect_of` takes them."""

_STATES = {str(state): state for state in EffectState}
_INSERT = insert_text(tables.effect, (*EFFECT, "tracker", "instance"))
_FOLLOW = insert_text(tables.effect_predecessor, ("effect_id", "predecessor_id"))
_KNOWN = "SELECT unique_key, id FROM effect WHERE unique_key @among"
_STORED = "SELECT 1 FROM effect WHERE unique_key = ?"
_UNFINISHED = "SELECT kind FROM effect WHERE key = ? AND state IN ('ready', 'running') ORDER BY id"
_ABOVE = select_text(EFFECT, "FROM effect WHERE id >= ? ORDER BY id")
_DEAD = select_text(EFFECT, "FROM effect WHERE promotion_id = ? AND state = 'dead' ORDER BY id")
_SINCE = select_text(EFFECT, "FROM effect WHERE key = ? AND created_at >= ? ORDER BY id")
_READY = "SELECT 1 FROM effect WHERE key = ? AND state = 'ready' AND kind = ? LIMIT 1"


class StoredEffects:
    """Implements bridge.repositories.Effects. `stored` counts what this transaction added."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.stored = 0

    def enqueue(self, specs: Sequence[EffectSpec]) -> int:
        """See the protocol. The number of statements does not depend on the number of effects.

        What an effect comes `after` must be stored already or stand before it: no effect can wait for a later one,
        so that none waits for itself. Raises ValueError otherwise.
        """
        if not specs:
            return 0
        known = self._known(specs)
        ids = dict(known)
        number = next_id(self._connection, tables.effect)
        rows: list[Row] = []
        predecessors: list[Row] = []
        created = micros(self._clock.now())
        for spec in specs:
            unique = short(spec.unique)
            if unique in ids:
                continue
            predecessors.extend((number, _predecessor(ids, spec, name)) for name in dict.fromkeys(spec.after))
            ids[unique] = number
            rows.append(_row(number, spec, unique, created))
            number += 1
        execute_many(self._connection, _INSERT, rows)
        execute_many(self._connection, _FOLLOW, predecessors)
        self.stored += len(rows)
        return len(rows)

    def enqueue_if_idle(self, spec: EffectSpec) -> bool:
        """See the protocol. `unique` only begins the effect's identity: what has run may be stored again."""
        if fetch(self._connection, _READY, short(spec.key), clean(spec.kind)):
            return False
        number = next_id(self._connection, tables.effect)
        return self.enqueue([replace(spec, unique=f"{spec.unique} @{number}")]) == 1

    def is_stored(self, unique: str) -> bool:
        """See the protocol."""
        return bool(fetch(self._connection, _STORED, short(unique)))

    def unfinished(self, key: str) -> tuple[str, ...]:
        """See the protocol."""
        return tuple(kind for (kind,) in fetch(self._connection, _UNFINISHED, short(key)))

    def since(self, key: str, since: datetime) -> list[Effect]:
        """See the protocol."""
        return [effect_of(row) for row in fetch(self._connection, _SINCE, short(key), micros(since))]

    def dead(self, promotion_id: int) -> list[Effect]:
        """See the protocol: oldest first."""
        return [effect_of(row) for row in fetch(self._connection, _DEAD, promotion_id)]

    def _known(self, specs: Sequence[EffectSpec]) -> dict[str, int]:
        names = {short(name) for spec in specs for name in (spec.unique, *spec.after)}
        found = fetch(self._connection, _KNOWN, listed(self._connection, names))
        return {row[0]: row[1] for row in found}


def effects_above(connection: Connection, first: int) -> list[Effect]:
    """All effects whose number is `first` or more, oldest first."""
    return [effect_of(row) for row in fetch(connection, _ABOVE, first)]


def effect_of(row: Row) -> Effect:
    """The effect of a row of EFFECT."""
    (number, kind, key, unique, endpoint, payload, attempts, unsure, created, promotion, state, run_at, error) = row
    return Effect(
        number,
        kind,
        key,
        unique,
        endpoint,
        frozen(json.loads(payload)),
        attempts,
        bool(unsure),
        moment(created),
        promotion,
        _STATES[state],
        moment(run_at),
        error,
    )


def _predecessor(ids: dict[str, int], spec: EffectSpec, name: str) -> int:
    number = ids.get(short(name))
    if number is None:
        raise ValueError(f"effect “{spec.unique}” comes after “{name}”, which is neither stored nor stands before it")
    return number


def _row(number: int, spec: EffectSpec, unique: str, created: int) -> Row:
    due = created if spec.run_at is None else micros(spec.run_at)
    return (
        number, clean(spec.kind), short(spec.key), unique, clean(spec.endpoint), to_json(spec.payload), 0, False,
        created, spec.promotion_id, "ready", due, "", "redmine", "main",
    )  # fmt: skip
