"""Which version of which incident stands in which group of which rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.rules.fields import Field, as_part
from bridge.rules.history import History
from bridge.rules.matching import CompiledRule, key_of, label_of
from bridge.rules.questions import questions
from bridge.rules.select import covered
from bridge.usecases.backtest.members import columns_of

_CHANGE_AT_THE_END = frozenset({"state", "updated_at", "resolved_at", "closed_at"})
_NEVER = datetime.max.replace(tzinfo=UTC)
Place = tuple[int, int]
"""A rule by its position, and one of its groups by its number."""


@dataclass(frozen=True, slots=True)
class GroupName:
    """A group's identity and what people call it."""

    key: str
    label: str


@dataclass(slots=True)
class Places:
    """What happens in the groups of some rules, in the order in which it became known.

    A version is a row of the history; where rows show the end of incidents, versions from `history.rows` on show them
    when they were over, unless `ends` is false. `at` is since when a version was known; `placed` are, for each rule,
    the versions that are in a group of it.
    """

    history: History
    rules: Sequence[CompiledRule]
    ends: bool = True
    groups: list[list[GroupName]] = field(default_factory=list)
    placed: list[list[tuple[int, int]]] = field(default_factory=list)
    at: Sequence[datetime] = ()
    _where: dict[int, list[Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        history = self.history
        self.at = history.opened if history.known is None else history.known
        self.ends = self.ends and history.ends is not None
        if self.ends:
            self.at = [*self.at, *(end or _NEVER for end in history.over_since)]
        for rule in self.rules:
            self._place(rule)

    def _place(self, rule: CompiledRule) -> None:
        history = self.history
        names: dict[str, int] = {}
        found: list[GroupName] = []
        phases = [False] if history.ends is not None else [True]
        phases += [True] if self.ends else []
        placed: list[tuple[int, int]] = []
        for over in phases:
            if over and len(phases) > 1:
                same = not changes_at_the_end(rule)
                those = list(placed) if same else _grouped(history, rule, names, found, over=over)
                placed += [(row + history.rows, group) for row, group in those]
            else:
                placed += _grouped(history, rule, names, found, over=over)
        self.placed.append(placed)
        self.groups.append(found)

    @property
    def where(self) -> Mapping[int, Sequence[Place]]:
        """In which groups a version is."""
        if not self._where:
            for number, placed in enumerate(self.placed):
                for version, group in placed:
                    self._where.setdefault(version, []).append((number, group))
        return self._where

    def matched(self, number: int) -> int:
        """How many incidents were in some group of a rule at some time."""
        return len({self.incident_of(version) for version, _ in self.placed[number]})

    def incident_of(self, version: int) -> int:
        """Whose version it is."""
        rows = self.history.rows
        return self.history.incident_of(version if version < rows else version - rows)

    def order(self) -> list[int]:
        """The versions of incidents from when they were first in a group, in the order they became known."""
        versions = set(self.where)
        history = self.history
        if self.ends:
            rows, over = history.rows, history.over_since
            versions |= {row + rows for row in versions if row < rows}
            versions = {v for v in versions if v < rows or over[v - rows] is not None}
        elif history.first is not None:
            begin: dict[int, int] = {}
            for version in sorted(versions):
                begin.setdefault(history.incident_of(version), version)
            versions = {
                row for incident, first in begin.items() for row in range(first, history.rows_of(incident).stop)
            }
        return sorted(sorted(versions), key=self.at.__getitem__)

    def last(self) -> datetime | None:
        """The last moment that the history tells of, None when it tells nothing."""
        ends = () if self.history.ends is None else (end for end in self.history.over_since if end is not None)
        return max([*self.at[: self.history.rows], *ends], default=None)


def changes_at_the_end(rule: CompiledRule) -> bool:
    """Whether the end of an incident may take it into a group or out of it."""
    asked = {one.field.name for one in questions(rule.covers)} | {one.name for one in rule.group_fields}
    asked |= {one.reference.name for one in questions(rule.covers) if one.reference}
    return not asked.isdisjoint(_CHANGE_AT_THE_END)


def _grouped(
    history: History, rule: CompiledRule, names: dict[str, int], found: list[GroupName], *, over: bool
) -> Iterator[tuple[int, int]]:
    """(row, group) of the rows that the rule covers and that have all values of its groups."""
    rows = covered(history, rule.covers, over=over)
    parts_of = [_Parts(history, one, over) for one in rule.group_fields]
    source = history.column("source", over=over)
    fields = dict.fromkeys(["source", *columns_of(rule.group_fields)])
    columns = [history.column(name, over=over).codes for name in fields]
    known: dict[tuple[int, ...], int] = {}
    for row in rows:
        values = tuple([codes[row] for codes in columns])
        group = known.get(values)
        if group is None:
            parts = [one.at(row) for one in parts_of]
            key = key_of(rule, source[row], parts)
            group = -1 if key is None else names.setdefault(key, len(names))
            if key is not None and group == len(found):
                found.append(GroupName(key, label_of(parts)))
            known[values] = group
        if group >= 0:
            yield row, group


class _Parts:
    """What a field of groups says in the rows of a history; made once for each combination of what it is made of."""

    def __init__(self, history: History, field: Field, over: bool) -> None:
        self._history, self._field, self._over = history, field, over
        self._names = columns_of([field])
        self._codes = [history.column(name, over=over).codes for name in self._names]
        self._known: dict[tuple[int, ...], str | None] = {}

    def at(self, row: int) -> str | None:
        """In one row; None where there is no value."""
        codes = tuple([codes[row] for codes in self._codes])
        if codes not in self._known:
            self._known[codes] = as_part(self._field.get(self._history.shown(row, self._names, over=self._over)))
        return self._known[codes]
