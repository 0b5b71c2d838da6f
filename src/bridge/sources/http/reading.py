"""Reading one incident, its notes and its links."""

from __future__ import annotations

from typing import Any

from bridge.model.errors import MergedAway, NotFound, NotPossible
from bridge.model.incident import Incident, Note
from bridge.sources.build import text_of
from bridge.sources.http.client import HttpClient, understood
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import Pager
from bridge.sources.http.paths import compile_path
from bridge.sources.http.translate import HttpTranslator, NoteReader
from bridge.sources.times import TimeCodec


class IncidentReader:
    """Reads for one source."""

    def __init__(self, name: str, options: HttpOptions, client: HttpClient, translator: HttpTranslator) -> None:
        self._name = name
        self._client = client
        self._translator = translator
        self._read = options.read
        self._item = compile_path(options.read.item)
        if options.notes is not None:
            self._notes = Pager(client, options.notes)
            self._note_reader = NoteReader(options.notes, TimeCodec(options.times))
        if options.links is not None:
            self._links = Pager(client, options.links)
            self._url = compile_path(options.links.url)
        self.has_notes = options.notes is not None
        self.has_links = options.links is not None

    def raw(self, external_id: str) -> Any:
        """The incident as JSON. Raises NotFound."""
        answer = self._client.call(self._read, {"id": external_id})
        with understood(answer):
            value = self._item(answer.json())
        if not value:
            raise NotFound(f"{self._name} #{external_id}", "the answer has no incident.", "Is `read.item` right?")
        return value[0] if isinstance(value, list) else value

    def incident(self, external_id: str) -> Incident:
        """The incident. Raises NotFound, and NotPossible when it cannot be translated."""
        value = self.raw(external_id)
        try:
            incident = self._translator.incident(value)
        except (ValueError, TypeError, KeyError) as error:
            where = f"{self._name} #{external_id}"
            raise NotPossible(where, f"cannot be understood: {error}.", "Correct the source's options.") from error
        if incident.external_id != external_id:
            where = f"{self._name} #{external_id}"
            what = f"it was merged into {self._name} #{incident.external_id}, which is what is answered"
            raise MergedAway(where, what, "If it was not: is `read` right?", into=incident.external_id)
        return incident

    def notes(self, external_id: str, after: str) -> list[Note]:
        """The notes after one, oldest first; none where there is no request for them."""
        if not self.has_notes:
            return []
        try:
            notes = [self._note_reader.note(item) for item in self._notes.all({"id": external_id})]
        except (ValueError, TypeError) as error:
            where = f"{self._name} #{external_id}"
            raise NotPossible(where, f"its notes cannot be understood: {error}.", "Correct `notes`.") from error
        notes.sort(key=_age)
        if after.isdecimal() and all(note.remote_id.isdecimal() for note in notes):
            return [note for note in notes if int(note.remote_id) > int(after)]
        ids = [note.remote_id for note in notes]
        return notes[ids.index(after) + 1 :] if after in ids else notes

    def links(self, external_id: str) -> frozenset[str]:
        """The links; none where there is no request for them."""
        if not self.has_links:
            return frozenset()
        return frozenset(text_of(self._url(item)) for item in self._links.all({"id": external_id}))


def _age(note: Note) -> tuple[Any, int]:
    return note.created_at, int(note.remote_id) if note.remote_id.isdecimal() else 0
