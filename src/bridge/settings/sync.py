"""What the settings file may say about what is kept in step: fields, statuses and the ways between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bridge.model.errors import Problem
from bridge.model.incident import State
from bridge.sync.fields import CAREFUL, CUSTOM, DUE, FieldRule, SyncPolicy, SyncTable, known_field
from bridge.sync.mapping import StatusMapping
from bridge.sync.merge import Direction, Owner
from bridge.yamlfile import did_you_mean, refused

if TYPE_CHECKING:
    from bridge.settings.model import RedmineSettings

STRICT = ConfigDict(extra="forbid", frozen=True)
Level = Annotated[int, Field(ge=1, le=5)]
Where = tuple[str | int, ...]
"""A place in the settings file."""


class FieldSettings(BaseModel):
    """One field. What is not said stays as it is by default, of a custom field: `direction: both`, `owner: project`.

    `incident` is what the incident's value is called among its fields; without, what the custom field is called.
    """

    model_config = STRICT

    direction: Direction | None = None
    owner: Owner | None = None
    incident: str = Field("", max_length=100)

    def over(self, rule: FieldRule | None) -> FieldRule:
        """The row with what is said here."""
        before = rule or FieldRule(Direction.BOTH, Owner.PROJECT)
        return FieldRule(
            self.direction or before.direction, self.owner or before.owner, self.incident or before.incident
        )


class TableSettings(BaseModel):
    """Rows of the table. `fields` are `priority`, `due`, `subject`, `done_ratio`, `category` and `custom.<name>`.

    `statuses` and `write_statuses` replace those of `redmine`. `paths` are statuses to go through one after the other
    where the workflow has no direct step. `write_priorities` names the incident's priority for an issue's that stands
    for several.
    """

    model_config = STRICT

    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    statuses: dict[str, State] | None = None
    write_statuses: dict[State, str] | None = None
    paths: tuple[tuple[str, ...], ...] = ()
    write_priorities: dict[str, Level] = Field(default_factory=dict)

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, FieldSettings]) -> dict[str, FieldSettings]:
        for name in fields:
            if not known_field(name):
                advice = did_you_mean(name, [*CAREFUL, f"{CUSTOM}<name of the custom field>"])
                raise refused(f"“{name[:60]}” is no field that can be kept in step", advice)
        return fields

    @field_validator("paths")
    @classmethod
    def _long_enough(cls, paths: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for path in paths:
            if len(path) < 3 or len(set(path)) < len(path):
                raise refused(f"{list(path)} is no way", "name three or more statuses, each once: [New, Open, Closed]")
        return paths


class SpecialSettings(TableSettings):
    """The table for one source, one tracker (by name) or both; what it does not say is as in the general one."""

    source: str = ""
    tracker: str = ""

    @model_validator(mode="after")
    def _for_something(self) -> SpecialSettings:
        if not self.source and not self.tracker:
            raise refused("neither source nor tracker is named", "name one of them, or write it under `sync` itself")
        return self


class SyncSettings(TableSettings):
    """What is kept in step. Of `special` the first entry that fits an incident and its issue holds.

    A due date ends with the day in `time_zone`. `derived_on_parents` are fields that Redmine derives for an issue from
    its subtasks. A value that the bridge would write on one side more than `same_writes_an_hour` times is given up.
    """

    time_zone: str = "UTC"
    derived_on_parents: tuple[Literal["priority", "due", "done_ratio"], ...] = ("priority", "due", "done_ratio")
    same_writes_an_hour: int = Field(6, ge=2, le=1000)
    special: tuple[SpecialSettings, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise refused(f"“{name[:60]}” is not a time zone", "for example Europe/Paris") from error
        return name

    @property
    def trackers(self) -> tuple[str, ...]:
        """The names of trackers in `special`."""
        return tuple(dict.fromkeys(one.tracker for one in self.special if one.tracker))

    def policy(self, redmine: RedmineSettings) -> SyncPolicy:
        """The same as the use cases take it."""
        special = tuple((one.source, one.tracker, self._table(redmine, self, one)) for one in self.special)
        return SyncPolicy(self._table(redmine, self), special, self.same_writes_an_hour)

    def problems(self, redmine: RedmineSettings, sources: Iterable[str]) -> list[tuple[Where, Problem]]:
        """What contradicts itself, each with its place below `sync`."""
        found: list[tuple[Where, Problem]] = []
        named = set(sources)
        for number, one in enumerate(self.special):
            if one.source and one.source not in named:
                what = f"there is no source “{one.source}”"
                found.append((("special", number, "source"), Problem("", what, f"there is {', '.join(sorted(named))}")))
        places: list[tuple[Where, SyncTable]] = [((), self._table(redmine, self))]
        places += [(("special", n), self._table(redmine, self, one)) for n, one in enumerate(self.special)]
        for place, table in places:
            found += [(place, problem) for problem in _contradictions(table)]
        return list({(problem.what): (place, problem) for place, problem in reversed(found)}.values())

    def _table(self, redmine: RedmineSettings, *layers: TableSettings) -> SyncTable:
        fields: dict[str, FieldRule] = dict(CAREFUL)
        statuses: Mapping[str, State] = redmine.statuses
        written: Mapping[State, str] = redmine.write_statuses
        levels: dict[str, int] = {}
        chains: tuple[tuple[str, ...], ...] = ()
        for layer in layers:
            fields |= {name: one.over(fields.get(name)) for name, one in layer.fields.items()}
            statuses = statuses if layer.statuses is None else layer.statuses
            written = written if layer.write_statuses is None else layer.write_statuses
            levels |= layer.write_priorities
            chains = (*layer.paths, *chains)
        mapping = StatusMapping(statuses, written, chains)
        derived = frozenset(self.derived_on_parents)
        return SyncTable(mapping, fields, redmine.priorities, levels, ZoneInfo(self.time_zone), derived)


def _contradictions(table: SyncTable) -> Iterable[Problem]:
    for state, names in table.statuses.ambiguous().items():
        what = f"{_and(names)} all stand for {state}, and none is named to be written for it"
        yield Problem("", what, f"name one in write_statuses: {{{state}: {names[0]}}}")
    for state, status in table.statuses.turned().items():
        what = f"“{status}” is written for {state} but stands for {table.statuses.state_of(status)}"
        yield Problem("", what, "what the bridge writes would be read as a change: mend statuses or write_statuses")
    priority = table.fields["priority"]
    for name, levels in table.ambiguous_priorities().items():
        if priority.direction in {Direction.BOTH, Direction.TO_INCIDENT}:
            what = f"priority “{name}” stands for {_and(map(str, levels))}, and none is named to be written for it"
            yield Problem("", what, f"name one in write_priorities: {{{name}: {levels[0]}}}")
    taken: dict[str, str] = {}
    for name in table.active:
        called = table.called(name)
        if called in taken:
            what = f"{taken[called]} and {name} are both kept in step with the incident's “{called}”"
            yield Problem(
                "", what, "give one of them another `incident`" if name != DUE else "name fields.due.incident"
            )
        taken[called] = name


def _and(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
