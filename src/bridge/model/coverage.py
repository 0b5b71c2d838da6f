"""How many of a system's changes came by hook, and how far its hooks may be relied on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """The changes that polls of a system told, by whether a hook had told them too.

    `heard_in_a_row` and `missed_in_a_row` count since the last one of the other kind: one of them is 0.
    """

    system: str
    heard: int = 0
    missed: int = 0
    heard_in_a_row: int = 0
    missed_in_a_row: int = 0
    last_heard_at: datetime | None = None
    last_missed_at: datetime | None = None

    def told(self, now: datetime, *, by_hook: bool) -> Coverage:
        """The same after one more change."""
        if by_hook:
            in_a_row = self.heard_in_a_row + 1
            return replace(self, heard=self.heard + 1, heard_in_a_row=in_a_row, missed_in_a_row=0, last_heard_at=now)
        in_a_row = self.missed_in_a_row + 1
        return replace(self, missed=self.missed + 1, missed_in_a_row=in_a_row, heard_in_a_row=0, last_missed_at=now)

    @property
    def share(self) -> float | None:
        """The share of changes that came by hook, 0 to 1; None before the first change."""
        changes = self.heard + self.missed
        return self.heard / changes if changes else None
