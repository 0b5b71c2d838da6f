"""A clock of an incident that ran out, and how far up that was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Escalation:
    """`clock` is `response` or `resolution`. `level` counts the steps that are over, told or not; `told` are whom.

    `turn` counts how often the clock was started: one per reopening. Acknowledged, no further step is told; snoozed,
    none before that moment. `ended_at` is when the clock was met after all, or stopped.
    """

    id: int
    incident_id: int
    clock: str
    turn: int
    level: int
    due_at: datetime
    told: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    snoozed_until: datetime | None = None
    ended_at: datetime | None = None
