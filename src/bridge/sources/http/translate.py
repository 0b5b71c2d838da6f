"""From JSON to incidents, their timelines and notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bridge.model.incident import EventKind, Incident, Note, Snapshot, State, TimelineEvent
from bridge.sources.build import Unknown, count_of, effort_of, level_of, state_of, tags_of, text_of, verdict_of
from bridge.sources.html_text import to_text
from bridge.sources.http.calls import NotesRequest
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paths import Pick, compile_path, names_of
from bridge.sources.tables import PriorityTable, StateTable
from bridge.sources.templates import fill_path
from bridge.sources.times import TimeCodec

_TIMES = frozenset({"opened_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at"})
_LEVELS = frozenset({"priority", "impact", "urgency"})
_VERDICTS = frozenset({"response_breached", "resolution_breached"})
_NUMBERS = frozenset({"reopen_count", "reassignment_count", "effort"}) | _VERDICTS
_SPECIAL = frozenset({"id", "state", "opened_at", "updated_at", "tags"})


class HttpTranslator:
    """Translates for one source. Raises ValueError for what has no place among incidents.

    All expressions are compiled once and plain names looked up directly: a backfill is mostly this.
    """

    def __init__(self, name: str, options: HttpOptions) -> None:
        self._name = name
        self._web_url = options.web_url
        self._unset = options.unset_times
        self._states = StateTable(options.states)
        self._codec = TimeCodec(options.times)
        paths = {field: path for field, path in options.fields if path}
        self._picks = {field: compile_path(path) for field, path in paths.items()}
        self._tables = {
            "priority": PriorityTable(options.priorities),
            "impact": PriorityTable(options.impacts),
            "urgency": PriorityTable(options.urgencies),
        }
        self._extra = [(field, compile_path(path)) for field, path in options.extra.items()]
        plain = {field: path for field, path in paths.items() if field not in _SPECIAL | _TIMES | _LEVELS | _NUMBERS}
        self._keys = [(field, names[0]) for field, path in plain.items() if len(names := names_of(path) or []) == 1]
        direct = {field for field, _ in self._keys}
        self._plain = self._of(lambda field: field in plain.keys() - direct)
        self._levels = self._of(lambda field: field in _LEVELS)
        self._times = self._of(lambda field: field in _TIMES - _SPECIAL)
        numbers = self._of(lambda field: field in _NUMBERS)
        self._numbers = [(field, pick, _number_reader(field, options)) for field, pick in numbers]
        self._only = compile_path(options.changes.only or "@")
        self._timeline = options.timeline
        if options.timeline is not None:
            line = options.timeline
            self._events = compile_path(line.items)
            self._event = [compile_path(path) for path in (line.id, line.at, line.field, line.value)]

    def identity(self, item: Any) -> str:
        """The id. Raises ValueError when there is none."""
        value = self._picks["id"](item)
        number = value if value.__class__ is str else text_of(value)
        if not number:
            message = "has no id"
            raise ValueError(message)
        if value.__class__ is float:  # beyond 64 bits: other ids would look the same
            message = f"the id {number} is no whole number of up to 64 bits, and no text"
            raise ValueError(message)
        return number

    def changed(self, item: Any) -> datetime:
        """When it changed last. Raises ValueError when that cannot be read."""
        return self._codec.read(self._picks["updated_at"](item))

    def wanted(self, item: Any) -> bool:
        """Whether the configured condition holds for it."""
        return bool(self._only(item))

    def incident(self, item: Any) -> Incident:
        """The incident that a JSON value is."""
        picks = self._picks
        number = self.identity(item)
        state = state_of(self._states, text_of(picks["state"](item)))
        values: dict[str, Any] = {field: text_of(pick(item)) for field, pick in self._plain}
        get = item.get if isinstance(item, dict) else _nothing
        for field, key in self._keys:
            value = get(key)
            values[field] = value if value.__class__ is str else text_of(value)
        unknown: Unknown = []
        for field, pick in self._levels:
            values[field] = level_of(self._tables[field], field, text_of(pick(item)), unknown)
        for field, pick in self._times:
            value = pick(item)
            if value and str(value) not in self._unset:
                values[field] = self._codec.read(value)
        for field, pick, read in self._numbers:
            values[field] = read(pick(item))
        if "hold_reason" in values and state is not State.ON_HOLD:
            del values["hold_reason"]
        if self._web_url:
            values["url"] = fill_path(self._web_url, {"id": number})
        if "tags" in picks:
            values["tags"] = tags_of(picks["tags"](item))
        if self._extra:
            values["fields"] = {field: text_of(pick(item)) for field, pick in self._extra}
        return Incident(
            source=self._name,
            external_id=number,
            summary=values.pop("summary", ""),
            state=state,
            opened_at=self._codec.read(picks["opened_at"](item)),
            updated_at=self._codec.read(picks["updated_at"](item)),
            unknown=tuple(unknown),
            **values,
        )

    def snapshot(self, item: Any, observed_at: datetime) -> Snapshot:
        """The incident with the history that it carries."""
        incident = self.incident(item)
        if self._timeline is None:
            return Snapshot(incident)
        found = []
        for entry in self._events(item) or ():
            number, at, field, value = (pick(entry) for pick in self._event)
            kind = self._timeline.kinds.get(text_of(field))
            told = self._event_value(kind, value) if kind is not None else None
            if kind is not None and told is not None:
                found.append(TimelineEvent(kind, told, self._codec.read(at), observed_at, text_of(number)))
        return Snapshot(incident, tuple(found))

    def _event_value(self, kind: EventKind, value: Any) -> str | None:
        text = text_of(value)
        if kind is EventKind.STATE:
            return self._states.get(text)
        if kind is EventKind.PRIORITY and text:
            level = self._tables["priority"].get(text)
            return None if level is None else str(level)
        if kind is EventKind.REPORTED_RESOLUTION and text:
            return self._codec.read(value).isoformat()
        return text

    def _of(self, belongs: Callable[[str], bool]) -> list[tuple[str, Pick]]:
        return [(field, pick) for field, pick in self._picks.items() if belongs(field)]


def _nothing(_key: str) -> None:
    """What a name finds where an item is a list, whose values have places and no names."""


def _number_reader(field: str, options: HttpOptions) -> Callable[[Any], Any]:
    """How a count, an effort or a verdict is read."""
    if field == "effort":
        return lambda value: effort_of(text_of(value), options.effort_unit)
    if field in _VERDICTS:
        return lambda value: verdict_of(text_of(value), options.broken)
    return lambda value: count_of(text_of(value))


class NoteReader:
    """Translates notes."""

    def __init__(self, request: NotesRequest, codec: TimeCodec) -> None:
        self._picks = [compile_path(getattr(request, one)) for one in ("id", "author", "created_at", "text", "private")]
        self._html = request.html
        self._codec = codec

    def note(self, item: Any) -> Note:
        """The note that a JSON value is. Raises ValueError when it has no readable time."""
        number, author, at, text, private = (pick(item) for pick in self._picks)
        words = text_of(text)
        return Note(
            text_of(number),
            text_of(author),
            self._codec.read(at),
            to_text(words) if self._html else words,
            _truth(private),
            words if self._html else "",
        )


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() not in {"", "0", "false", "no", "public"}
    return bool(value)
