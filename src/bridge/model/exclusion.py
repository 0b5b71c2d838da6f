"""Intervals of an incident's life that do not count in the adjusted KPIs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One interval. `policy` is `pause` (the clock stands meanwhile) or `remove` (the incident leaves the measure).

    `ended_at` is None while it runs; `rule_version` is the rule's content at the time, `why` the reason given.
    """

    incident_id: int
    promotion_id: int
    policy: str
    started_at: datetime
    ended_at: datetime | None
    why: str
    rule_version: str
