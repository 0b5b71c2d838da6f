"""What an operations report says, as data: whoever shows it (table, JSON, CSV, page, wiki) computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bridge.kpi.meaning import Meaning

SMALLEST_SHOWN = 5
"""A person with fewer incidents is not shown: the figure would say more about the incident than about the work."""


class Basis(StrEnum):
    """Which word on the resolution counts.

    `reported`: the source's own resolved time, its newest one; an event, stamped when it became known. `timeline`: the
    first entry into a resolved state, else into a closed one.
    """

    REPORTED = "reported"
    TIMELINE = "timeline"


class Month(StrEnum):
    """In which month, and whether between `since` and `until`, an incident counts: when it was opened, or resolved."""

    OPENED = "opened"
    RESOLVED = "resolved"


class By(StrEnum):
    """What a report is broken down by."""

    TEAM = "team"
    SERVICE = "service"
    PRIORITY = "priority"
    RULE = "rule"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations in hours; None where nothing was measured. Percentiles by linear interpolation."""

    count: int
    total: float
    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Reason:
    """Time on hold for one reason, "" where the source gave none."""

    reason: str
    incidents: int
    hours: float


@dataclass(frozen=True, slots=True)
class OnHold:
    """Finished time on hold: `incidents` have had any. `net` is the resolution without what was on hold before it."""

    incidents: int
    hours: float
    reasons: tuple[Reason, ...]
    net: Spread
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Difference:
    """An incident of which the source and our policy say different things."""

    incident: str
    clock: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Compliance:
    """How one clock kept its target. None: nobody judged.

    `judged` incidents have a target of ours that is met or broken by now, `met` of them met it; `adjusted_met` of
    `adjusted_judged` did without the time that exclusions take off. `told` incidents have the source's own verdict,
    `told_met` of them a good one. `both` have both; of these `differ` are not the same; the first are in `differences`.
    """

    clock: str
    judged: int
    met: int
    adjusted_judged: int
    adjusted_met: int
    told: int
    told_met: int
    both: int
    differ: int
    differences: tuple[Difference, ...]
    meaning: Meaning

    @property
    def share(self) -> float | None:
        """By our policy, raw."""
        return self.met / self.judged if self.judged else None

    @property
    def adjusted_share(self) -> float | None:
        """By our policy, without what exclusions take off."""
        return self.adjusted_met / self.adjusted_judged if self.adjusted_judged else None

    @property
    def told_share(self) -> float | None:
        """By the source's own verdict."""
        return self.told_met / self.told if self.told else None


@dataclass(frozen=True, slots=True)
class Age:
    """How many open incidents are of an age; the last has no upper end."""

    label: str
    incidents: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was open at a moment, and for how long (hours)."""

    at: datetime
    open: int
    excluded: int
    ages: tuple[Age, ...]
    median_age: float | None
    oldest_age: float | None
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Counted:
    """How many incidents something happened to, and how often in all. `counted_by` says who counted."""

    incidents: int
    times: int
    of: int
    counted_by: str
    meaning: Meaning

    @property
    def share(self) -> float | None:
        """Of all incidents of the population."""
        return self.incidents / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Way:
    """From the first team to the last."""

    first: str
    last: str
    incidents: int


@dataclass(frozen=True, slots=True)
class Routing:
    """Incidents that have a team: of how many the first one is not the last. `ways` are those, most frequent first."""

    routed: int
    moved: int
    ways: tuple[Way, ...]
    meaning: Meaning

    @property
    def share(self) -> float | None:
        """Whose first team is not the last."""
        return self.moved / self.routed if self.routed else None


@dataclass(frozen=True, slots=True)
class Work:
    """Planned work is what ran inside a project's exclusion, unplanned all else; hours elapsed, and hours of effort.

    An incident's effort is planned when the incident has an exclusion that begins before its resolution.
    """

    planned_hours: float
    unplanned_hours: float
    planned_effort: float
    unplanned_effort: float
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Explained:
    """A promotion's part in the difference between the raw and the adjusted mean time to resolve.

    `removed` incidents left the measure, `paused_hours` were taken off others. `difference` are hours of the mean: all
    of them together are raw minus adjusted.
    """

    promotion: str
    label: str
    rule: str
    incidents: int
    removed: int
    paused_hours: float
    difference: float


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one team, service, priority, rule or person, or of one month. Hours; shares from 0 to 1."""

    name: str
    incidents: int
    resolved: int
    removed: int
    response: float | None
    resolution: float | None
    adjusted: float | None
    p90: float | None
    sla: float | None
    told_sla: float | None
    reopened: int
    reassigned: int
    open: int


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day, raw: what came, what left the open states for good, what was resolved by the basis and how long that
    took on average (hours), and what was open when it ended.
    """

    day: date
    opened: int
    ended: int
    resolved: int
    resolution: float | None
    backlog: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report was asked for. `since` included, `until` excluded; None: no end. `by` None: no break-down."""

    basis: Basis = Basis.REPORTED
    month: Month = Month.RESOLVED
    since: datetime | None = None
    until: datetime | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True)
class OperationsReport:
    """A whole report on incidents. All durations in elapsed hours unless a calendar is named.

    `origin` says where the incidents come from, `notes` in sentences what was taken for granted or is missing.
    `incidents` counts the population, by `month` and the span; `explained` sorted by its part. `parts` are what `by`
    asked for, without `hidden` persons, who have too few incidents. `days` are the last ones of the span, oldest first.
    """

    made_at: datetime
    origin: str
    asked: Asked
    incidents: int
    resolved: int
    cancelled: int
    response: Spread
    resolution: Spread
    adjusted: Spread
    removed: int
    excluded_hours: float
    on_hold: OnHold
    sla: tuple[Compliance, ...]
    backlog: Backlog
    reopened: Counted
    reassigned: Counted
    first_time: Counted
    routing: Routing
    work: Work
    explained: tuple[Explained, ...]
    months: tuple[Part, ...]
    days: tuple[Day, ...] = ()
    parts: tuple[Part, ...] = ()
    hidden: int = 0
    notes: tuple[str, ...] = ()
