"""Tickets in bulk, and those that are no longer where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.model.errors import Forbidden, NotFound
from bridge.model.incident import MERGED_INTO, Poison
from bridge.ports import KnownIncidents
from bridge.sources.rt.client import Row, RtClient
from bridge.sources.rt.names import RtNames
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import UNSET, RtTranslator


class RtTickets:
    """Reads tickets, one request for up to a hundred."""

    def __init__(self, options: RtOptions, client: RtClient, names: RtNames, translator: RtTranslator) -> None:
        self._query = options.query
        self._size = options.page_size
        self._client = client
        self._names = names
        self._params = translator.params()
        self._wants_messages = translator.first_message

    def changed(self, ids: Sequence[str], known: KnownIncidents) -> tuple[dict[str, Row], tuple[Poison, ...]]:
        """Those of the tickets that the query finds or that are known; known ones that are gone come as poison."""
        found = self._client.tickets_by_id(ids, self._query, self._params)
        missing = [one for one in ids if one not in found]
        followed = [one for one in missing if one in known(missing)] if missing else []
        if followed:
            found |= self._client.tickets_by_id(followed, "", self._params)
        gone = []
        for one in followed:
            if one not in found:
                try:
                    found[one] = self._elsewhere(one)
                except (NotFound, Forbidden) as error:
                    gone.append(Poison(one, f"gone or no longer visible: {error.what}"))
        return found, tuple(gone)

    def opened(self, condition: str, after: int) -> tuple[dict[str, Row], int]:
        """The next tickets by id that the query and a condition hold for, and how many there are from here on."""
        query = f"({self._query}) AND {condition} AND id > {after}"
        items, total = self._client.tickets(query, self._params, self._size)
        return {str(item["id"]): item for item in items}, total

    def one(self, external_id: str) -> Row:
        """A ticket wherever it is. Raises NotFound, and Forbidden when the account may not see it."""
        if not external_id.isdecimal():
            raise NotFound(f"RT ticket “{external_id}”", "is not a ticket's number.")
        found = self._client.tickets_by_id([external_id], "", self._params)
        return found[external_id] if external_id in found else self._elsewhere(external_id)

    def first_messages(self, ids: Sequence[str]) -> dict[str, str]:
        """What tickets were opened with, where the options ask for it."""
        if not self._wants_messages or not ids:
            return {}
        created = {str(row["id"]): str(row["ObjectId"]) for row in self._client.transactions(ids, "Type = 'Create'")}
        return {created[one]: text for one, text in self._client.texts(list(created)).items()}

    def _elsewhere(self, external_id: str) -> Row:
        """A ticket that searches do not find: deleted, or merged into another, as which RT then answers."""
        ticket: dict[str, Any] = dict(self._client.ticket(external_id))
        ticket["Queue"] = {"Name": self._names.queue(str(ticket["Queue"]["id"]))}
        target = str(ticket["id"])
        if target != external_id:
            created = next(iter(self._client.transactions([external_id], "Type = 'Create'")), {})
            opened = created.get("Created") or ticket["Created"]
            ticket |= {"id": external_id, MERGED_INTO: target, "Created": opened, "Resolved": UNSET}
        return ticket
