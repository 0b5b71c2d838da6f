"""Notes that were carried over, and systems that are stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.model.carried import CarriedNote
from bridge.model.stop import Stop


class CarriedNotes(Protocol):
    """The notes of links that were carried over, so that what happens to them later is noticed."""

    def add(self, notes: Sequence[CarriedNote]) -> None:
        """Remembers notes; one that is known already stays as it is."""

    def save(self, note: CarriedNote) -> None:
        """Stores what became of a known one."""

    def of_link(self, link_id: int) -> list[CarriedNote]:
        """Those of a link that were not deleted, oldest first."""

    def links_with(self, link_ids: Sequence[int]) -> frozenset[int]:
        """Which of these links have any."""


class Stops(Protocol):
    """Systems with which nothing is exchanged until a person says so."""

    def all(self) -> list[Stop]:
        """Every stop, by system."""

    def of(self, *systems: str) -> Stop | None:
        """The stop of one of these systems, None when none is stopped."""

    def add(self, stop: Stop) -> bool:
        """Stops a system; False when it is stopped already, which stays as it is."""

    def lift(self, system: str) -> Stop | None:
        """Ends a stop and returns it; None when there was none."""
