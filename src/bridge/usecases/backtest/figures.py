"""What a replay found, as figures: projects by rule, their size and lead time, and what they mean for the KPIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.kpi.measures import Resolution, adjusted
from bridge.model.exclusion import Exclusion
from bridge.rules.history import History

_NOTHING = timedelta(0)
_HOUR = timedelta(hours=1)
POLICIES = ("none", "pause", "remove")


@dataclass(frozen=True, slots=True)
class Promoted:
    """A project that the rule would have opened, or with `--counting reset` a firing.

    `found_at` is when the reasons were there, `opened_at` when the project was opened, None: it would still wait for a
    person. `lead` is the time from the opening of the first incident that was a reason until it was found, `evidence`
    the number of these incidents. `incidents` is how many the project covered in the end.
    """

    key: str
    group: str
    state: str
    found_at: datetime
    opened_at: datetime | None
    delivered_at: datetime | None
    lead: timedelta
    evidence: int
    incidents: int
    mails: int
    why: tuple[str, ...]
    brake: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """Mean time to resolve in elapsed hours, raw and adjusted; None when nothing was measured.

    `resolved` is how many incidents reported a resolution, `removed` how many of them leave the adjusted measure,
    `excluded_hours` the time that paused clocks leave out.
    """

    policy: str
    resolved: int
    raw_hours: float | None
    counted: int
    adjusted_hours: float | None
    removed: int
    excluded_hours: float


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule's part. `matched` incidents were in some group at some time; `hot_groups` are groups that fired."""

    id: str
    title: str
    kpi: str
    matched: int
    groups: int
    hot_groups: int
    firings: int
    covered: int
    mails: int
    promotions: tuple[Promoted, ...]
    times: tuple[Times, ...]

    @property
    def own_times(self) -> Times:
        """Under the rule's own policy."""
        return next(one for one in self.times if one.policy == self.kpi)

    @property
    def lead(self) -> timedelta | None:
        """The middle lead time, None without projects."""
        leads = sorted(one.lead for one in self.promotions)
        return leads[len(leads) // 2] if leads else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows of a file that could not be read: how many, and where the first one is and why."""

    rows: int = 0
    first: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __str__(self) -> str:
        return f"{self.rows} row(s) of the file could not be read and are left out; the first: {self.first}"


@dataclass(frozen=True, slots=True)
class Figures:
    """A whole replay.

    `as_of` and `counting` are the options, `assumed` says in sentences what was taken for granted. `skipped` rows of
    the file could not be read. `since` and `until` are the first opening and the last moment that the history tells of.
    """

    as_of: str
    counting: str
    incidents: int
    skipped: Skipped
    since: datetime | None
    until: datetime | None
    rules: tuple[RuleFigures, ...]
    assumed: tuple[str, ...] = ()


@dataclass(slots=True)
class Resolutions:
    """The incidents of a history that reported a resolution; `raw` is the sum of their times."""

    history: History
    at: Sequence[datetime | None]
    resolved: int
    raw: timedelta

    @classmethod
    def of(cls, history: History) -> Resolutions:
        """Reads the reported resolutions as they stand in the last row of each incident."""
        column = history.column("resolved_at")
        rows = (
            range(history.incidents)
            if history.first is None
            else [*(n - 1 for n in history.first[1:]), history.rows - 1]
        )
        at = [column[row] for row in rows] if history.incidents else []
        lengths = [end - begin for begin, end in zip(history.opened, at, strict=True) if end is not None]
        return cls(history, at, len(lengths), sum(lengths, _NOTHING))

    def times(self, exclusions: Mapping[int, Sequence[Exclusion]], policy: str) -> Times:
        """With these exclusions, had they all been of one policy."""
        left_out, removed, removed_time = _NOTHING, 0, _NOTHING
        for incident, those in exclusions.items() if policy != "none" else ():
            end = self.at[incident]
            if end is None:
                continue
            begin = self.history.opened[incident]
            counts = adjusted(Resolution(begin, end, [replace(one, policy=policy) for one in those]))
            if counts is None:
                removed += 1
                removed_time += end - begin
            else:
                left_out += end - begin - counts
        counted = self.resolved - removed
        kept = self.raw - removed_time - left_out
        return Times(
            policy,
            self.resolved,
            self.raw / _HOUR / self.resolved if self.resolved else None,
            counted,
            kept / _HOUR / counted if counted else None,
            removed,
            left_out / _HOUR,
        )


def all_policies(resolutions: Resolutions, exclusions: Mapping[int, Sequence[Exclusion]]) -> tuple[Times, ...]:
    """Under each policy, whatever the rule asks for."""
    return tuple(resolutions.times(exclusions, policy) for policy in POLICIES)
