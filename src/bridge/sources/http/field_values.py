"""Single values of incidents, set as the options describe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotApplied, NotPossible
from bridge.model.incident import Incident
from bridge.sources.build import clean, text_of
from bridge.sources.field_values import shown, shows
from bridge.sources.http.client import HttpClient
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import Pager
from bridge.sources.http.paths import compile_path
from bridge.sources.http.reading import IncidentReader
from bridge.sources.times import TimeCodec


class HttpFieldValues:
    """Implements bridge.ports.FieldValues for one source."""

    def __init__(self, name: str, options: HttpOptions, client: HttpClient, reader: IncidentReader) -> None:
        self._name = name
        self._writes = options.field_writes
        self._changes = options.field_changes
        self._client = client
        self._reader = reader
        self._codec = TimeCodec(options.times)
        self._words = {str(level): word for word, level in reversed(options.priorities.items())}

    def can_set(self, name: str) -> bool:
        """Whether there is a request for it."""
        return name in self._writes

    def set(self, external_id: str, name: str, value: str | datetime) -> Incident:
        """Writes unless it is there."""
        before = self._reader.incident(external_id)
        if shows(before, name, value):
            return before
        where = f"{self._name} #{external_id}"
        if name not in self._writes:
            what = f"there is no request `field_writes.{name}` in this source's options."
            raise NotPossible(where, what, f"There are: {', '.join(self._writes) or 'none'}.")
        answer = self._client.call(self._writes[name], {"id": external_id, "value": self._sent(name, value)})
        after = self._reader.incident(external_id)
        if not shows(after, name, value):
            what = f"{name} is still “{shown(after, name)}”, not “{value}”."
            said = f" The system answered HTTP {answer.status}: {answer.message()}"
            raise NotApplied(where, what + said, "Look at the incident, and at the rights of the bridge's account.")
        return after

    def changed_at(self, external_id: str, name: str) -> datetime | None:
        """By the system's list of changes, where the options name it; a value that never changed is as old as all."""
        if self._changes is None:
            return None
        called, field, at = self._changes.names.get(name, name), self._changes.field, self._changes.at
        when, which = compile_path(at), compile_path(field)
        items = list(Pager(self._client, self._changes).all({"id": external_id}))
        times = [self._codec.read(when(item)) for item in items if text_of(which(item)) == called]
        return max(times) if times else self._reader.incident(external_id).opened_at

    def clock(self) -> ClockOffset | None:
        """As the system's answers dated themselves."""
        return self._client.server_clock

    def _sent(self, name: str, value: str | datetime) -> Any:
        form = self._writes[name].format
        if isinstance(value, datetime):
            return self._codec.write(value) if form == "time" else value.date().isoformat()
        if name == "priority":
            value = self._words.get(value, value)
        if form == "number":
            return float(value) if "." in value else int(value) if value else None
        return clean(value)
