"""From rows to incidents and their timelines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bridge.model.incident import EventKind, Incident, Snapshot, State, TimelineEvent
from bridge.sources.build import Unknown, count_of, effort_of, level_of, state_of, tags_of, text_of, verdict_of
from bridge.sources.file.options import FileOptions
from bridge.sources.tables import PriorityTable, StateTable
from bridge.sources.templates import fill_text, placeholders
from bridge.sources.times import TimeCodec

Row = Mapping[str, Any]

_TIMES = frozenset({"opened_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at"})
_LEVELS = frozenset({"priority", "impact", "urgency"})
_VERDICTS = frozenset({"response_breached", "resolution_breached"})
_NUMBERS = frozenset({"reopen_count", "reassignment_count", "effort"}) | _VERDICTS
_ALWAYS = frozenset({"id", "state", "opened_at", "updated_at"})
_OWN = "fields."
_ENDED = frozenset({State.RESOLVED, State.CLOSED})
_TOLD = {"priority": EventKind.PRIORITY, "team": EventKind.TEAM, "person": EventKind.PERSON}


@dataclasses.dataclass(slots=True)
class _Trail:
    """What the rows so far told: the last value of each column, and an event wherever one changed."""

    observed_at: datetime
    raw: dict[str, str] = dataclasses.field(default_factory=dict)
    told: dict[EventKind, str] = dataclasses.field(default_factory=dict)
    unknown: dict[tuple[str, str], None] = dataclasses.field(default_factory=dict)
    events: list[TimelineEvent] = dataclasses.field(default_factory=list)
    state: State | None = None

    def enter(self, state: State, at: datetime, mark: str) -> None:
        self.state = state
        self.tell(EventKind.STATE, state, at, mark)
        if state is not State.ON_HOLD:
            self.told.pop(EventKind.HOLD, None)  # the next hold has a reason of its own

    def tell(self, kind: EventKind, value: str, at: datetime, mark: str) -> None:
        if self.told.get(kind) != value:
            self.told[kind] = value
            self.events.append(TimelineEvent(kind, str(value), at, self.observed_at, mark))


class FileTranslator:
    """Translates for one source. Raises ValueError for what has no place among incidents."""

    def __init__(self, name: str, options: FileOptions) -> None:
        self._name = name
        self._missing = options.missing
        self._final = options.final
        self._columns = {field: column for field, column in options.columns if column}
        self._getters = {field: self._getter(column) for field, column in self._columns.items()}
        self._states = StateTable(options.states)
        self._codec = TimeCodec(options.times)
        self._tables = {
            "priority": PriorityTable(options.priorities),
            "impact": PriorityTable(options.impacts),
            "urgency": PriorityTable(options.urgencies),
        }
        self._kept = options.fields
        self._unit, self._broken = options.effort_unit, options.broken
        self._used = {*self._columns.values(), *placeholders(list(self._columns.values()))}
        self._readers = {field: self._reader(field) for field in self._columns if field not in _ALWAYS}
        self._told = [(field, kind, self._getters[field]) for field, kind in _TOLD.items() if field in self._columns]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that have to be there."""
        named = {column for column in self._used if "{" not in column}
        return frozenset(named | self._final | {one for one in self._kept if one != "*"})

    def identity(self, row: Row) -> str:
        """The id. Raises ValueError when there is none."""
        number = self._get(row, "id")
        if not number:
            message = f"has nothing in the column {self._columns['id']}"
            raise ValueError(message)
        return number

    def opened(self, row: Row) -> datetime:
        """When it was opened. Raises ValueError."""
        return self._codec.read(self._get(row, "opened_at"))

    def incident(self, row: Row, state: State | None = None, unknown: Sequence[tuple[str, str]] = ()) -> Incident:
        """The incident that a row is; `state` where the row's own is not known."""
        found: Unknown = list(unknown)
        state = state or state_of(self._states, self._get(row, "state"))
        values = {field: read(row, found) for field, read in self._readers.items()}
        if state is not State.ON_HOLD:
            values.pop("hold_reason", None)
        return Incident(
            source=self._name,
            external_id=self.identity(row),
            summary=values.pop("summary", ""),
            state=state,
            opened_at=self.opened(row),
            updated_at=self._codec.read(self._get(row, "updated_at")),
            fields=self._fields(row),
            unknown=tuple(found),
            **values,
        )

    def reader(self, field: str) -> Callable[[Row], Any]:
        """What rows tell of one field of the incident, None for a state that no table knows.

        A row needs no other columns than `columns_of` names. The function raises ValueError.
        """
        if field == "source":
            return lambda _: self._name
        if field == "state":
            return lambda row: self._states.get(self._get(row, "state"))
        if field.startswith(_OWN):
            own = field.removeprefix(_OWN)
            return lambda row: "" if (text := text_of(row.get(own))) in self._missing else text
        read = self._reader("id" if field == "external_id" else field)
        if field == "hold_reason":
            held = self.reader("state")
            return lambda row: read(row, []) if held(row) is State.ON_HOLD else ""
        return lambda row: read(row, [])

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns that a field of the incident is read from; none when nothing feeds it."""
        if field.startswith(_OWN):
            return (field.removeprefix(_OWN),)
        column = self._columns.get("id" if field == "external_id" else field, "")
        found = tuple(placeholders(column)) if "{" in column else (column,) * bool(column)
        return (*found, self._columns["state"]) if field == "hold_reason" and found else found

    def snapshot(self, rows: Sequence[tuple[Row, str]], observed_at: datetime) -> Snapshot:
        """The incident whose audit trail some rows with their ids are, oldest first, with its timeline.

        A row in a state that no table knows says nothing about the state.
        """
        trail = _Trail(observed_at)
        last = rows[-1][0]
        get_state = self._getters["state"]
        get_reason = self._getters.get("hold_reason")
        get_resolution = self._getters.get("resolved_at")
        late = self._columns.get("resolved_at") in self._final
        for row, mark in rows:
            at = self._codec.read(self._getters["updated_at"](row))
            if (text := get_state(row)) != trail.raw.get("state"):
                trail.raw["state"] = text
                if (state := self._states.get(text)) is None:
                    trail.unknown["state", text] = None
                else:
                    trail.enter(state, at, mark)
            if get_reason and self._states.get(text) is State.ON_HOLD:  # it may change while the state stays
                trail.tell(EventKind.HOLD, get_reason(row), at, mark)
            for field, kind, getter in self._told:
                if (text := getter(row)) != trail.raw.get(field, ""):
                    trail.raw[field] = text
                    if (value := self._value(kind, text)) is not None:
                        trail.tell(kind, value, at, mark)
            # a final value stands on rows that could not know it
            if get_resolution and (not late or trail.state in _ENDED or row is last):
                text = get_resolution(row)
                if text or EventKind.REPORTED_RESOLUTION in trail.told:  # what was told may be taken back
                    told = self._codec.read(text).isoformat() if text else ""
                    trail.tell(EventKind.REPORTED_RESOLUTION, told, at, mark)
        state = trail.state or state_of(self._states, trail.raw["state"])
        return Snapshot(self.incident(last, state, tuple(trail.unknown)), tuple(trail.events))

    def _value(self, kind: EventKind, text: str) -> str | None:
        if kind is not EventKind.PRIORITY or not text:
            return text
        level = self._tables["priority"].get(text)
        return None if level is None else str(level)

    def _fields(self, row: Row) -> dict[str, str]:
        names = [name for name in row if name not in self._used] if "*" in self._kept else self._kept
        return {name: "" if (text := text_of(row.get(name))) in self._missing else text for name in names}

    def _get(self, row: Row, field: str) -> str:
        getter = self._getters.get(field)
        return getter(row) if getter else ""

    def _reader(self, field: str) -> Callable[[Row, Unknown], Any]:
        """How a field is read; what no table covers is added to the given list."""
        get = self._getters[field]
        if field in _LEVELS:
            table = self._tables[field]
            return lambda row, unknown: level_of(table, field, get(row), unknown)
        if field in _TIMES:
            read = self._codec.read
            return lambda row, _: read(text) if (text := get(row)) else None
        if field in _NUMBERS:
            number = self._number(field)
            return lambda row, _: number(get(row))
        if field == "tags":
            column = self._columns[field]
            return lambda row, _: tags_of(row.get(column))
        return lambda row, _: get(row)

    def _number(self, field: str) -> Callable[[str], Any]:
        """How the text of a count, an effort or a verdict is read."""
        unit, broken = self._unit, self._broken
        if field == "effort":
            return lambda text: effort_of(text, unit)
        if field in _VERDICTS:
            return lambda text: verdict_of(text, broken)
        return count_of

    def _getter(self, column: str) -> Callable[[Row], str]:
        missing = self._missing
        if "{" in column:
            names = list(placeholders(column))

            def joined(row: Row) -> str:
                values = {name: "" if (text := text_of(row.get(name))) in missing else text for name in names}
                return fill_text(column, values)

            return joined

        def one(row: Row) -> str:
            value = row.get(column)
            text = value if value.__class__ is str else text_of(value)
            return "" if text in missing else text

        return one
