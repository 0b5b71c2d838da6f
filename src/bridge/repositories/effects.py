"""What is to be written, what may be resolved when, and what the bridge wrote itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bridge.model.effect import Effect, EffectSpec


class Effects(Protocol):
    """The queue as the use cases see it."""

    def enqueue(self, specs: Sequence[EffectSpec]) -> int:
        """Stores effects with the present transaction; a known `unique` stays as it is.

        Returns how many are new.
        """

    def enqueue_if_idle(self, spec: EffectSpec) -> bool:
        """Stores the effect unless one of the same kind and key is ready to run; for work that re-reads everything."""

    def is_stored(self, unique: str) -> bool:
        """Whether an effect of this name was ever stored."""

    def unfinished(self, key: str) -> tuple[str, ...]:
        """The kinds of the ready or running effects of a key, oldest first."""

    def since(self, key: str, since: datetime) -> list[Effect]:
        """The effects of a key that were stored since, whatever became of them, oldest first."""

    def dead(self, promotion_id: int) -> list[Effect]:
        """The dead effects of a promotion."""


class Resolutions(Protocol):
    """The resolutions that a rule's incidents were given, for its `resolve_at_most`."""

    def release(self, rule_id: str, unique: str, at: datetime) -> None:
        """Remembers that a stored effect may resolve an incident now."""

    def taken(self, rule_id: str, since: datetime, now: datetime, limit: int) -> list[datetime]:
        """The latest moments after `since` at which one may have been sent, newest first; `now` for one under way."""


class OwnWrites(Protocol):
    """What the bridge itself wrote, so that its own changes are not taken for somebody's."""

    def add(self, system: str, entity: str, remote_id: str) -> None:
        """Remembers a note, journal or transaction as ours."""

    def any(self, system: str, entity: str) -> bool:
        """Whether anything on this entity is known to be ours: the system gives ids for what we write."""

    def known(self, system: str, entity: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Which of these are ours."""
