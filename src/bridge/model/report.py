"""A report as data: what it says, free of how it is shown. Renderers make pages, wiki text, pictures and CSV of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Tone(StrEnum):
    """How something is meant, for whoever skims."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere; `url` that is no web address is not made a link."""

    text: str
    url: str


Cell = str | int | float | date | datetime | Link | None
"""A value; a float is shown with one decimal, None as a dash, a datetime in UTC."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that is to be seen at a glance, and what it has to be read with."""

    label: str
    value: Cell
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Facts:
    """Figures side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `name` (a-z, 0-9 and -) is its file's as CSV. `empty` is said instead of no row."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A line: points in the order of their days. A `plan` is drawn thinner, for comparison."""

    name: str
    points: tuple[tuple[date, float], ...]
    plan: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over time; `name` as a table's. `today` is marked with a word."""

    name: str
    title: str
    unit: str
    series: tuple[Series, ...]
    today: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A group of bars for each label, one bar of it for each series."""

    name: str
    title: str
    unit: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class GanttRow:
    """A task from its first to its last day, as it stands now and as it was planned (None: it was not)."""

    label: str
    start: date
    due: date
    planned_start: date | None = None
    planned_due: date | None = None
    done: float = 0.0
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Gantt:
    """Tasks over time. `words` are what the legend calls: now, done, critical, planned."""

    name: str
    title: str
    rows: tuple[GanttRow, ...]
    words: tuple[str, str, str, str]
    today: tuple[date, str] | None = None


Chart = Lines | Bars | Gantt
Block = Text | Facts | Table | Lines | Bars | Gantt


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; `level` 2 is a part of the report, 3 a part of that."""

    heading: str
    blocks: tuple[Block, ...]
    level: int = 2


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `as_of` is the moment it speaks of, `lead` stands below the title."""

    title: str
    as_of: datetime
    language: str
    lead: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=())

    def charts(self) -> Iterator[Chart]:
        """Everything that is drawn."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Lines | Bars | Gantt):
                    yield block

    def tables(self) -> Iterator[Table]:
        """Everything that goes into a file of rows."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file that a wiki page shows; a file of the same name is taken for the same."""

    name: str
    content: bytes
    content_type: str
