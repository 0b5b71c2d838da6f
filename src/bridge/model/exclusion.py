"""Intervals of an incident's life that do not count in the adjusted KPIs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Ending(StrEnum):
    """Why an exclusion ended."""

    DELIVERED = "delivered"  # its project was delivered
    LAPSED = "lapsed"  # its project showed no real progress within the lease
    LIFTED = "lifted"  # a person lifted the hold that the bridge had set
    DEMOTED = "demoted"  # its promotion was demoted: it was no project
    MERGED = "merged"  # another promotion took this one in


BROUGHT_BACK = frozenset({Ending.LAPSED, Ending.LIFTED, Ending.DEMOTED})
"""Endings after which an incident that had left the measure counts again, with its raw time."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One interval. `policy` is `pause` (the clock stands meanwhile) or `remove` (the incident leaves the measure).

    `ended_at` is None while it runs, `ended_because` then "", else an `Ending`; `rule_version` is the rule's content at
    the time, `why` the reason given. `id` is the number of the ledger's row that began it, 0 where no ledger is kept.
    """

    incident_id: int
    promotion_id: int
    policy: str
    started_at: datetime
    ended_at: datetime | None
    why: str
    rule_version: str
    ended_because: str = ""
    id: int = 0
