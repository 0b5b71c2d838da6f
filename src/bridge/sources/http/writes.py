"""Writes as the options describe them, each read back where there is a request to read by."""

from __future__ import annotations

from bridge.model.errors import NotApplied, NotPossible
from bridge.model.incident import Capability, Incident, State
from bridge.sources.build import clean, text_of
from bridge.sources.http.calls import NoteRequest, Request
from bridge.sources.http.client import HttpClient
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paths import compile_path
from bridge.sources.http.reading import IncidentReader
from bridge.sources.http_session import Answer

_CAPABILITIES = {
    "hold": Capability.HOLD,
    "private_note": Capability.PRIVATE_NOTE,
    "public_note": Capability.PUBLIC_NOTE,
    "resolve": Capability.RESOLVE,
    "assign": Capability.ASSIGN,
    "link": Capability.LINK,
    "change": Capability.CHANGE,
}
_REQUESTS = {
    State.ON_HOLD: "hold",
    State.IN_PROGRESS: "resume",
    State.RESOLVED: "resolve",
    State.CANCELLED: "cancel",
    State.CLOSED: "close",
}


class HttpWriter:
    """Writes for one source."""

    def __init__(self, name: str, options: HttpOptions, client: HttpClient, reader: IncidentReader) -> None:
        self._name = name
        self._writes = options.writes
        self._client = client
        self._reader = reader

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What there are requests for."""
        return frozenset(capability for name, capability in _CAPABILITIES.items() if getattr(self._writes, name))

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        """Changes the state unless it is that already. Raises NotApplied, NotPossible."""
        before = self._reader.incident(external_id)
        if before.state is state:
            return before
        name = _REQUESTS.get(state, str(state))
        if state is State.IN_PROGRESS and not before.state.is_open and self._writes.reopen is not None:
            name = "reopen"
        answer = self._client.call(self._request(external_id, name), {"id": external_id, "reason": clean(reason)})
        after = self._reader.incident(external_id)
        if after.state is not state:
            raise self._not_applied(external_id, f"is still {after.state}, not {state}.", answer)
        return after

    def assign(self, external_id: str, login: str) -> Incident:
        """Changes the person unless it is that one already. Raises NotApplied, NotPossible."""
        before = self._reader.incident(external_id)
        if before.person == login:
            return before
        if not login and self._writes.unassign is not None:
            answer = self._client.call(self._writes.unassign, {"id": external_id})
        else:
            answer = self._client.call(self._request(external_id, "assign"), {"id": external_id, "login": login})
        after = self._reader.incident(external_id)
        if after.person != login:
            what = f"still belongs to {after.person or 'nobody'}, not to {login or 'nobody'}."
            raise self._not_applied(external_id, what, answer)
        return after

    def add_link(self, external_id: str, url: str, title: str) -> None:
        """Adds a link unless it is there already. Raises NotApplied, NotPossible."""
        request = self._request(external_id, "link")
        if url in self._reader.links(external_id):
            return
        answer = self._client.call(request, {"id": external_id, "url": url, "title": clean(title)})
        if self._reader.has_links and url not in self._reader.links(external_id):
            raise self._not_applied(external_id, f"has no link to {url}.", answer)

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        """Adds a note and returns its id, "" where the system tells none. Raises NotApplied, NotPossible."""
        over = not private and self._writes.private_note and not self._reader.incident(external_id).state.is_open
        name = "private_note" if private or over else "public_note"
        request = self._request(external_id, name)
        text = clean(text)
        answer = self._client.call(request, {"id": external_id, "text": text})
        told = _told_id(request, answer)
        if not self._reader.has_notes:
            return told
        for note in reversed(self._reader.notes(external_id, "")):
            if note.remote_id == told or (not told and _bare(note.text) == _bare(text)):
                break
        else:
            raise self._not_applied(external_id, "does not have the new note.", answer)
        if _bare(note.text) != _bare(text):
            what = f"note {note.remote_id} has {len(note.text)} of {len(text)} characters, or others."
            raise self._not_applied(external_id, what, answer)
        if note.private is not (name == "private_note"):
            has, wants = ("private", "public") if note.private else ("public", "private")
            raise self._not_applied(external_id, f"note {note.remote_id} is {has} and should be {wants}.", answer)
        return note.remote_id

    def _request(self, external_id: str, name: str) -> Request:
        request: Request | None = getattr(self._writes, name, None)
        if request is None:
            there = ", ".join(one for one in type(self._writes).model_fields if getattr(self._writes, one)) or "none"
            what = f"there is no request `writes.{name}` in this source's options."
            raise NotPossible(f"{self._name} #{external_id}", what, f"There are: {there}.")
        return request

    def _not_applied(self, external_id: str, what: str, answer: Answer) -> NotApplied:
        said = f" The system answered HTTP {answer.status}: {answer.message()}"
        advice = "Look at the incident, and at the rights of the bridge's account."
        return NotApplied(f"{self._name} #{external_id}", what + said, advice)


def _told_id(request: Request, answer: Answer) -> str:
    if not isinstance(request, NoteRequest) or not request.id:
        return ""
    return text_of(compile_path(request.id)(answer.json()))


def _bare(text: str) -> str:
    return "".join(text.split())
