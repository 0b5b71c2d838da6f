"""What operations reports read: facts in columns, never incident by incident."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class FactSpan:
    """Which facts are read: those whose moment in `column` is in [since, until), and what was open at `at`.

    `column` is opened_at, resolved_reported or resolved_timeline; moments are microseconds since 1970 UTC.
    """

    column: str
    since: int
    until: int
    at: int


@dataclass(frozen=True, slots=True)
class DaySums:
    """A UTC day (days after 1970) of all sources: how many were opened and left the open states for good; per basis
    how many were resolved, and how long these took (microseconds).
    """

    day: int
    opened: int
    ended: int
    resolved_reported: int
    time_reported: int
    resolved_timeline: int
    time_timeline: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Some incidents whose facts were made anew: the last one's id, how many, and those whose stored facts differ."""

    last: int
    incidents: int
    wrong: tuple[int, ...]


class FactColumns(Protocol):
    """Facts for reports."""

    def rows(self, span: FactSpan | None, names: Sequence[str]) -> Iterator[Rows]:
        """Rows with some of bridge.kpi.columns.COLUMNS, or MARKS, in this order, in parts; None: of all incidents."""

    def holds(self, span: FactSpan | None) -> Iterator[tuple[int, int, int | None, str]]:
        """The intervals on hold: the incident, start, end (None while it lasts) and reason."""

    def excluded(self) -> list[int]:
        """The incidents with exclusions."""

    def rules(self) -> dict[int, str]:
        """The rule of the newest promotion that an incident belongs to."""

    def promotions(self, numbers: Collection[int]) -> Mapping[int, tuple[str, str, str]]:
        """The names, labels and rules of some promotions."""

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        """What people call some incidents: the source and the id there."""

    def is_stale(self) -> bool:
        """Whether facts from before an upgrade wait for a rebuild."""

    def days(self, since: int, until: int) -> list[DaySums]:
        """The sums of some UTC days (days after 1970), `until` excluded; days without anything are left out."""

    def open_before(self, day: int) -> int:
        """How many incidents were open when a UTC day began."""

    def compare(self, after_id: int, limit: int, *, mend: bool) -> Compared:
        """Makes the facts of some incidents anew from their timelines, in the order of ids; mends those that differ."""

    def compare_days(self, *, mend: bool) -> int:
        """How many sums per day differ from what the facts sum up to; mends them."""
