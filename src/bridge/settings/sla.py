"""The files of SLA policies that the settings name."""

from __future__ import annotations

import glob
from collections.abc import Collection, Sequence
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.calendar.business import BusinessCalendar
from bridge.directory.directory import Directory
from bridge.kpi.sla import AROUND_THE_CLOCK, OF_TEAM, Calendars, Match, Policy, Start, Stop, around_the_clock
from bridge.model.errors import Problem
from bridge.rules.durations import Duration, parse_duration
from bridge.settings.kpi import SlaSettings
from bridge.yamlfile import Marked, did_you_mean, load, validate

_STRICT = ConfigDict(extra="forbid", frozen=True)
Level = Annotated[int, Field(ge=1, le=5)]


def _several(value: object) -> object:
    """A single name where a list may stand."""
    return value if isinstance(value, list | tuple) else [value]


Names = Annotated[frozenset[str], BeforeValidator(_several)]
Levels = Annotated[frozenset[Level], BeforeValidator(_several)]


def _targets(value: object) -> object:
    """One target for all, as `24h`, is that of priority 0, which stands for every one that is not named."""
    return value if isinstance(value, dict) else {0: parse_duration(value)}


Targets = Annotated[dict[Annotated[int, Field(ge=0, le=5)], Duration], BeforeValidator(_targets)]


class MatchEntry(BaseModel):
    """Which incidents a policy is for; what is left out may be anything."""

    model_config = _STRICT

    source: Names = frozenset()
    team: Names = frozenset()
    service: Names = frozenset()
    type: Names = frozenset()
    priority: Levels = frozenset()


class PauseEntry(BaseModel):
    """What stops the clocks: `on_hold: all`, `none`, or a list of reasons."""

    model_config = _STRICT

    on_hold: Literal["all", "none"] | tuple[str, ...] = "all"


class PolicyEntry(BaseModel):
    """One policy."""

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")
    match: MatchEntry = MatchEntry()
    calendar: str = AROUND_THE_CLOCK
    response: Targets = Field(default_factory=dict)
    resolution: Targets = Field(default_factory=dict)
    start: Start = Start.OPENED
    stop: Stop = Stop.RESOLVED
    pause: PauseEntry = PauseEntry()

    def policy(self) -> Policy:
        """The same in the KPIs' words."""
        asked, hold = self.match, self.pause.on_hold
        return Policy(
            id=self.id,
            match=Match(asked.source, asked.team, asked.service, asked.type, asked.priority),
            response=self.response,
            resolution=self.resolution,
            calendar=self.calendar,
            start=self.start,
            stop=self.stop,
            pauses=None if hold == "all" else frozenset(one.casefold() for one in hold if hold != "none"),
        )


class PolicyFile(BaseModel):
    """A file of policies; of several that fit an incident the first is its own."""

    model_config = _STRICT

    version: Literal[1]
    policies: tuple[PolicyEntry, ...] = Field(min_length=1)


def load_policies(
    settings: SlaSettings, folder: FilePath, calendars: Collection[str] | None
) -> tuple[tuple[Policy, ...], list[Problem]]:
    """The policies of all files in the order of the settings, and what is wrong with them. Never raises.

    The targets in the settings themselves are the last policy: elapsed time, on hold included. `calendars` are the
    names in the directory, None: not known.
    """
    found: list[Policy] = []
    problems: list[Problem] = []
    for number, pattern in enumerate(settings.policies):
        names = sorted(glob.glob(str(folder / pattern)))  # noqa: PTH207 - a pattern may be absolute
        if not names:
            place, advice = f"sla.policies.{number}", f"correct the name {pattern}"
            problems.append(Problem(place, "no file of policies was found", advice))
        for name in names:
            marked, wrong = load(FilePath(name))
            problems += wrong
            if marked is not None:
                made, wrong = _policies(marked, calendars, [one.id for one in found])
                found += made
                problems += wrong
    if settings.response or settings.resolution:
        own = Policy("settings", response=settings.response, resolution=settings.resolution, pauses=frozenset())
        found.append(own)
    return tuple(found), problems


def _policies(
    marked: Marked, calendars: Collection[str] | None, known: Sequence[str]
) -> tuple[list[Policy], list[Problem]]:
    file, problems = validate(PolicyFile, marked)
    if file is None:
        return [], problems
    taken = set(known)
    right = {AROUND_THE_CLOCK, OF_TEAM, *(calendars or ())}
    for number, one in enumerate(file.policies):
        if one.id in taken:
            problems.append(marked.problem(("policies", number, "id"), f"“{one.id}” is the name of two policies"))
        taken.add(one.id)
        if calendars is not None and one.calendar not in right:
            what = f"the directory has no calendar “{one.calendar}”"
            problems.append(marked.problem(("policies", number, "calendar"), what, did_you_mean(one.calendar, right)))
    return [one.policy() for one in file.policies], problems


def calendars_of(directory: Directory) -> Calendars:
    """Which calendar counts for a policy and a source's team."""
    always = around_the_clock()

    def calendar(policy: Policy, source: str, team: str) -> BusinessCalendar:
        if policy.calendar == AROUND_THE_CLOCK:
            return always
        if policy.calendar != OF_TEAM:
            return directory.calendar(policy.calendar)
        found = directory.team_of(source=source, source_team=team)
        return directory.calendar_of(found.key) if found else directory.calendar()

    return calendar
