"""What findings are made of: thresholds, what is known of incidents and projects, and a finding itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.model.exclusion import Exclusion


class FindingKind(StrEnum):
    """What is found."""

    NEAR_BREACH = "excluded near a breach"
    TEAM_SHARE = "a team's share out of line"
    IDLE = "project idle"
    AGAIN = "excluded again"
    UNSERVED = "user unserved"
    DEMOTED = "excluded by a demoted project"
    ROUTINE = "a project that was routine"
    WAS_PROJECT = "an incident that was a project"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is a finding.

    An exclusion that began within `near_breach` of the resolution target; a team whose share of excluded incidents is
    `team_factor` times that of all others, with at least `team_least` excluded; an incident excluded `again` times; one
    still open `unserved` after its project was closed; a rule with `routine_times` projects of at most `routine_tasks`
    tasks and `routine_effort`; an incident open longer than `long_open` or reassigned more than `reassigned` times.
    """

    near_breach: timedelta = timedelta(hours=24)
    team_factor: float = 2.0
    team_least: int = 5
    again: int = 2
    unserved: timedelta = timedelta(days=3)
    routine_tasks: int = 2
    routine_effort: timedelta = timedelta(hours=8)
    routine_times: int = 3
    long_open: timedelta = timedelta(days=30)
    reassigned: int = 5


@dataclass(frozen=True, slots=True)
class Case:
    """What findings need to know of an incident.

    `due_at` is when its resolution clock was or will be broken, None where it has no target. `over_at` is when it was
    resolved, closed or cancelled, None while it is open. `effort` are the hours worked on it as far as its source
    tells. `claimed` is whether any candidate or project has it.
    """

    id: int
    ref: str
    team: str
    opened_at: datetime
    over_at: datetime | None = None
    due_at: datetime | None = None
    reassigned: int = 0
    effort: float = 0.0
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class ProjectCase:
    """What findings need to know of a project. `closed_at` is when it was delivered or demoted, None while it runs.

    `incidents` are the ids of those that were open when it was opened or joined it later. `tasks` is how many tasks its
    plan had, those of incidents left out; `effort` the time spent, None where it is not known. `idle_since` is the end
    of a lease that was not extended, None while there is progress. `took_in` are the projects that were merged into it.
    """

    id: int
    name: str
    rule_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    demoted: bool = False
    incidents: tuple[int, ...] = ()
    tasks: int = 0
    effort: timedelta | None = None
    idle_since: datetime | None = None
    took_in: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what, the threshold in words, an explanation, and the incidents and projects behind it.

    `figures` are its numbers by name.
    """

    kind: FindingKind
    about: str
    threshold: str
    explanation: str
    incidents: tuple[str, ...] = ()
    promotions: tuple[int, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is looked through. `cases` are all incidents that matter, by id: those with an exclusion must be there."""

    cases: Mapping[int, Case]
    exclusions: Sequence[Exclusion]
    projects: Sequence[ProjectCase]
