"""The queue as the use cases see it: effects are stored with the decision that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from bridge.model.effect import Effect, EffectSpec, EffectState
from bridge.ports import Clock
from bridge.store import tables
from bridge.store.sql import Row, execute_many, fetch, insert_text, listed, next_id
from bridge.store.values import clean, frozen, micros, short, to_json

_EFFECT = tables.effect
_COLUMNS = (
    "id", "kind", "key", "unique_key", "endpoint", "payload", "state", "attempts", "unsure", "run_at", "created_at",
    "error", "promotion_id", "tracker", "instance",
)  # fmt: skip
_INSERT = insert_text(_EFFECT, _COLUMNS)
_FOLLOW = insert_text(tables.effect_predecessor, ("effect_id", "predecessor_id"))
_KNOWN = "SELECT unique_key, id FROM effect WHERE unique_key @among"
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
        number = next_id(self._connection, _EFFECT)
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
        number = next_id(self._connection, _EFFECT)
        return self.enqueue([replace(spec, unique=f"{spec.unique} @{number}")]) == 1

    def pending(self, promotion_id: int) -> int:
        """See the protocol."""
        unfinished = [EffectState.READY.value, EffectState.RUNNING.value]
        query = select(func.count()).where(_EFFECT.c.promotion_id == promotion_id, _EFFECT.c.state.in_(unfinished))
        return int(self._connection.execute(query).scalar_one())

    def dead(self, promotion_id: int) -> list[Effect]:
        """See the protocol: oldest first."""
        query = select(_EFFECT).where(_EFFECT.c.promotion_id == promotion_id, _EFFECT.c.state == EffectState.DEAD.value)
        return [effect_of(row) for row in self._connection.execute(query.order_by(_EFFECT.c.id)).mappings()]

    def _known(self, specs: Sequence[EffectSpec]) -> dict[str, int]:
        names = {short(name) for spec in specs for name in (spec.unique, *spec.after)}
        found = fetch(self._connection, _KNOWN, listed(self._connection, names))
        return {row[0]: row[1] for row in found}


def effect_of(row: RowMapping) -> Effect:
    """The effect of a row of the table."""
    return Effect(
        row["id"],
        row["kind"],
        row["key"],
        row["unique_key"],
        row["endpoint"],
        frozen(row["payload"]),
        row["attempts"],
        bool(row["unsure"]),
        row["created_at"],
        row["promotion_id"],
        EffectState(row["state"]),
        row["run_at"],
        row["error"],
    )


def _predecessor(ids: dict[str, int], spec: EffectSpec, name: str) -> int:
    number = ids.get(short(name))
    if number is None:
        raise ValueError(f"effect “{spec.unique}” comes after “{name}”, which is neither stored nor stands before it")
    return number


def _row(number: int, spec: EffectSpec, unique: str, created: int) -> Row:
    due: Any = created if spec.run_at is None else micros(spec.run_at)
    return (
        number, clean(spec.kind), short(spec.key), unique, clean(spec.endpoint), to_json(spec.payload), "ready", 0,
        False, due, created, "", spec.promotion_id, "redmine", "main",
    )  # fmt: skip
