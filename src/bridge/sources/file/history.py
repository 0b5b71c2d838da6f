"""Files as a history in columns: only what is asked for is kept, and each distinct text is translated once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any

from bridge.model.errors import ConfigurationError, Problem, RemoteUnavailable
from bridge.model.incident import State
from bridge.rules.history import Column, History, nothing
from bridge.sources.file.options import FileFormat, FileOptions, RowsAre
from bridge.sources.file.records import Part, format_of, parts, records
from bridge.sources.file.translate import FileTranslator
from bridge.sources.file.unreadable import required

_TIMES = ("opened_at", "updated_at", "resolved_at", "closed_at")
_OVER = frozenset({State.RESOLVED, State.CLOSED})

Raw = tuple[Any, ...]
"""What a row has in the columns that are kept."""


@dataclass(slots=True)
class FileHistory:
    """Reads a source's files for a replay. `skipped` counts rows that are none, or have no id or readable time."""

    name: str
    options: FileOptions
    skipped: int = 0
    _columns: list[str] = field(default_factory=list)
    _needed: list[str] = field(default_factory=list)
    _named: int = 1
    """So many of the columns, the first ones, make the id."""

    def read(self, fields: Iterable[str], *, final: bool) -> History:
        """The incidents with these fields.

        With `final` each incident has one row, its last, known from when it was opened; it was open until its reported
        resolution. Otherwise an event log has a row for each change, known from then on, and a file of incidents (of
        several rows of one the last) what its rows tell of their end. Raises RemoteUnavailable when there is no such
        file, and ConfigurationError where one lacks a column without which none of its rows is readable.
        """
        translator = FileTranslator(self.name, self.options)
        log = self.options.rows is RowsAre.EVENT_LOG
        wanted = dict.fromkeys(["external_id", "state", *_TIMES, *fields])
        self._columns = list(dict.fromkeys(c for one in wanted for c in translator.columns_of(one)))
        self._named = len({*translator.columns_of("external_id")})
        when = required(final=final)
        # A value that is joined from several columns may do without one of them.
        each = [translator.columns_of(one) for one in ("state", *when)]
        self._needed = [columns[0] for columns in each if len(columns) == 1]
        columns = _Columns(translator, self._columns, list(self._rows(last_only=log and final)))
        self.skipped += columns.keep_readable(when)
        if final or not log:
            columns.keep_last()
        return columns.log(self.options.final) if log and not final else columns.table(final=final)

    def _rows(self, *, last_only: bool) -> Iterator[Raw]:
        try:
            found = parts(self.options.path)
            if not found:
                what = f"no file matches {self.options.path}."
                raise RemoteUnavailable(f"source {self.name}", what, "Correct the path.")
            for part in found:
                yield from self._part(part, last_only=last_only)
        except (OSError, ValueError) as error:
            raise RemoteUnavailable(f"source {self.name}", f"{self.options.path}: {error}.") from error

    def _part(self, part: Part, *, last_only: bool) -> Iterator[Raw]:
        if format_of(part, self.options) is not FileFormat.CSV:
            there: dict[str, None] = {}
            for record in records(part, self.options):
                if record.error:
                    self.skipped += 1
                else:
                    if not there.keys() >= set(self._needed):
                        there |= dict.fromkeys(record.values)
                    yield tuple(_hashable(record.values.get(column)) for column in self._columns)
            self._require(part, list(there))
            return
        with part.open() as stream:
            text = io.TextIOWrapper(stream, self.options.encoding, "replace", newline="")
            reader = csv.reader(text, delimiter=self.options.delimiter, strict=True)
            header = next(reader, [])
            self._require(part, header)
            places = [header.index(column) if column in header else len(header) for column in self._columns]
            pick = itemgetter(*places)  # there are several: the id and two times at least
            number = itemgetter(*[place for place in places[: self._named] if place < len(header)] or [0])
            yield from map(pick, self._lines(reader, len(header), number, last_only=last_only))

    def _require(self, part: Part, there: Sequence[str]) -> None:
        """Raises ConfigurationError, once for each column that this file lacks."""
        advice = f"there is: {', '.join(there) or 'nothing'}; correct the `columns` of source {self.name}, or the file"
        missing = [column for column in dict.fromkeys(self._needed) if column not in there]
        if missing:
            raise ConfigurationError([Problem(part.name, f"there is no column {one}", advice) for one in missing])

    def _lines(
        self, reader: Any, width: int, number: Callable[[list[str]], Any], *, last_only: bool
    ) -> Iterator[list[str]]:
        """Rows of the right width with an empty column at the end; of each incident's rows perhaps the last only."""
        before: list[str] = []
        while True:
            try:
                for row in reader:
                    if len(row) != width:
                        self.skipped += bool(row)
                        continue
                    if not last_only:
                        row.append("")
                        yield row
                        continue
                    if before and number(row) != number(before):
                        before.append("")
                        yield before
                    before = row
            except csv.Error:
                self.skipped += 1
                continue
            break
        if before:
            before.append("")
            yield before


