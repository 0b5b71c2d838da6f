"""What people do in a replay: acts that are known, and what is assumed of the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class What(StrEnum):
    """What people do with a promotion."""

    APPROVE = "approve"
    REJECT = "reject"
    DELIVER = "deliver"
    RESUME = "resume"  # the delivery is taken back


@dataclass(frozen=True, slots=True)
class Act:
    """A person's act on the newest promotion of a group."""

    at: datetime
    what: What
    rule_id: str
    group_key: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a replay takes for granted of people.

    `approve`: what a rule proposes is approved at once, unless one of its limits kept it from acting. `takes` is how
    long after its opening a project is delivered, None: it stays open.
    """

    approve: bool = False
    takes: timedelta | None = None
