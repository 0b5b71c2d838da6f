"""A store in which everything is tried and nothing is kept, for `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bridge.model.effect import Effect
from bridge.store.database import Database
from bridge.store.effects import effects_above
from bridge.store.sql import next_id
from bridge.store.tables import effect
from bridge.store.unit import Unit


class Rehearsal:
    """Implements bridge.ports.Store inside one transaction that is always rolled back."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._first = next_id(unit.connection, effect)

    @classmethod
    @contextmanager
    def of(cls, database: Database) -> Iterator[Rehearsal]:
        """A rehearsal on the present state: on a copy with SQLite, so that a running daemon is not kept from writing.

        With PostgreSQL other writers wait until it ends.
        """
        with suppress(_Over), database.copied() as copy, copy.transaction() as unit:
            yield cls(unit)
            raise _Over

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """The one transaction; nothing is committed on leaving."""
        yield self._unit

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """The same, so that what was rehearsed before is seen."""
        yield self._unit

    def stored_effects(self) -> list[Effect]:
        """The effects that the rehearsal would have stored, in order."""
        return effects_above(self._unit.connection, self._first)


class _Over(Exception):  # noqa: N818 - ends the transaction, never seen outside
    pass
