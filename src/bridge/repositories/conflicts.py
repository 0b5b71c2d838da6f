"""What the sync remembers beside the links: conflicts, steps between statuses, offsets of clocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from bridge.model.conflict import ClockOffset, Conflict


class Conflicts(Protocol):
    """Fields that both sides changed and no policy settles."""

    def add(self, conflict: Conflict) -> Conflict:
        """Stores a new one and returns it with its id; a field of a link has at most one that is not resolved."""

    def save(self, conflict: Conflict) -> None:
        """Stores the present values."""

    def get(self, conflict_id: int) -> Conflict:
        """One conflict. Raises NotFound."""

    def open_of(self, link_id: int) -> Mapping[str, Conflict]:
        """A link's conflicts that are not resolved, by field."""

    def resolved_since(self, link_id: int, since: datetime) -> Mapping[str, datetime]:
        """When a link's conflicts were last resolved, by field; those of earlier are left out."""

    def all(self, *, resolved: bool = False) -> list[Conflict]:
        """Conflicts of running links that wait for a person, with `resolved` all there ever were; oldest first."""


class SyncMemory(Protocol):
    """What was learned about workflows and clocks."""

    def learn_steps(self, issue_tracker: str, steps: Collection[tuple[str, str]], at: datetime) -> None:
        """Remembers that issues of a tracker went from one status to another."""

    def steps(self, issue_tracker: str) -> Mapping[str, frozenset[str]]:
        """To which statuses each status was seen to lead."""

    def clock(self, system: str) -> tuple[ClockOffset, datetime] | None:
        """A system's clock against ours, and when that was measured; None when it was not."""

    def save_clock(self, system: str, offset: ClockOffset, at: datetime) -> None:
        """Stores a measurement."""
