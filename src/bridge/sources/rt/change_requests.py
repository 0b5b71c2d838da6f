"""Requests for change as tickets of a queue of their own, which refer to the incidents' tickets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.model.errors import BridgeError, NotFound, NotPossible, Problem, problem_of
from bridge.model.incident import ChangeRequest, ChangeSpec, ChangeState
from bridge.sources.build import clean
from bridge.sources.marks import ends_with
from bridge.sources.read_back import after_sending
from bridge.sources.rt.client import PAGE, Row, RtClient, refused
from bridge.sources.rt.options import RtChanges, RtOptions

_NUMBER = re.compile(r"\d+$")


class RtChangeRequests:
    """Requests for change of one source; everything raises NotPossible where the options name no queue."""

    def __init__(self, name: str, options: RtOptions, client: RtClient) -> None:
        self._name = name
        self._url = options.url
        self._options = options.changes
        self._client = client

    def open(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """Opens one, or takes the one with the marker where `unsure`, and lets it refer to the incidents.

        Raises NotApplied, NotPossible.
        """
        queue = self._changes().queue
        number = self._found(queue, spec.marker) if unsure else None
        if number is None:
            # A subject is one line; RT would cut a longer one without a word.
            subject = " ".join(clean(spec.title).split())[:200]
            body = {"Queue": queue, "Subject": subject, "Content": clean(spec.text), "ContentType": "text/plain"}
            number = self._client.create({**body, "RefersTo": list(spec.incidents)})
        with after_sending(self._where(number)):
            ticket = self._client.ticket(number)
            self._verify(number, ticket, spec)
            return self.translated(ticket)

    def read(self, change_id: str) -> ChangeRequest:
        """One by its number, whatever people write before that (`RFC 17`). Raises NotFound, NotPossible."""
        queue = self._changes().queue
        found = _NUMBER.search(change_id)
        rows, _ = self._client.tickets(f"Queue = '{_quoted(queue)}' AND id = {found[0] if found else 0}", _STATUS, 1)
        if not rows:
            raise NotFound(self._where(change_id), f"there is no such ticket in the queue {queue}.")
        return self.translated(rows[0])

    def check(self) -> Iterator[Problem]:
        """Problems of the queue: it is not there, or may not be written to."""
        if self._options is None:
            return
        where, queue = f"source {self._name}", self._options.queue
        try:
            refs = {str(link.get("ref")) for link in self._client.queue(queue).get("_hyperlinks") or ()}
        except BridgeError as error:
            yield problem_of(where, error, f"changes.queue: the account sees no queue “{queue}”: {error.what}")
            return
        if "create" not in refs:
            yield Problem(where, f"the account may not create tickets in the queue {queue}", "grant CreateTicket")

    def translated(self, ticket: Row) -> ChangeRequest:
        """A ticket as a request for change."""
        changes, number, status = self._changes(), str(ticket["id"]), str(ticket["Status"]).casefold()
        state = ChangeState.PENDING if changes.approved else ChangeState.UNKNOWN
        if status in changes.approved:
            state = ChangeState.APPROVED
        elif status in changes.rejected:
            state = ChangeState.REJECTED
        return ChangeRequest(number, f"{self._url}/Ticket/Display.html?id={number}", state)

    def _found(self, queue: str, marker: str) -> str | None:
        """The number of our ticket whose first message ends with the marker, the newest looked at first."""
        query = f"Queue = '{_quoted(queue)}' AND Creator = '__CurrentUser__'"
        below = ""
        while True:
            rows, _ = self._client.tickets(query + below, {**_STATUS, "order": "DESC"}, PAGE)
            if not rows:
                return None
            numbers = [str(row["id"]) for row in rows]
            created = {str(one["id"]): str(one["ObjectId"]) for one in self._client.transactions(numbers, _CREATE)}
            for transaction, text in self._client.texts(list(created)).items():
                if ends_with(text, marker):
                    return created[transaction]
            below = f" AND id < {numbers[-1]}"

    def _verify(self, number: str, ticket: Row, spec: ChangeSpec) -> None:
        created = [str(row["id"]) for row in self._client.transactions([number], _CREATE)]
        if not any(ends_with(text, spec.marker) for text in self._client.texts(created).values()):
            advice = "Look at RT's MaxAttachmentSize."
            raise refused(self._where(number), "its first message does not end with the bridge's line.", [advice])
        missing = [one for one in spec.incidents if one not in _referred(ticket)]
        if missing:
            said = self._client.update(number, {"AddRefersTo": missing})
            if still := set(missing) - _referred(self._client.ticket(number)):
                raise refused(self._where(number), f"does not refer to {', '.join(sorted(still))}.", said)

    def _changes(self) -> RtChanges:
        if self._options is None:
            raise NotPossible(self._name, "there is no `changes` in this source's options.", "Name the queue there.")
        return self._options

    def _where(self, number: str) -> str:
        return f"{self._name} request for change {number}"


_STATUS = {"fields": "Status"}
_CREATE = "Type = 'Create'"


def _referred(ticket: Row) -> set[str]:
    links = ticket.get("_hyperlinks") or ()
    return {str(link["id"]) for link in links if link.get("ref") == "refers-to" and link.get("type") == "ticket"}


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
