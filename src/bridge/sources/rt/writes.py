"""What the bridge writes to RT's tickets. RT answers 200 to what it does not do: callers read back."""

from __future__ import annotations

from typing import Any

from bridge.model.errors import NotPossible
from bridge.model.incident import State
from bridge.sources.build import clean
from bridge.sources.rt.client import RtClient, refused
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import NOBODY
from bridge.sources.tables import StateTable


class RtWriter:
    """Writes for one source; `set_state` and `assign` return RT's messages."""

    def __init__(self, name: str, options: RtOptions, client: RtClient) -> None:
        self._name = name
        self._client = client
        self._states = StateTable(options.states, options.write_states)
        reason = options.fields.hold_reason
        self._reason_field = reason[3:] if reason.startswith("CF.") else ""

    def word(self, state: State) -> str | None:
        """RT's word for a state, None when the table has none."""
        return self._states.word(state)

    def set_state(self, external_id: str, state: State, reason: str) -> tuple[str, ...]:
        """Asks for a status; the reason of a hold goes to its custom field where one is configured."""
        word = self.word(state)
        if word is None:
            what = f"RT has no status for {state} in this source's tables."
            raise NotPossible(f"{self._name} #{external_id}", what, "Add one to `states` or `write_states`.")
        change: dict[str, Any] = {"Status": word}
        if state is State.ON_HOLD and self._reason_field and reason:
            change["CustomFields"] = {self._reason_field: clean(reason)}
        return self._client.update(external_id, change)

    def assign(self, external_id: str, login: str) -> tuple[str, ...]:
        """Asks for an owner; "" is nobody."""
        return self._client.update(external_id, {"Owner": login or NOBODY})

    def possible_states(self, external_id: str) -> list[str]:
        """RT's words for the states that the life cycle offers now."""
        links = self._client.ticket(external_id).get("_hyperlinks") or ()
        return sorted({str(link["to"]) for link in links if link.get("ref") == "lifecycle"})

    def links(self, external_id: str) -> frozenset[str]:
        """External addresses that the ticket refers to."""
        links = self._client.ticket(external_id).get("_hyperlinks") or ()
        return frozenset(
            str(link["_url"]) for link in links if link.get("ref") == "refers-to" and link.get("type") == "external"
        )

    def add_link(self, external_id: str, url: str) -> None:
        """Adds an address and reads back; one that is there already stays. Raises NotApplied."""
        said = self._client.update(external_id, {"AddRefersTo": [url]})
        if url not in self.links(external_id):
            raise refused(f"{self._name} #{external_id}", f"does not refer to {url}.", said)

    def add_note(self, external_id: str, text: str, kind: str) -> str:
        """Adds a `comment` or `correspond`, reads it back and returns its transaction's id. Raises NotApplied."""
        text = clean(text)
        created = self._client.write(external_id, kind, text)
        stored = self._client.texts([created]).get(created, "")
        if _bare(stored) != _bare(text):
            what = f"transaction {created} has {len(stored)} of the note's {len(text)} characters."
            advice = "Grant the account ShowTicketComments, and look at RT's MaxAttachmentSize."
            raise refused(f"{self._name} #{external_id}", what, [advice])
        return created


def _bare(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
