"""Requests for change: opened as the options describe, read back, and found again by their marker."""

from __future__ import annotations

from typing import Any

from bridge.model.errors import NotApplied, NotFound, NotPossible
from bridge.model.incident import ChangeRequest, ChangeSpec, ChangeState
from bridge.sources.build import clean, text_of
from bridge.sources.http.client import HttpClient, understood
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import Pager
from bridge.sources.http.paths import compile_path
from bridge.sources.http_session import Answer
from bridge.sources.marks import ends_with
from bridge.sources.read_back import after_sending
from bridge.sources.templates import fill_path


class HttpChanges:
    """Requests for change of one source; everything raises NotPossible where the options do not describe them."""

    def __init__(self, name: str, options: HttpOptions, client: HttpClient) -> None:
        self._name = name
        self._client = client
        self._request = options.writes.change
        self._options = told = options.change_requests
        if told is not None:
            self._pager = Pager(client, told.find)
            self._item = compile_path(told.read.item)
            self._pick = {
                "id": compile_path(told.id),
                "text": compile_path(told.text),
                "state": compile_path(told.state),
                "url": compile_path(told.url),
                "private": compile_path(told.private),
                "incidents": compile_path(told.incidents),
            }

    def open(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """Opens one, or takes the one with the marker where `unsure`. Raises NotApplied, NotPossible."""
        if self._request is None:
            raise NotPossible(self._name, "there is no request `writes.change` in this source's options.")
        if unsure and (known := self._found(spec.marker)) is not None:
            return self._verified(known, spec, None)
        values = {"title": clean(spec.title), "text": clean(spec.text), "marker": spec.marker}
        answer = self._client.call(self._request, {**values, "incidents": list(spec.incidents)})
        with after_sending(self._where(spec.title)):
            number = text_of(compile_path(self._request.id)(answer.json()))
            if not number:
                raise self._not_applied(spec.title, f"the answer has no number at “{self._request.id}”.", answer)
            return self._verified(number, spec, answer)

    def read(self, change_id: str) -> ChangeRequest:
        """One by its number. Raises NotFound, NotPossible."""
        return self._translated(change_id, self._raw(change_id))

    def probe(self) -> None:
        """Looks for a marker that nothing has. Raises BridgeError where the answer is not as described."""
        self._pager.page({"marker": "[bridge · check]"})

    def _found(self, marker: str) -> str | None:
        """The number of the one whose text ends with the marker: searches are not to be trusted with more."""
        numbers = [text_of(self._pick["id"](item)) for item in self._pager.all({"marker": marker})]
        texts = ((number, text_of(self._pick["text"](self._raw(number)))) for number in numbers if number)
        return next((number for number, text in texts if ends_with(text, marker)), None)

    def _verified(self, number: str, spec: ChangeSpec, answer: Answer | None) -> ChangeRequest:
        """Raises NotApplied for what is not as it was asked for."""
        value = self._raw(number)
        if not ends_with(text_of(self._pick["text"](value)), spec.marker):
            raise self._not_applied(number, "its text does not end with the bridge's line.", answer)
        if self._options and self._options.private and not self._pick["private"](value):
            raise self._not_applied(number, "it is public and should be private.", answer)
        if self._options and self._options.incidents:
            there = self._pick["incidents"](value)
            named = {text_of(one) for one in there} if isinstance(there, list) else set()
            if missing := [one for one in spec.incidents if one not in named]:
                raise self._not_applied(number, f"it does not name the incidents {', '.join(missing)}.", answer)
        return self._translated(number, value)

    def _raw(self, number: str) -> Any:
        if self._options is None:
            raise NotPossible(self._name, "there is no `change_requests` in this source's options.")
        answer = self._client.call(self._options.read, {"id": number})
        with understood(answer):
            value = self._item(answer.json())
        if not value:
            what = "the answer has no request for change."
            raise NotFound(self._where(number), what, "Is `change_requests.read.item` right?")
        return value[0] if isinstance(value, list) else value

    def _translated(self, number: str, value: Any) -> ChangeRequest:
        options = self._options
        assert options is not None, "nothing is read without them"
        address = fill_path(options.web_url, {"id": number}) if options.web_url else text_of(self._pick["url"](value))
        word = text_of(self._pick["state"](value)).strip().casefold()
        state = ChangeState.PENDING if options.approved else ChangeState.UNKNOWN
        if word in options.approved:
            state = ChangeState.APPROVED
        elif word in options.rejected:
            state = ChangeState.REJECTED
        return ChangeRequest(text_of(self._pick["id"](value)) or number, address, state)

    def _not_applied(self, number: str, what: str, answer: Answer | None) -> NotApplied:
        said = f" The system answered HTTP {answer.status}: {answer.message()}" if answer else ""
        return NotApplied(self._where(number), what + said, "Look at it, and at the rights of the bridge's account.")

    def _where(self, number: str) -> str:
        return f"{self._name} request for change {number}"