@dataclass(slots=True)
class _Columns:
    """Rows by their columns; those of the source become those of an incident."""

    translator: FileTranslator
    names: Sequence[str]
    rows: list[Raw]
    raw: dict[str, Sequence[Any]] = field(default_factory=dict)
    _made: dict[str, Column] = field(default_factory=dict)

    def keep_readable(self, names: Sequence[str]) -> int:
        """Drops rows that have nothing readable in one of these fields; returns how many."""
        before = len(self.rows)
        self._turn()
        kept = [bytes(map(bool, self.column(name).every())) for name in names]
        if not all(map(all, kept)):
            self.rows = [row for row, *those in zip(self.rows, *kept, strict=True) if all(those)]
            self._turn()
        return before - len(self.rows)

    def keep_last(self) -> None:
        """Keeps the last row of each incident, in the place of its first."""
        last = dict(zip(self.column("external_id").every(), self.rows, strict=True))
        if len(last) < len(self.rows):
            self.rows = list(last.values())
            self._turn()

    def _turn(self) -> None:
        self._made.clear()
        self.raw = dict(zip(self.names, zip(*self.rows, strict=True), strict=True)) if self.rows else {}
        for name in self.names:
            self.raw.setdefault(name, ())

    def column(self, name: str, hidden: Callable[[str], Sequence[Any]] | None = None) -> Column:
        """The column of an incident's field; what cannot be read is nothing."""
        if hidden is None and name in self._made:
            return self._made[name]
        found = self._column(name, hidden)
        if hidden is None:
            self._made[name] = found
        return found

    def _column(self, name: str, hidden: Callable[[str], Sequence[Any]] | None) -> Column:
        columns = self.translator.columns_of(name)
        raw = [hidden(one) if hidden else self.raw[one] for one in columns if one in self.raw]
        if not raw:
            return Column.constant(
                self.translator.reader(name)({}) if name == "source" else nothing(name), len(self.rows)
            )

        reader = self.translator.reader(name)

        def read(value: Any) -> Any:
            values = (value,) if len(raw) == 1 else value
            row = {one: list(v) if isinstance(v, tuple) else v for one, v in zip(columns, values, strict=True)}
            try:
                return reader(row)
            except ValueError:
                return nothing(name)

        return Column.of(raw[0] if len(raw) == 1 else list(zip(*raw, strict=True)), read)

    def table(self, *, final: bool) -> History:
        """One row for each incident."""
        column = self.column

        def ends() -> Sequence[datetime | None]:
            resolved = column("resolved_at").every()
            if final:
                return resolved
            states = column("state").every()
            told = zip(resolved, column("closed_at").every(), column("updated_at").every(), states, strict=True)
            return [r or c or (None if state is None or state.is_open else u) for r, c, u, state in told]

        def read(name: str) -> Column:
            found = column(name)
            return found.mapped(lambda state: state or State.IN_PROGRESS) if name == "state" else found

        return History(column("opened_at").every(), read, ends=ends)

    def log(self, final: frozenset[str]) -> History:
        """A row for each change. What carries the last value on every row is known from the end of the incident on."""
        self._gather()
        ids = self.column("external_id").codes
        first = [row for row in range(len(ids)) if not row or ids[row] != ids[row - 1]]
        ends = [*first, len(ids)][1:]
        known, states = self.column("updated_at").every(), self.column("state").every()
        shown = bytearray(len(ids))
        for begin, end in zip(first, ends, strict=True):
            for row in range(begin, end):
                if row > begin:
                    known[row] = max(known[row], known[row - 1])
                    states[row] = states[row] or states[row - 1]
                states[row] = states[row] or State.IN_PROGRESS
                shown[row] = states[row] in _OVER or row == end - 1

        def hidden(column: str) -> Sequence[Any]:
            raw = self.raw[column]
            return [value if seen else "" for value, seen in zip(raw, shown, strict=True)] if column in final else raw

        def read(name: str) -> Column:
            return Column.of(states) if name == "state" else self.column(name, hidden)

        opened = self.column("opened_at")
        return History([opened[row] for row in first], read, first, known)

    def _gather(self) -> None:
        """Puts the rows of an incident together, where a file does not have them so."""
        ids = self.column("external_id").codes
        if any(later < sooner for sooner, later in pairwise(ids)):
            order = sorted(range(len(self.rows)), key=ids.__getitem__)
            self.rows = [self.rows[row] for row in order]
            self._turn()


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return value if isinstance(value, str | int | float | None) else str(value)
