"""Past incidents in columns: what a replay reads instead of incidents, many times faster.

A column holds each distinct value once and, for every row, which of them stands there. A row is an incident as its
source showed it for some time; columns are made when something first asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from itertools import accumulate
from typing import Any, TypeVar

from bridge.model.incident import Incident, State
from bridge.rules.fields import OWN_FIELD

FEW = 256
"""A column of no more distinct values than this keeps one byte per row."""
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Column:
    """`values` are distinct; `codes` says for each row which of them is there (bytes where there are few)."""

    values: Sequence[Any]
    codes: bytes | Sequence[int]

    def __getitem__(self, row: int) -> Any:
        return self.values[self.codes[row]]

    @classmethod
    def of(cls, raw: Sequence[V], translate: Callable[[V], Any] | None = None) -> Column:
        """The column of some values, each distinct one translated once."""
        index = {value: code for code, value in enumerate(dict.fromkeys(raw))}
        values = list(index) if translate is None else [translate(value) for value in index]
        codes = map(index.__getitem__, raw)
        return cls(values, bytes(codes) if len(index) <= FEW else list(codes))

    @classmethod
    def constant(cls, value: Any, rows: int) -> Column:
        """The same value in every row."""
        return cls([value], bytes(rows))

    def every(self) -> list[Any]:
        """The value of every row."""
        return list(map(self.values.__getitem__, self.codes))

    def mapped(self, change: Callable[[Any], Any]) -> Column:
        """The column with each distinct value changed."""
        return Column([change(value) for value in self.values], self.codes)


NOTHING: Mapping[str, Any] = {
    one.name: one.default if one.default is not MISSING else () for one in fields(Incident) if one.name != "fields"
} | {"summary": "", "external_id": "", "source": ""}
"""What a field holds where the source has no column for it."""

_ENDS = frozenset({"resolved_at", "closed_at"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A version of an incident: the row that shows it, whether it was over, and since when that was known."""

    row: int
    over: bool
    at: datetime


@dataclass(slots=True)
class History:
    """Incidents of the past, numbered from 0 in the order of the source.

    `opened` has one moment for each. Their rows stand together: those of incident i begin at `first[i]`, None when each
    has exactly one. `known` is since when a row was known, None: since the incident was opened. With `ends` (it makes
    one moment or None for each incident) a row shows the last values there were: until that moment the incident was
    open, and what its row says of its end was not known. `read` makes a column by the name of its field.
    """

    opened: Sequence[datetime]
    read: Callable[[str], Column]
    first: Sequence[int] | None = None
    known: Sequence[datetime] | None = None
    ends: Callable[[], Sequence[datetime | None]] | None = None
    _over_since: Sequence[datetime | None] | None = None
    _columns: dict[tuple[str, bool], Column] = field(default_factory=dict)
    _incident_of: Sequence[int] | None = None

    @property
    def incidents(self) -> int:
        """How many there are."""
        return len(self.opened)

    @property
    def rows(self) -> int:
        """How many rows the columns have."""
        return len(self.opened) if self.known is None else len(self.known)

    @property
    def over_since(self) -> Sequence[datetime | None]:
        """Since when each incident is over, None: it is not. Only for a history that `ends`."""
        if self._over_since is None:
            self._over_since = self.ends() if self.ends else [None] * self.incidents
        return self._over_since

    def column(self, name: str, *, over: bool = True) -> Column:
        """The column of a field; with `over=False` as it was while the incidents were still open."""
        found = self._columns.get((name, over))
        if found is None:
            if not over and self.ends is None:
                found = self.column(name)
            else:
                found = self.read(name) if over else self._before(name)
            self._columns[name, over] = found
        return found

    def _before(self, name: str) -> Column:
        if name == "updated_at":
            return Column(self.opened, range(self.rows))
        column = self.column(name)
        if name == "state":
            return column.mapped(lambda state: state if State(state).is_open else State.IN_PROGRESS)
        return Column.constant(None, self.rows) if name in _ENDS else column

    def incident_of(self, row: int) -> int:
        """Whose row it is."""
        if self.first is None:
            return row
        if self._incident_of is None:
            marks = bytearray(self.rows)
            for begin in self.first[1:]:
                marks[begin] = 1
            self._incident_of = list(accumulate(marks))
        return self._incident_of[row]

    def rows_of(self, incident: int) -> range:
        """The rows of an incident, oldest first."""
        if self.first is None:
            return range(incident, incident + 1)
        end = self.first[incident + 1] if incident + 1 < len(self.first) else self.rows
        return range(self.first[incident], end)

    def since(self, row: int) -> datetime:
        """Since when what stands in a row was known."""
        return self.opened[row] if self.known is None else self.known[row]

    def versions(self, incident: int) -> Iterable[Seen]:
        """What was known of an incident, oldest first."""
        for row in self.rows_of(incident):
            yield Seen(row, self.ends is None, self.since(row))
        if self.ends is not None and (end := self.over_since[incident]) is not None:
            yield Seen(incident, over=True, at=end)

    def shown(self, row: int, names: Iterable[str], *, over: bool = True) -> Incident:
        """The incident of a row, with these fields only."""
        values: dict[str, Any] = {"summary": "", "state": State.NEW}
        own: dict[str, str] = {}
        for name in names:
            value = self.column(name, over=over)[row]
            if name.startswith(OWN_FIELD):
                own[name.removeprefix(OWN_FIELD)] = value
            else:
                values[name] = value
        values.setdefault("source", "")
        values.setdefault("external_id", "")
        number = self.incident_of(row)
        values["opened_at"] = self.opened[number]
        values.setdefault("updated_at", values["opened_at"])
        return Incident(**values, fields=own)


def table(opened: Sequence[datetime], columns: Mapping[str, Sequence[Any]], **more: Any) -> History:
    """A history from columns in memory, by field; other fields have no value. `more` are a History's further parts."""

    def read(name: str) -> Column:
        if name == "opened_at" and name not in columns:
            return Column.of([history.opened[history.incident_of(row)] for row in range(history.rows)])
        return Column.of(columns[name]) if name in columns else Column.constant(nothing(name), history.rows)

    history = History(opened, read, **more)
    return history


def nothing(name: str) -> Any:
    """What an incident has in a field of which the source tells nothing."""
    return "" if name.startswith(OWN_FIELD) else NOTHING.get(name)
