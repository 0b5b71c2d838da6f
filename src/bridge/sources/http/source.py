"""An incident system with a JSON interface as a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bridge.model.errors import Problem
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, State
from bridge.ports import Clock, KnownIncidents
from bridge.sources.http.change_requests import HttpChanges
from bridge.sources.http.check import check
from bridge.sources.http.client import HttpClient
from bridge.sources.http.extras import http_extras
from bridge.sources.http.feed import HttpFeed
from bridge.sources.http.field_values import HttpFieldValues
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.reading import IncidentReader
from bridge.sources.http.translate import HttpTranslator
from bridge.sources.http.writes import HttpWriter
from bridge.sources.marks import marked


class HttpSource:
    """Incidents as the options describe them."""

    OPTIONS = HttpOptions

    def __init__(self, name: str, options: HttpOptions, clock: Clock) -> None:
        self._name = name
        self._options = options
        self._clock = clock
        self._client = HttpClient(name, options, clock)
        self._translator = HttpTranslator(name, options)
        self._reader = IncidentReader(name, options, self._client, self._translator)
        self._feed = HttpFeed(name, options, self._client, self._translator, self._reader)
        self._writer = HttpWriter(name, options, self._client, self._reader)
        self._changes = HttpChanges(name, options, self._client)
        self.extras = http_extras(name, options, self._client)
        self.field_values = HttpFieldValues(name, options, self._client, self._reader)

    @property
    def name(self) -> str:
        """The configured name."""
        return self._name

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._client.requests

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What there are requests for."""
        timeline = {Capability.TIMELINE} if self._options.timeline else frozenset()
        return self._writer.capabilities | self.extras.capabilities | timeline

    def check(self) -> list[Problem]:
        """Problems of the connection and of what it answers; warnings for writes that cannot be read back."""
        return check(self._name, self._options, self._feed, self._translator, self._changes, self._clock.now())

    def start_cursor(self) -> str:
        """A cursor at the present moment."""
        return self._feed.start(self._clock.now())

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        """What changed. One request when nothing did."""
        return self._feed.changes(cursor, known, self._clock)

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        """What was opened in the time, in the order of the system's list."""
        return self._feed.history(since, until, resume, self._clock)

    def read(self, external_id: str) -> Incident:
        """The incident as it is now."""
        return self._reader.incident(external_id)

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:
        """Known incidents, one request each; whether the list has an unknown one only the list tells."""
        return self._feed.look(sorted(known(external_ids)), self._clock.now())

    def notes(self, external_id: str, after: str) -> Sequence[Note]:
        """The notes; none where there is no request for them."""
        return self._reader.notes(external_id, after)

    def links(self, external_id: str) -> frozenset[str]:
        """The links; none where there is no request for them."""
        return self._reader.links(external_id)

    def find_note(self, external_id: str, marker: str) -> str | None:
        """The oldest note that ends with the marker."""
        return marked(self.notes(external_id, ""), marker)

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        """A note; on an incident that is over a public one is written as a private one, for it might reopen it."""
        return self._writer.add_note(external_id, text, private=private)

    def add_link(self, external_id: str, url: str, title: str) -> None:
        """A link, unless it is there already."""
        self._writer.add_link(external_id, url, title)

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        """Changes the state."""
        return self._writer.set_state(external_id, state, reason)

    def assign(self, external_id: str, login: str) -> Incident:
        """Changes the person; "" is nobody."""
        return self._writer.assign(external_id, login)

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """A request for change."""
        return self._changes.open(spec, unsure=unsure)

    def read_change(self, change_id: str) -> ChangeRequest:
        """A request for change as it is now."""
        return self._changes.read(change_id)
