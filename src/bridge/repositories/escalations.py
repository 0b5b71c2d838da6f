"""Clocks that ran out, and the incidents whose clocks may."""

from __future__ import annotations

from typing import Protocol

from bridge.model.escalation import Escalation


class Escalations(Protocol):
    """Escalations: one for each incident and clock."""

    def open_incidents(self, after_id: int, limit: int) -> list[int]:
        """The ids of open incidents in their order, in parts: those above `after_id`."""

    def of(self, incident_id: int, clock: str) -> Escalation | None:
        """The escalation of a clock, ended ones too."""

    def running(self) -> list[Escalation]:
        """Those that have not ended, oldest first."""

    def get(self, number: int) -> Escalation:
        """One by its number. Raises NotFound."""

    def save(self, escalation: Escalation) -> Escalation:
        """Stores the present values, new (`id` 0) or not, and returns it with its number."""
